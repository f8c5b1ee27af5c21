// A file of faults to inject, JSON or YAML: read whole, and refused with every fault that is in it.

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { UserError } from "../core/text.ts";
import { type Fault, faultsSchema } from "./faults.ts";

const SHOWN_MAX = 60;

/** The faults of a file. Throws a UserError that lists everything wrong with it. */
export function readFaultFile(path: string): readonly Fault[] {
  let read: unknown;
  try {
    // JSON is YAML too.
    read = parse(readFileSync(path, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new UserError({
      en: `The fault file ${path} cannot be read (${why}). Give a JSON or YAML file that holds a list of faults.`,
      "zh-TW": `無法讀取錯誤注入檔 ${path}（${why}）。請提供內含錯誤清單的 JSON 或 YAML 檔。`,
    });
  }
  const parsed = faultsSchema.safeParse(read);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path: where, message }) => `  ${nameOf(where)}${holding(read, where)}: ${message}`).join("\n");
  throw new UserError({
    en: `The fault file ${path} is not right:\n${lines}`,
    "zh-TW": `錯誤注入檔 ${path} 的內容不正確：\n${lines}`,
  });
}

/** `fault 3, delayMs`, counted from 1 as people do. */
function nameOf(path: readonly PropertyKey[]): string {
  const [index, ...rest] = path;
  if (typeof index !== "number") return "the file";
  return [`fault ${index + 1}`, ...(rest.length === 0 ? [] : [rest.map(String).join(".")])].join(", ");
}

/** What stands there, when it is short enough to be told. */
function holding(read: unknown, path: readonly PropertyKey[]): string {
  let value = read;
  for (const key of path) value = (value as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key];
  const text = JSON.stringify(value) ?? "nothing";
  return path.length < 2 || text.length > SHOWN_MAX ? "" : ` holds ${text}`;
}
