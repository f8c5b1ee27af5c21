// Backups of a whole database in one portable file, and restoring one into an SQLite file or a PostgreSQL database.

import { existsSync } from "node:fs";
import { UserError } from "../../core/text.ts";
import { shownAddress } from "../database-address.ts";
import { migrationsFolder, readMigrations } from "../migrate.ts";
import { type BackupHead, headOf, readBackupFile, writeBackupFile } from "./backup-file.ts";
import { openSource } from "./source.ts";
import type { Row, TableShape } from "./table-shape.ts";
import type { RestoreTarget } from "./target.ts";
import { openTarget } from "./target.ts";

/** Rows of one statement; the widest table has 25 columns, and PostgreSQL takes 65 535 values. */
const ROWS_PER_INSERT = 500;

export interface BackupReport {
  readonly file: string;
  /** `tables` counts tables, `rows` the rows of all. */
  readonly tables: number;
  readonly rows: number;
  /** Newest migration of the database that was backed up. */
  readonly schema: string;
  readonly createdAt: string;
}

export interface RestoreReport extends BackupReport {
  readonly into: string;
  /** The backup came from this kind of database. */
  readonly from: "sqlite" | "postgresql";
  /** Where the SQLite file that was there before is kept. */
  readonly keptAs: string | null;
}

export type Progress = (rows: number) => void;

/**
 * Writes the database of an address to a file, as it is at one moment; bots may go on meanwhile. `now` is epoch ms. Throws a
 * UserError when there is no database, or one that holds nothing.
 */
export async function backUp(url: string, file: string, now: number, onProgress: Progress = () => {}): Promise<BackupReport> {
  const source = await openSource(url);
  try {
    const { provider, migrations, tables, counters } = source;
    const schema = migrations.at(-1);
    if (schema === undefined)
      throw new UserError({
        en: `${shownAddress(url)} holds no tables of Botswain, so there is nothing to back up.`,
        "zh-TW": `${shownAddress(url)} 中沒有 Botswain 的資料表，沒有可備份的內容。`,
      });
    refuseNewer(shownAddress(url), migrations);
    const createdAt = new Date(now).toISOString();
    const head = headOf({
      ...{ createdAt, provider, migrations: [...migrations], counters: [...counters] },
      tables: tables.map((table) => ({ ...table, columns: [...table.columns], parents: [...table.parents] })),
    });
    const proof = await writeBackupFile(file, head, source.rows, onProgress);
    const rows = tables.reduce((sum, { name }) => sum + (proof[name]?.rows ?? 0), 0);
    return { file, tables: tables.length, rows, schema, createdAt };
  } finally {
    await source.close();
  }
}

/** Reads a backup to its end and proves it, touching nothing. Throws a UserError that says what is wrong with it. */
export async function verifyBackup(file: string): Promise<BackupReport & { readonly from: "sqlite" | "postgresql" }> {
  refuseMissing(file);
  const { head, rows } = await readBackupFile(file, { head: ({ migrations }) => refuseNewer(file, migrations) });
  const { createdAt, provider, tables, migrations } = head;
  return { file, tables: tables.length, rows, schema: migrations.at(-1) ?? "", createdAt, from: provider };
}

/**
 * Replaces the database of an address by a backup, which is proved first. Everything happens at once or not at all: in one
 * transaction on PostgreSQL, in a new file that takes the old one's place on SQLite (the old one is kept beside it). A backup of
 * an older version is brought up to date. Throws a UserError for a bad file and while another process has the database open.
 */
export async function restore(file: string, url: string, now: number, onProgress: Progress = () => {}): Promise<RestoreReport> {
  const verified = await verifyBackup(file);
  const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, "-");
  const target = await openTarget(url, stamp);
  try {
    const loader = createLoader(target, onProgress);
    const { head } = await readBackupFile(file, { head: loader.begin, row: loader.row });
    await loader.flush();
    const { keptAs } = await target.finish(head.counters);
    return { ...verified, into: shownAddress(url), keptAs };
  } finally {
    await target.abandon();
  }
}

function createLoader(target: RestoreTarget, onProgress: Progress) {
  let shapes = new Map<string, TableShape>();
  let current: TableShape | null = null;
  let waiting: Row[] = [];
  let done = 0;
  const flush = async (): Promise<void> => {
    if (current === null || waiting.length === 0) return;
    await target.insert(current, waiting);
    done += waiting.length;
    waiting = [];
    onProgress(done);
  };
  return {
    begin: async (head: BackupHead): Promise<void> => {
      shapes = new Map((await target.begin(head.migrations)).map((shape) => [shape.name, shape]));
      refuseOtherTables(head, shapes);
    },
    row: async (table: TableShape, row: Row): Promise<void> => {
      if (current?.name !== table.name || waiting.length >= ROWS_PER_INSERT) await flush();
      current = table;
      waiting.push(row);
    },
    flush,
  };
}

/** The columns of a backup must be those that its own migrations make here. */
function refuseOtherTables(head: BackupHead, shapes: ReadonlyMap<string, TableShape>): void {
  for (const { name, columns } of head.tables) {
    const here = new Map(shapes.get(name)?.columns.map((column) => [column.name, column.type]));
    const stray = columns.find((column) => here.get(column.name) !== column.type);
    if (shapes.has(name) && stray === undefined) continue;
    const what = stray === undefined ? `table ${name}` : `column ${stray.name} of table ${name}`;
    throw new UserError({
      en: `The backup holds ${what}, which its version of Botswain does not have; nothing was restored.`,
      "zh-TW": `備份含有 ${what}，但該版本的 Botswain 沒有這一項；未還原任何內容。`,
    });
  }
}

function refuseMissing(file: string): void {
  if (existsSync(file)) return;
  throw new UserError({ en: `There is no file ${file}.`, "zh-TW": `沒有檔案 ${file}。` });
}

/** What a newer version stores would be lost or misread here. */
function refuseNewer(what: string, migrations: readonly string[]): void {
  const known = new Set(readMigrations(migrationsFolder("sqlite")).map(({ name }) => name));
  const unknown = migrations.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new UserError({
    en: `${what} was made by a newer Botswain (it holds migration ${unknown}); use that version.`,
    "zh-TW": `${what} 是由較新版的 Botswain 建立的（含有遷移 ${unknown}）；請使用該版本。`,
  });
}
