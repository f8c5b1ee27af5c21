// Writes bots as YAML or JSON that reads back as exactly the same bots, and puts documents into files.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { BotConfig } from "../core/bot-config.ts";
import { DOCUMENT_VERSION } from "../core/config-document.ts";
import { takeSecretsOut } from "../core/config-secrets.ts";
import { escapeReferences } from "../core/config-substitution.ts";
import { configValueOf, isConfigObject } from "../core/config-values.ts";
import { UserError } from "../core/text.ts";

export type ConfigFormat = "yaml" | "json";

/** One bot's fields alone, or several under `bots`. Throws a UserError for a bot that holds what looks like a secret. */
export function documentOf(configs: readonly BotConfig[], format: ConfigFormat): string {
  for (const config of configs) refuseSecrets(config);
  const [only, second] = configs;
  const document = only !== undefined && second === undefined ? only : { version: DOCUMENT_VERSION, bots: configs };
  return textOf(document, format);
}

/** Any plain value as a document; texts are escaped so that nothing in them is taken for a variable. */
export function textOf(value: unknown, format: ConfigFormat): string {
  const escaped = withEscapes(value);
  if (format === "json") return `${JSON.stringify(escaped, null, 2)}\n`;
  // In quotes a text stays a text, whatever another reader of YAML takes for a number, a date or a truth value.
  return stringify(escaped, {
    version: "1.2",
    schema: "core",
    lineWidth: 0,
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "PLAIN",
    aliasDuplicateObjects: false,
  });
}

function withEscapes(value: unknown): unknown {
  if (typeof value === "string") return escapeReferences(value);
  if (Array.isArray(value)) return value.map(withEscapes);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withEscapes(inner)]));
}

function refuseSecrets(config: BotConfig): void {
  const value = configValueOf(config);
  const [fault] = isConfigObject(value) ? takeSecretsOut(value).faults : [];
  if (fault === undefined) return;
  throw new UserError({
    en: `${config.id}: ${fault.path} looks like a secret, so nothing was written; take it out of the bot first.`,
    "zh-TW": `${config.id}：${fault.path} 看起來是機密，因此沒有寫出任何內容；請先從機器人移除。`,
  });
}

/** The format that a file's name asks for; null when it asks for none. */
export function formatOf(path: string): ConfigFormat | null {
  if (/\.ya?ml$/i.test(path)) return "yaml";
  return /\.json$/i.test(path) ? "json" : null;
}

export interface Output {
  readonly path: string;
  readonly text: string;
}

/** Writes files whole, creating their folders. Throws a UserError, before the first is written, for one that exists without `force`. */
export function writeOutputs(outputs: readonly Output[], force: boolean): void {
  for (const { path } of outputs) {
    const isThere = existsSync(path);
    if (isThere && !statSync(path).isFile()) throw refused(path, "is no file", "不是檔案");
    if (isThere && !force) throw refused(path, "exists already; --force overwrites it", "已存在；加上 --force 可覆寫");
  }
  for (const { path, text } of outputs) writeWhole(path, text);
}

/** Under another name first: who reads meanwhile never sees half of it. */
function writeWhole(path: string, text: string): void {
  const draft = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, text, { flag: "wx" });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw refused(path, `cannot be written (${why})`, `無法寫入（${why}）`);
  }
}

function refused(path: string, en: string, zhTw: string): UserError {
  return new UserError({ en: `${path} ${en}.`, "zh-TW": `${path} ${zhTw}。` });
}

/** The files of several documents: one file, or one per bot in a folder. */
export function outputsOf(configs: readonly BotConfig[], target: string, chosen: ConfigFormat | null): readonly Output[] {
  const named = formatOf(target);
  if (named !== null && !(existsSync(target) && statSync(target).isDirectory()))
    return [{ path: target, text: documentOf(configs, chosen ?? named) }];
  const format = chosen ?? "yaml";
  return configs.map((config) => ({ path: join(target, `${config.id}.${format}`), text: documentOf([config], format) }));
}
