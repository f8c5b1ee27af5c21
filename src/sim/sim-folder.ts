// The files that the simulated exchange keeps in its folder beside the journal: its accounts' keys and where it listens.

import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../core/text.ts";

const keysSchema = z.object({
  accounts: z.array(z.object({ name: z.string().min(1), apiKey: z.string().min(1), secret: z.string().min(1) })),
});
const endpointSchema = z.object({ url: z.string(), wsUrl: z.string(), pid: z.number() });

/** An account's key pair as Backpack gives it out: raw public key and seed, base64. */
export interface SimKeys {
  readonly name: string;
  readonly apiKey: string;
  readonly secret: string;
}

export interface Endpoint {
  readonly url: string;
  readonly wsUrl: string;
  readonly pid: number;
}

/** A fresh ED25519 key pair. */
export function createKeys(name: string): SimKeys {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  // The last 32 bytes of both DER forms are the raw public key and the seed.
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  return { name, apiKey: raw.toString("base64"), secret: seed.toString("base64") };
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

/** The keys of `keys.json`, with new ones added to it for accounts that it does not name. Without a folder all are new. */
export function loadKeys(folder: string | null, names: readonly string[]): readonly SimKeys[] {
  if (folder === null) return names.map(createKeys);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "keys.json");
  const stored = readJson(file, keysSchema)?.accounts ?? [];
  const missing = names.filter((name) => !stored.some((keys) => keys.name === name)).map(createKeys);
  const all = [...stored, ...missing];
  if (missing.length > 0) writeAtOnce(file, { accounts: all });
  return all;
}

/** Where the exchange of this folder listened last, or null. */
export function readEndpoint(folder: string): Endpoint | null {
  return readJson(join(folder, "endpoint.json"), endpointSchema);
}

export function writeEndpoint(folder: string, endpoint: Endpoint): void {
  writeAtOnce(join(folder, "endpoint.json"), endpoint);
}
