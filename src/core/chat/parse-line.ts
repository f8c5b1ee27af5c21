// Turns a typed line into a command's name and words, and words into a command's checked arguments.

import type { z } from "zod";
import type { AnyCommand } from "../command.ts";
import { join, type Text, UserError } from "../text.ts";
import { cleanLine } from "./clean-text.ts";
import { argumentWords } from "./command-argument.ts";

/** Longest line that we read; Telegram's own limit for a message is 4096. */
export const LINE_MAX = 2000;
const SHOWN_MAX = 40;

export interface Word {
  readonly text: string;
  /** Set for `key=value`, where `text` is the value. */
  readonly key: string | null;
}

export interface ParsedLine {
  /** Lower case, without the slash and without Telegram's `@botname`. */
  readonly name: string;
  readonly words: readonly Word[];
}

/** Opening quotation marks and what closes them; phones type the curly ones. */
const QUOTES: Readonly<Record<string, string>> = { '"': '"', "'": "'", "“": "”", "‘": "’", "「": "」" };

/** Splits at spaces outside quotation marks; a backslash keeps the next character in double quotes as it is. */
function splitWords(line: string): readonly Word[] {
  const words: Word[] = [];
  let current = "";
  let key: string | null = null;
  let started = false;
  let closing: string | null = null;
  const finish = (): void => {
    if (started) words.push({ text: current, key });
    current = "";
    key = null;
    started = false;
  };
  const characters = [...line];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? "";
    if (closing !== null) {
      const next = characters[index + 1];
      if (character === "\\" && closing === '"' && (next === '"' || next === "\\")) {
        current += next;
        index++;
      } else if (character === closing) closing = null;
      else current += character;
    } else if (/\s/u.test(character)) finish();
    else if (QUOTES[character] !== undefined && current === "") {
      closing = QUOTES[character] ?? null;
      started = true;
    } else if (character === "=" && key === null && /^[a-z][a-z0-9_]*$/i.test(current)) {
      key = current.toLowerCase();
      current = "";
    } else {
      current += character;
      started = true;
    }
  }
  if (closing !== null)
    throw new UserError({
      en: `The quotation mark in this line is not closed; add ${closing} where the quoted value ends.`,
      "zh-TW": `這一行的引號沒有結束；請在引號內容的結尾加上 ${closing}。`,
    });
  finish();
  return words;
}

/** `/fills eth_grid limit=20` → name `fills` and its words. Throws a UserError for an empty or endless line. */
export function parseLine(line: string): ParsedLine {
  if (line.length > LINE_MAX)
    throw new UserError({
      en: `This line has ${line.length} characters; a command may have at most ${LINE_MAX}.`,
      "zh-TW": `這一行有 ${line.length} 個字元；指令最多 ${LINE_MAX} 個字元。`,
    });
  const [first, ...words] = splitWords(line);
  const name = (first?.key === null ? first.text : "").replace(/^[/／]/u, "").replace(/@[^@]*$/u, "");
  if (name === "")
    throw new UserError({
      en: "A line must begin with a command such as /status; /help lists them.",
      "zh-TW": "請以指令開頭，例如 /status；輸入 /help 可列出所有指令。",
    });
  return { name: name.toLowerCase(), words };
}

/** Words of a form or a slash command, where every argument already has its name. */
export function wordsOf(args: Readonly<Record<string, string>>): readonly Word[] {
  return Object.entries(args).map(([key, text]) => ({ key: key.toLowerCase(), text: text.slice(0, LINE_MAX) }));
}

function sayFaults(command: AnyCommand, faults: readonly Text[]): UserError {
  const all = join(faults, "; ");
  return new UserError({ en: `/${command.name}: ${all.en}.`, "zh-TW": `/${command.name}：${all["zh-TW"].replaceAll("; ", "；")}。` });
}

function wrongValue(name: string, field: z.ZodType | undefined, value: string | undefined): Text {
  const right = field === undefined ? null : argumentWords(field).right;
  const hint: Text = right === null ? { en: "", "zh-TW": "" } : { en: ` (give ${right.en})`, "zh-TW": `（請輸入${right["zh-TW"]}）` };
  if (value === undefined) return { en: `${name} is missing${hint.en}`, "zh-TW": `缺少 ${name}${hint["zh-TW"]}` };
  const shown = cleanLine(value, SHOWN_MAX);
  return { en: `${name} "${shown}" is not right${hint.en}`, "zh-TW": `${name}「${shown}」不正確${hint["zh-TW"]}` };
}

interface Assigned {
  readonly values: Readonly<Record<string, string>>;
  readonly faults: readonly Text[];
}

/** Gives every word to a field: `key=value` by name, the others in the order of the fields. */
function assign(command: AnyCommand, words: readonly Word[]): Assigned {
  const shape: Readonly<Record<string, z.ZodType>> = command.args.shape;
  const names = Object.keys(shape);
  const values: Record<string, string> = {};
  const faults: Text[] = [];
  const positional: string[] = [];
  const last = names.at(-1);
  const lastField = last === undefined ? undefined : shape[last];
  const takesRest = lastField !== undefined && argumentWords(lastField).takesRest === true;
  for (const word of words) {
    if (word.key === null) positional.push(word.text);
    else if (!names.includes(word.key)) {
      if (takesRest && positional.length >= names.length - 1) positional.push(`${word.key}=${word.text}`);
      else
        faults.push({
          en: `there is no argument ${cleanLine(word.key, SHOWN_MAX)}${names.length === 0 ? "" : ` (there is ${names.join(", ")})`}`,
          "zh-TW": `沒有 ${cleanLine(word.key, SHOWN_MAX)} 這個參數${names.length === 0 ? "" : `（有 ${names.join("、")}）`}`,
        });
    } else if (values[word.key] !== undefined) faults.push({ en: `${word.key} is given twice`, "zh-TW": `${word.key} 重複了` });
    else values[word.key] = word.text;
  }
  const open = names.filter((name) => values[name] === undefined);
  const extra = positional.slice(open.length);
  open.forEach((name, index) => {
    const value = positional[index];
    if (value === undefined) return;
    values[name] = name === last && takesRest ? [value, ...extra].join(" ") : value;
  });
  if (extra.length > 0 && !(takesRest && open.at(-1) === last)) {
    const shown = cleanLine(extra.join(" "), SHOWN_MAX);
    faults.push({
      en: `"${shown}" is too much (it takes ${names.length === 0 ? "no arguments" : names.join(", ")})`,
      "zh-TW": `「${shown}」是多餘的（${names.length === 0 ? "不需要參數" : `參數為 ${names.join("、")}`}）`,
    });
  }
  return { values, faults };
}

/** The checked arguments of a command. Throws one UserError that names every fault, its value and what would be right. */
export function parseArguments(command: AnyCommand, words: readonly Word[]): Record<string, unknown> {
  const { values, faults } = assign(command, words);
  const parsed = command.args.safeParse(values);
  if (parsed.success && faults.length === 0) return parsed.data;
  const shape: Readonly<Record<string, z.ZodType>> = command.args.shape;
  const wrong = parsed.success ? [] : [...new Set(parsed.error.issues.map((issue: z.core.$ZodIssue) => String(issue.path[0] ?? "")))];
  throw sayFaults(command, [...faults, ...wrong.map((name) => wrongValue(String(name), shape[String(name)], values[String(name)]))]);
}
