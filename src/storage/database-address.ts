// What a DATABASE_URL names: the path of an SQLite file, or a PostgreSQL database as it may be shown; and why it cannot be used.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Text, UserError } from "../core/text.ts";

/** The file of `file:…`; null for a PostgreSQL address. Throws a UserError for anything else. */
export function sqlitePath(url: string): string | null {
  if (url.startsWith("file:")) return resolve(url.slice("file:".length).replace(/^\/\/(?=\/)/, ""));
  if (/^postgres(ql)?:\/\//.test(url)) return null;
  const scheme = /^[a-z0-9+.-]{1,20}:/i.exec(url)?.[0] ?? "something else";
  throw new UserError({
    en: `DATABASE_URL must start with "file:" (SQLite) or "postgresql://", got ${scheme}.`,
    "zh-TW": `DATABASE_URL 必須以「file:」（SQLite）或「postgresql://」開頭，目前是 ${scheme}。`,
  });
}

/** `host:5432/name`, without user and password. Throws a UserError for an address that cannot be read. */
export function postgresPlace(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.searchParams.get("schema") ?? "public") !== "public")
    throw new UserError({
      en: "DATABASE_URL must look like postgresql://user:password@host:5432/database, without another schema than public.",
      "zh-TW": "DATABASE_URL 的格式應為 postgresql://user:password@host:5432/database，且不可指定 public 以外的 schema。",
    });
  return `${parsed.host}${parsed.pathname}`;
}

/** The database as people may see it: a path, or host and name. */
export function shownAddress(url: string): string {
  return sqlitePath(url) ?? postgresPlace(url);
}

/** Throws a UserError when the address names an SQLite file that does not exist. */
export function refuseMissing(url: string): void {
  const path = sqlitePath(url);
  if (path === null || existsSync(path)) return;
  throw new UserError(
    { en: `There is no database at ${path}; check DATABASE_URL.`, "zh-TW": `${path} 沒有資料庫；請檢查 DATABASE_URL。` },
    "database",
  );
}

/** Runs work on the database of an address; whatever it throws becomes a UserError that names the database and the reason. */
export async function explaining<T>(url: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const message = error instanceof Error ? error.message : String(error);
    throw new UserError(unusable(url, [code, message].filter((part) => part !== "").join(": ")), "database");
  }
}

function unusable(url: string, why: string): Text {
  const place = shownAddress(url);
  if (sqlitePath(url) === null)
    return {
      en: `The PostgreSQL database at ${place} of DATABASE_URL cannot be used (${why}); start it, or correct its address, user or password.`,
      "zh-TW": `無法使用 DATABASE_URL 的 PostgreSQL 資料庫 ${place}（${why}）；請啟動它，或更正位址、使用者或密碼。`,
    };
  return {
    en: `The database file ${place} of DATABASE_URL cannot be opened (${why}); check its folder and its rights, or restore it from a backup.`,
    "zh-TW": `無法開啟 DATABASE_URL 的資料庫檔案 ${place}（${why}）；請檢查所在資料夾與權限，或從備份還原。`,
  };
}
