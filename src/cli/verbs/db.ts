// `botswain db migrate|backup|restore|check`: care for the database.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../core/text.ts";
import { refuseMissing } from "../../storage/database-address.ts";
import { prepareDataFolder } from "../data-folder.ts";
import { inWords, print } from "../language.ts";
import { createProgressBar } from "../progress-bar.ts";
import { loadSettings } from "../settings.ts";
import { answer, withJson } from "./answer.ts";
import { addRestore } from "./db-restore.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface JsonFlag {
  readonly json?: boolean;
}

export function addDb(program: Command): void {
  const db = addVerb(
    program,
    "db",
    { en: "Care for the database: migrate, back up, restore, check.", "zh-TW": "維護資料庫：遷移、備份、還原、檢查。" },
    "db backup ~/botswain.jsonl.gz",
  );
  addMigrate(db);
  addBackup(db);
  addRestore(db);
  addCheck(db);
}

function addMigrate(db: Command): void {
  const verb = addVerb(
    db,
    "migrate",
    {
      en: "Bring the database's tables up to this version; every start does so too.",
      "zh-TW": "將資料庫的資料表更新到此版本；每次啟動也會進行。",
    },
    "db migrate --json",
  );
  withJson(withDataFolder(verb)).action(async ({ json }: JsonFlag) => {
    const { migrateDatabase } = await import("../../storage/database.ts");
    await answer(
      json,
      async () => {
        const { databaseUrl, dataFolder } = loadSettings();
        if (databaseUrl === dataFolder.databaseUrl) prepareDataFolder(dataFolder);
        return { ok: true, ...(await migrateDatabase(databaseUrl)) };
      },
      ({ provider, from, to, applied }) => {
        const start = from ?? "-";
        if (applied.length === 0) print({ en: `${provider}: up to date (${to})`, "zh-TW": `${provider}：已是最新（${to}）` });
        else
          print({
            en: `${provider}: migrated from ${start} to ${to} (${applied.length} applied)`,
            "zh-TW": `${provider}：已由 ${start} 遷移到 ${to}（套用 ${applied.length} 項）`,
          });
      },
    );
  });
}

function addBackup(db: Command): void {
  const verb = addVerb(
    db,
    "backup",
    {
      en: "Write the whole database to one file, while bots go on. Credentials in it stay sealed; keep the key file apart.",
      "zh-TW": "將整個資料庫寫入單一檔案，機器人可繼續運作。其中的憑證維持加密；請另外保管金鑰檔。",
    },
    "db backup ~/botswain-2026-11-20.jsonl.gz",
  );
  withJson(withDataFolder(verb))
    .argument("<file>", inWords({ en: "file to write", "zh-TW": "要寫入的檔案" }))
    .option("--replace", inWords({ en: "replace a file of that name", "zh-TW": "取代同名檔案" }))
    .action(async (name: string, { json, replace }: JsonFlag & { readonly replace?: boolean }) => {
      const { backUp } = await import("../../storage/backup/backup.ts");
      const { countRows } = await import("../../storage/backup/target.ts");
      await answer(
        json,
        async () => {
          const file = resolve(name);
          if (existsSync(file) && !replace)
            throw new UserError({
              en: `${file} exists already; name another file, or add --replace.`,
              "zh-TW": `${file} 已存在；請改用其他檔名，或加上 --replace。`,
            });
          const { databaseUrl } = loadSettings();
          refuseMissing(databaseUrl);
          const bar = createProgressBar(process.stderr, await countRows(databaseUrl), () => performance.now());
          try {
            return { ok: true, ...(await backUp(databaseUrl, file, Date.now(), (done) => bar.show(done, "backup"))) };
          } finally {
            bar.end();
          }
        },
        ({ file, rows, tables, schema }) =>
          print({
            en: `${file}: ${rows} rows of ${tables} tables, schema ${schema}`,
            "zh-TW": `${file}：${tables} 個資料表共 ${rows} 筆，結構版本 ${schema}`,
          }),
      );
    });
}

function addCheck(db: Command): void {
  const verb = addVerb(
    db,
    "check",
    {
      en: "Look the whole database over: readable rows, keys, gaps, lost rows, the audit's chain.",
      "zh-TW": "檢查整個資料庫：資料可讀性、鍵值、缺漏、遺失的資料、稽核雜湊鏈。",
    },
    "db check --json",
  );
  withJson(withDataFolder(verb)).action(async ({ json }: JsonFlag) => {
    const { checkDatabase } = await import("../../storage/check.ts");
    const { openExisting } = await import("../../storage/database.ts");
    await answer(
      json,
      async () => {
        const { databaseUrl } = loadSettings();
        const database = await openExisting(databaseUrl);
        try {
          const findings = await checkDatabase(databaseUrl, database);
          return { ok: findings.every(({ ok }) => ok), provider: database.provider, findings };
        } finally {
          await database.close();
        }
      },
      ({ findings }) => {
        for (const { ok, detail } of findings) print(`${ok ? "ok  " : "BAD "} ${inWords(detail)}`);
      },
    );
  });
}
