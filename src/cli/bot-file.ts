// A bot's configuration in a file: JSON, with an optional block that describes the instrument for a preview.

import { readFileSync } from "node:fs";
import { z } from "zod";
import { decimalString } from "../core/bot-config.ts";
import { type Validation, validateBot } from "../core/bot-validation.ts";
import { type Fault, faultsIn } from "../core/fault-words.ts";
import type { Strategy } from "../core/strategy.ts";
import { UserError } from "../core/text.ts";

const FILE_BYTES_MAX = 1_000_000;

const positive = decimalString.refine((value) => Number(value) > 0, { message: "must be above 0", params: { "zh-TW": "必須大於 0" } });

/** Steps, limits and fees of the bot's own symbol, as its exchange lists them. */
const instrumentBlock = z.strictObject({
  tickSize: positive,
  lotSize: positive,
  /** Base units. */
  minQuantity: positive.optional(),
  minNotional: decimalString.default("0"),
  makerFee: decimalString.default("0"),
  takerFee: decimalString.default("0"),
  maxLeverage: z.number().min(1).max(1_000).optional(),
});

export type InstrumentBlock = z.infer<typeof instrumentBlock>;

export type BotFile =
  | (Validation & { readonly ok: true; readonly instrument: InstrumentBlock | null })
  | (Validation & { readonly ok: false });

/**
 * Reads and checks a bot's file; every fault of its content is in the result.
 * Throws a UserError when the file cannot be read or is no JSON object.
 */
export function readBotFile(path: string, strategies: ReadonlyMap<string, Strategy>): BotFile {
  const { instrument, ...config } = parseObject(path, readText(path));
  const validation = validateBot(config, strategies);
  const block = instrument === undefined ? null : instrumentBlock.safeParse(instrument);
  const faults: readonly Fault[] =
    block === null || block.success
      ? []
      : faultsIn(block.error, instrument, Object.keys(instrumentBlock.shape)).map((fault) => ({
          ...fault,
          path: fault.path === "" ? "instrument" : `instrument.${fault.path}`,
        }));
  if (!validation.ok) return { ok: false, faults: [...validation.faults, ...faults] };
  return faults.length > 0 ? { ok: false, faults } : { ...validation, instrument: block?.data ?? null };
}

function readText(path: string): string {
  if (/\.ya?ml$/i.test(path))
    throw new UserError({
      en: `${path} is YAML, which Botswain does not read; write the same fields as JSON.`,
      "zh-TW": `${path} 是 YAML，Botswain 不支援；請改用相同欄位的 JSON。`,
    });
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new UserError({ en: `${path} cannot be read (${why}).`, "zh-TW": `無法讀取 ${path}（${why}）。` });
  }
  if (bytes.length > FILE_BYTES_MAX)
    throw new UserError({
      en: `${path} has ${bytes.length} bytes; a bot's file has at most ${FILE_BYTES_MAX}.`,
      "zh-TW": `${path} 有 ${bytes.length} 位元組；機器人設定檔最多 ${FILE_BYTES_MAX}。`,
    });
  return bytes.toString("utf8").replace(/^\uFEFF/, "");
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const { line, column } = placeOf(why, text);
    // Where it is, is said once and in lines, not in characters from the start.
    const what = why.replace(/\s*(in JSON )?at position \d+.*$/s, "");
    throw new UserError({
      en: `${path} is no JSON: line ${line}, column ${column}: ${what}.`,
      "zh-TW": `${path} 不是正確的 JSON：第 ${line} 行第 ${column} 字：${what}。`,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UserError({
    en: `${path} must hold one bot's fields as a JSON object in { }.`,
    "zh-TW": `${path} 必須是一個以 { } 包住的 JSON 物件，內含一個機器人的欄位。`,
  });
}

/** Node names the position, except when the text ends too early. */
function placeOf(message: string, text: string): { readonly line: number; readonly column: number } {
  const position = /position (\d+)/.exec(message)?.[1];
  const before = text.slice(0, position === undefined ? text.length : Number(position)).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
