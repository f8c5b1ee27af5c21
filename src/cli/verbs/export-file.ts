// Writes a sheet row by row as CSV (RFC 4180) or JSON, to a file or to stdout, whatever its length.

import { createWriteStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "../../core/text.ts";

export type Cell = string | number | boolean | null;

export interface Sheet {
  /** `text` cells are words that somebody may have chosen; the others are numbers, times and the like. */
  readonly columns: readonly { readonly name: string; readonly type: "text" | "exact" }[];
  readonly rows: AsyncIterable<readonly Cell[]>;
}

export type Format = "csv" | "json";

const PIECE_CHARACTERS = 64 * 1_024;
/** A spreadsheet takes a cell that begins like this for a formula. */
const FORMULA_START = /^[=+\-@\t\r＝＋－＠]/;

/** One line of CSV with its end: quoted where needed, and words that look like formulas made harmless by an apostrophe. */
export function csvLine(cells: readonly Cell[], columns: Sheet["columns"]): string {
  const shown = cells.map((cell, index) => {
    const text = cell === null ? "" : String(cell);
    const safe = columns[index]?.type === "text" && FORMULA_START.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  });
  return `${shown.join(",")}\r\n`;
}

/**
 * Writes a sheet and returns its number of rows. A file appears under its name when it is whole, for its owner's eyes only;
 * without one the sheet goes to stdout. Throws a UserError when the file exists and is not to be replaced.
 */
export async function writeSheet(sheet: Sheet, format: Format, out: string | undefined, mayReplace: boolean): Promise<number> {
  let count = 0;
  const lines = inPieces(format === "csv" ? csvLines(sheet) : jsonLines(sheet), () => {
    count += 1;
  });
  if (out === undefined) {
    await pipeline(Readable.from(lines), process.stdout, { end: false }).catch(ignoreClosedPipe);
    return count;
  }
  const path = resolve(out);
  if (existsSync(path) && !mayReplace)
    throw new UserError({
      en: `${path} exists already; name another file, or add --replace.`,
      "zh-TW": `${path} 已存在；請改用其他檔名，或加上 --replace。`,
    });
  const draft = `${path}.${process.pid}.part`;
  try {
    await pipeline(Readable.from(lines), createWriteStream(draft, { mode: 0o600, flags: "wx" }));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    if (error instanceof UserError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError({ en: `${path} cannot be written (${why}).`, "zh-TW": `無法寫入 ${path}（${why}）。` });
  }
  return count;
}

/** `… | head` ends the reader first, which is no fault. */
function ignoreClosedPipe(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
}

interface Line {
  readonly text: string;
  readonly isRow: boolean;
}

async function* csvLines({ columns, rows }: Sheet): AsyncIterable<Line> {
  const names = columns.map(({ name }) => name);
  yield { text: csvLine(names, []), isRow: false };
  for await (const cells of rows) yield { text: csvLine(cells, columns), isRow: true };
}

async function* jsonLines({ columns, rows }: Sheet): AsyncIterable<Line> {
  yield { text: "[", isRow: false };
  let separator = "\n";
  for await (const cells of rows) {
    const object = Object.fromEntries(columns.map(({ name }, index) => [name, cells[index] ?? null]));
    yield { text: `${separator}${JSON.stringify(object)}`, isRow: true };
    separator = ",\n";
  }
  yield { text: "\n]\n", isRow: false };
}

async function* inPieces(lines: AsyncIterable<Line>, onRow: () => void): AsyncIterable<string> {
  let piece = "";
  for await (const { text, isRow } of lines) {
    piece += text;
    if (isRow) onRow();
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
