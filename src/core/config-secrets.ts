// Tells what looks like a secret, by its name or by its form: files of bots hold none, and nothing of ours shows one.

import { type ConfigObject, type ConfigValue, isConfigList, isConfigObject, Word } from "./config-values.ts";
import type { Fault } from "./fault-words.ts";
import type { Text } from "./text.ts";

/** Shown in the place of a secret. */
export const REDACTED = "[redacted]";

const SECRET_WORDS = new Set(
  ["key", "keys", "apikey", "secret", "secrets", "token", "password", "passphrase", "mnemonic", "private", "privatekey", "jwt"].concat([
    "credential",
    "credentials",
    "authorization",
    "seedphrase",
    "wif",
  ]),
);
const SECRET_VARIABLE = /KEY|SECRET|TOKEN|PASSWORD|PASSPHRASE|MNEMONIC|PRIVATE|CREDENTIAL|JWT/;
/** Private keys in hex and in base64, PEM blocks, tokens in three parts, addresses with a password in them. */
const SECRET_FORMS: readonly RegExp[] = [
  /(?:^|[^0-9a-zA-Z])(?:0x)?[0-9a-fA-F]{64}(?![0-9a-zA-Z])/,
  /(?:^|[^0-9a-zA-Z+/])(?:[0-9a-zA-Z+/]{43}=|[0-9a-zA-Z+/]{86}==)(?![0-9a-zA-Z+/=])/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/,
  /\b\d{6,}:[\w-]{30,}/,
  /:\/\/[^\s/:@]*:[^\s/@]+@/,
];

const HOLDS_NONE: Text = {
  en: "looks like a secret, and a bot's file holds none: give it to the account (botswain account add), then take it out here",
  "zh-TW": "看起來是機密，機器人設定檔不可存放：請改用 botswain account add 交給帳戶，再從此檔移除",
};

/** True for a field's name such as `apiKey`, `secret_key`, `PRIVATE-KEY`. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").split(/[^A-Za-z0-9]+/);
  return words.some((word) => SECRET_WORDS.has(word.toLowerCase()));
}

/** True for a variable such as `BACKPACK_KEY`. */
export function isSecretVariable(name: string): boolean {
  return SECRET_VARIABLE.test(name.toUpperCase());
}

/** True for a text in the form of a private key, a token or an address with a password. */
export function isSecretValue(value: string): boolean {
  return SECRET_FORMS.some((form) => form.test(value));
}

/** The tree without what looks like a secret, and a fault (with no value in it) for each. */
export function takeSecretsOut(value: ConfigObject): { readonly value: ConfigObject; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const kept = strip(value, [], faults);
  return { value: isConfigObject(kept) ? kept : {}, faults };
}

/** The value for a fault or a diff: never a secret. */
export function safeValue(path: string, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (path.split(".").some(isSecretName)) return REDACTED;
  return isSecretValue(typeof value === "string" ? value : JSON.stringify(value)) ? REDACTED : value;
}

function strip(value: ConfigValue, path: readonly string[], faults: Fault[]): ConfigValue | undefined {
  const text = value instanceof Word ? value.text : value;
  if (typeof text === "string" && isSecretValue(text)) return refuse(path, faults);
  if (isConfigList(value))
    return value.flatMap((item, index) => {
      const kept = strip(item, [...path, String(index)], faults);
      return kept === undefined ? [] : [kept];
    });
  if (!isConfigObject(value)) return value;
  const kept: Record<string, ConfigValue> = {};
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    const stays = isSecretName(key) || isSecretValue(key) ? refuse(at, faults) : strip(inner, at, faults);
    if (stays !== undefined) kept[key] = stays;
  }
  return kept;
}

function refuse(path: readonly string[], faults: Fault[]): undefined {
  const shown = path.map((key) => (isSecretValue(key) ? REDACTED : key));
  faults.push({ path: shown.join("."), value: REDACTED, rule: HOLDS_NONE });
  return undefined;
}
