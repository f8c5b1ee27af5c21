// The file of a backup: gzipped lines of JSON, first what it is, then each table's rows, last the proof that nothing is missing.

import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { pipeline as pipe, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";
import { createGunzip, createGzip } from "node:zlib";
import { z } from "zod";
import { UserError } from "../../core/text.ts";
import { type Column, fits, type Row, type TableShape } from "./table-shape.ts";

const FORMAT = "botswain-backup";
const VERSION = 1;
/** Lines are handed to the compressor in pieces of this many characters. */
const PIECE_CHARACTERS = 64 * 1_024;
const LINE_CHARACTERS_MAX = 256 * 1_024 * 1_024;

const columnSchema = z.object({ name: z.string(), type: z.enum(["text", "integer", "bigint", "boolean"]) });

const headSchema = z.object({
  format: z.literal(FORMAT),
  version: z.number(),
  /** ISO 8601, UTC. */
  createdAt: z.string(),
  provider: z.enum(["sqlite", "postgresql"]),
  migrations: z.array(z.string()),
  tables: z.array(z.object({ name: z.string(), columns: z.array(columnSchema), parents: z.array(z.string()) })),
  counters: z.array(z.object({ table: z.string(), column: z.string(), last: z.string() })),
});

const endSchema = z.object({ end: z.literal(true), tables: z.record(z.string(), z.object({ rows: z.number(), sha256: z.string() })) });

export type BackupHead = z.output<typeof headSchema>;
/** Rows and sha256 of every table; the head counts as the table named "". */
export type BackupProof = z.output<typeof endSchema>["tables"];

export function headOf(parts: Omit<BackupHead, "format" | "version">): BackupHead {
  return { format: FORMAT, version: VERSION, ...parts };
}

/** Counts and hashes lines per table. */
class Proof {
  readonly #tables = new Map<string, { rows: number; readonly hash: Hash }>();

  /** False when this table had its turn already. */
  begin(table: string): boolean {
    if (this.#tables.has(table)) return false;
    this.#tables.set(table, { rows: 0, hash: createHash("sha256") });
    return true;
  }

  add(table: string, line: string): void {
    this.begin(table);
    const known = this.#tables.get(table);
    if (known === undefined) return;
    known.rows += 1;
    known.hash.update(line).update("\n");
  }

  /** To be asked once, at the end. */
  result(): BackupProof {
    return Object.fromEntries([...this.#tables].map(([name, { rows, hash }]) => [name, { rows, sha256: hash.digest("hex") }]));
  }
}

/**
 * Writes a backup for its owner's eyes only. It appears under its name when it is whole and on the disk; a file of that name is
 * replaced. `onRow` hears how many rows are written.
 */
export async function writeBackupFile(
  path: string,
  head: BackupHead,
  rowsOf: (table: TableShape) => AsyncIterable<Row>,
  onRow: (count: number) => void,
): Promise<BackupProof> {
  const draft = `${path}.${process.pid}.part`;
  let proof: BackupProof = {};
  const lines = linesOf(head, rowsOf, onRow, (result) => {
    proof = result;
  });
  try {
    const file = createWriteStream(draft, { mode: 0o600, flags: "wx" });
    await pipeline(Readable.from(pieces(lines)), createGzip({ level: 6 }), file);
    const handle = await open(draft, "r+");
    await handle.sync();
    await handle.close();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return proof;
}

async function* linesOf(
  head: BackupHead,
  rowsOf: (table: TableShape) => AsyncIterable<Row>,
  onRow: (count: number) => void,
  onEnd: (proof: BackupProof) => void,
): AsyncIterable<string> {
  const counted = new Proof();
  const first = JSON.stringify(head);
  counted.add("", first);
  yield first;
  let count = 0;
  for (const table of head.tables) {
    counted.begin(table.name);
    yield JSON.stringify({ table: table.name });
    for await (const row of rowsOf(table)) {
      const line = JSON.stringify(row);
      counted.add(table.name, line);
      yield line;
      count += 1;
      onRow(count);
    }
  }
  const proof = counted.result();
  yield JSON.stringify({ end: true, tables: proof });
  onEnd(proof);
}

async function* pieces(lines: AsyncIterable<string>): AsyncIterable<string> {
  let piece = "";
  for await (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

export interface BackupVisitor {
  /** What the file says it is; a throw ends the reading. */
  head?(head: BackupHead): void | Promise<void>;
  /** Each row, of one table after the other; what it returns is waited for. */
  row?(table: TableShape, row: Row): void | Promise<void>;
}

/**
 * Reads a whole backup and proves it: every line, every count, every hash. Throws a UserError that says what is wrong with a file
 * that is none, was cut off or was changed; rows visited before that must not be kept.
 */
export async function readBackupFile(path: string, visitor: BackupVisitor): Promise<{ head: BackupHead; rows: number }> {
  const counted = new Proof();
  let head: BackupHead | null = null;
  let table: TableShape | null = null;
  let end: BackupProof | null = null;
  let number = 0;
  for await (const line of linesIn(path)) {
    number += 1;
    if (head === null) {
      head = parseHead(path, line);
      counted.add("", line);
      await visitor.head?.(head);
      continue;
    }
    if (end !== null) throw damaged(path, number);
    const value = parsed(path, number, line);
    if (Array.isArray(value)) {
      if (table === null || !isRowOf(table, value)) throw damaged(path, number);
      counted.add(table.name, line);
      await visitor.row?.(table, value);
      continue;
    }
    const ending = endSchema.safeParse(value);
    if (ending.success) {
      end = ending.data.tables;
      continue;
    }
    const name = z.object({ table: z.string() }).safeParse(value).data?.table;
    table = head.tables.find((known) => known.name === name) ?? null;
    if (table === null || !counted.begin(table.name)) throw damaged(path, number);
  }
  if (head === null || end === null) throw damaged(path, number);
  const found = counted.result();
  for (const name of new Set([...Object.keys(found), ...Object.keys(end)]))
    if (found[name]?.sha256 !== end[name]?.sha256 || found[name]?.rows !== end[name]?.rows) throw changed(path, name);
  return { head, rows: Object.entries(found).reduce((sum, [name, { rows }]) => sum + (name === "" ? 0 : rows), 0) };
}

async function* linesIn(path: string): AsyncIterable<string> {
  const stream = pipe(createReadStream(path), createGunzip(), () => {});
  const decoder = new StringDecoder("utf8");
  let rest = "";
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_CHARACTERS_MAX) throw notABackup(path);
      yield* lines;
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code.startsWith("Z_") || code === "ERR_STREAM_PREMATURE_CLOSE") throw code === "Z_DATA_ERROR" ? notABackup(path) : cutOff(path);
    throw unreadable(path, error);
  }
  if (rest !== "") yield rest;
}

function parseHead(path: string, line: string): BackupHead {
  const head = headSchema.safeParse(tryParse(line));
  if (!head.success) throw notABackup(path);
  if (head.data.version !== VERSION)
    throw new UserError({
      en: `${path} was written in version ${head.data.version} of the backup format, and this program reads version ${VERSION}; use the Botswain that wrote it.`,
      "zh-TW": `${path} 的備份格式為第 ${head.data.version} 版，本程式讀取第 ${VERSION} 版；請使用寫出它的 Botswain。`,
    });
  return head.data;
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function parsed(path: string, number: number, line: string): unknown {
  const value = tryParse(line);
  if (value === undefined) throw damaged(path, number);
  return value;
}

function isRowOf(table: TableShape, value: readonly unknown[]): value is Row {
  return value.length === table.columns.length && table.columns.every((column: Column, index) => fits(value[index], column.type));
}

function notABackup(path: string): UserError {
  return new UserError({
    en: `${path} is no backup of Botswain; name a file that \`botswain db backup\` wrote.`,
    "zh-TW": `${path} 不是 Botswain 的備份檔；請指定由 botswain db backup 寫出的檔案。`,
  });
}

function cutOff(path: string): UserError {
  return new UserError({
    en: `${path} ends too early: it was cut off, so nothing of it is used; take another backup.`,
    "zh-TW": `${path} 提早結束：檔案已被截斷，因此完全不採用；請改用其他備份。`,
  });
}

function damaged(path: string, line: number): UserError {
  return new UserError({
    en: `${path} is damaged at line ${line}, so nothing of it is used; take another backup.`,
    "zh-TW": `${path} 第 ${line} 行已損毀，因此完全不採用；請改用其他備份。`,
  });
}

function changed(path: string, table: string): UserError {
  const what = table === "" ? { en: "its first line", "zh-TW": "第一行" } : { en: `table ${table}`, "zh-TW": `資料表 ${table}` };
  return new UserError({
    en: `${path} was changed after it was written (${what.en} does not have its checksum), so nothing of it is used; take another backup.`,
    "zh-TW": `${path} 在寫出之後被更動過（${what["zh-TW"]}的檢查碼不符），因此完全不採用；請改用其他備份。`,
  });
}

function unreadable(path: string, error: unknown): UserError {
  const why = error instanceof Error ? error.message : String(error);
  return new UserError({ en: `${path} cannot be read (${why}).`, "zh-TW": `無法讀取 ${path}（${why}）。` });
}
