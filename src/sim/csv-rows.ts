// A recorded file as rows of numbers: gzip or plain CSV, every field checked, faults named by file, line and expectation.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { UserError } from "../core/text.ts";
import { isDecimal, type Rounding, type Step, toSteps } from "../core/units.ts";

/** A UserError that names the file, the line (1 is the header) and what should stand there. */
export function malformed(file: string, line: number, found: string, expected: string): UserError {
  const shown = found.length > 80 ? `${found.slice(0, 80)}…` : found;
  return new UserError({
    en: `${file}, line ${line}: found "${shown}", expected ${expected}.`,
    "zh-TW": `${file} 第 ${line} 行：內容為「${shown}」，應為 ${expected}。`,
  });
}

/** The text of a data file, unpacked when it is gzip. Throws a UserError when it cannot be read. */
export function readDataFile(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError({
      en: `The recorded market file ${path} cannot be read (${why}). Give the path of a .csv or .csv.gz file.`,
      "zh-TW": `無法讀取行情錄製檔 ${path}（${why}）。請提供 .csv 或 .csv.gz 檔案的路徑。`,
    });
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString("utf8");
  try {
    return gunzipSync(bytes).toString("utf8");
  } catch {
    throw new UserError({
      en: `The recorded market file ${path} is damaged: its gzip data does not unpack. Fetch it again.`,
      "zh-TW": `行情錄製檔 ${path} 已損壞：gzip 內容無法解壓縮。請重新取得此檔案。`,
    });
  }
}

const DECIMALS_REMEMBERED = 200_000;

/** One field of a line, with its faults told. */
export class RowReader {
  readonly file: string;
  readonly #decimals = new Map<string, number>();
  #fields: readonly string[] = [];
  #line = 0;

  constructor(path: string) {
    this.file = basename(path);
  }

  read(text: string, line: number, columns: number): void {
    this.#line = line;
    this.#fields = text.split(",");
    if (this.#fields.length !== columns) throw malformed(this.file, line, text, `${columns} fields separated by commas`);
  }

  text(index: number): string {
    return this.#fields[index] ?? "";
  }

  fail(index: number, expected: string): UserError {
    return malformed(this.file, this.#line, this.text(index), expected);
  }

  /** A whole number of at most `digits` digits. */
  whole(index: number, digits: number, expected: string): number {
    const text = this.text(index);
    if (text.length > digits || !/^\d+$/.test(text)) throw this.fail(index, expected);
    return Number(text);
  }

  oneOf<Value extends string>(index: number, values: readonly Value[]): Value {
    const text = this.text(index);
    for (const value of values) if (value === text) return value;
    throw this.fail(index, `one of ${values.map((value) => (value === "" ? "nothing" : value)).join(", ")}`);
  }

  /** Steps of a decimal field; `least` 1 forbids zero. Prices and quantities repeat, so they are remembered. */
  steps(index: number, step: Step, rounding: Rounding, least: 0 | 1, what: string): number {
    const text = this.text(index);
    const key = `${index}|${rounding}|${text}`;
    const known = this.#decimals.get(key);
    if (known !== undefined && known >= least) return known;
    if (!isDecimal(text)) throw this.fail(index, `${what} as a decimal number`);
    const count = this.#count(text, step, rounding);
    if (count === null) throw this.fail(index, `${what} that is not absurdly large`);
    if (count < least) throw this.fail(index, `${what} of at least one step of the instrument`);
    if (this.#decimals.size >= DECIMALS_REMEMBERED) this.#decimals.clear();
    this.#decimals.set(key, count);
    return count;
  }

  #count(text: string, step: Step, rounding: Rounding): number | null {
    try {
      return toSteps(text, step, rounding);
    } catch {
      return null;
    }
  }
}
