// The files that the simulated exchange keeps in its folder beside the journal: its accounts' keys and where it listens.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { CredentialValues } from "../core/credentials.ts";
import { UserError } from "../core/text.ts";
import type { DialectAccount } from "./dialect.ts";

const accountSchema = z.object({ name: z.string().min(1), credentials: z.record(z.string(), z.string()) });
/** An account as files before several dialects held it. */
const pairSchema = z
  .object({ name: z.string().min(1), apiKey: z.string().min(1), secret: z.string().min(1) })
  .transform(({ name, apiKey, secret }) => ({ name, credentials: { apiKey, secret } }));
const keysSchema = z.object({ accounts: z.array(z.union([accountSchema, pairSchema])) });
const endpointSchema = z.object({ url: z.string(), wsUrl: z.string(), pid: z.number() });

export interface Endpoint {
  readonly url: string;
  readonly wsUrl: string;
  readonly pid: number;
}

function writeAtOnce(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function readJson<Value>(file: string, schema: z.ZodType<Value>): Value | null {
  if (!existsSync(file)) return null;
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    throw new UserError({
      en: `${file} is not readable as the simulated exchange wrote it. Restore it, or delete it to have a new one made.`,
      "zh-TW": `無法讀取模擬交易所的檔案 ${file}。請還原此檔案，或刪除它以重新產生。`,
    });
  }
}

/** The accounts that `keys.json` of a folder names, with their credentials; none without the file. */
export function readKeys(folder: string): readonly DialectAccount[] {
  return readJson(join(folder, "keys.json"), keysSchema)?.accounts ?? [];
}

/** The accounts of `keys.json`, with those of `names` added to it that it does not name. Without a folder all are new. */
export function loadKeys(
  folder: string | null,
  names: readonly string[],
  create: (account: string) => CredentialValues,
): readonly DialectAccount[] {
  const open = (name: string): DialectAccount => ({ name, credentials: create(name) });
  if (folder === null) return names.map(open);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stored = readKeys(folder);
  const missing = names.filter((name) => !stored.some((account) => account.name === name)).map(open);
  const all = [...stored, ...missing];
  if (missing.length > 0) writeAtOnce(join(folder, "keys.json"), { accounts: all });
  return all;
}

/** A dialect's folder in the folder of all simulated exchanges. Backpack's is that folder itself, as it was before there were others. */
export function dialectFolder(folder: string, dialect: string): string {
  return dialect === "backpack" ? folder : join(folder, dialect);
}

/** Where the exchange of this folder listened last, or null. */
export function readEndpoint(folder: string): Endpoint | null {
  return readJson(join(folder, "endpoint.json"), endpointSchema);
}

export function writeEndpoint(folder: string, endpoint: Endpoint): void {
  writeAtOnce(join(folder, "endpoint.json"), endpoint);
}
