// The credentials that each exchange asks for, field by field, and the check of values against them.

import type { CredentialField, CredentialValues } from "../core/credentials.ts";
import { join, type Text, UserError } from "../core/text.ts";

const BASE64_32: Text = {
  en: "32 bytes in base64 (44 characters ending in =)",
  "zh-TW": "base64 表示的 32 位元組（44 個字元，以 = 結尾）",
};
const ADDRESS: Text = { en: "0x and 40 hex digits", "zh-TW": "0x 加 40 位十六進位數字" };
const HEX_32: Text = { en: "64 hex digits, with or without 0x", "zh-TW": "64 位十六進位數字，可加 0x" };
const FELT: Text = { en: "0x and up to 64 hex digits", "zh-TW": "0x 加最多 64 位十六進位數字" };
const NO_SPACES: Text = { en: "8 to 4096 characters without spaces", "zh-TW": "8 到 4096 個字元，不含空白" };
const KEY_OR_PEM: Text = {
  en: "the secret as the exchange gave it out, or a private key in PEM form",
  "zh-TW": "交易所提供的密鑰，或 PEM 格式的私鑰",
};
const NUMBER: Text = { en: "a whole number", "zh-TW": "整數" };
const SHA256: Text = { en: "64 hex digits, as sha256sum prints them", "zh-TW": "64 位十六進位數字（sha256sum 的輸出）" };
const PATH: Text = { en: "an absolute path", "zh-TW": "絕對路徑" };

const TOKEN_PATTERN = /^\S{8,4096}$/;
const ADDRESS_PATTERN = /^0x[0-9a-fA-F]{40}$/;
const HEX_32_PATTERN = /^(0x)?[0-9a-fA-F]{64}$/;
const FELT_PATTERN = /^0x[0-9a-fA-F]{1,64}$/;
const BASE64_32_PATTERN = /^[A-Za-z0-9+/]{43}=$/;
const SHA256_PATTERN = /^[0-9a-fA-F]{64}$/;

function secret(name: string, en: string, zhTw: string, pattern: RegExp, right: Text): CredentialField {
  return { name, isSecret: true, summary: { en, "zh-TW": zhTw }, pattern, right };
}

function open(name: string, en: string, zhTw: string, pattern: RegExp, right: Text): CredentialField {
  return { name, isSecret: false, summary: { en, "zh-TW": zhTw }, pattern, right };
}

function optional(field: CredentialField): CredentialField {
  return { ...field, isOptional: true };
}

const apiKey = secret("apiKey", "API key", "API 金鑰", TOKEN_PATTERN, NO_SPACES);
const apiSecret = secret(
  "secret",
  "API secret",
  "API 密鑰",
  /^(\S{8,4096}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{40,8000})$/,
  KEY_OR_PEM,
);
const passphrase = secret("password", "passphrase of the API key", "API 金鑰的密語", /^\S{1,256}$/, {
  en: "the passphrase chosen when the key was made",
  "zh-TW": "建立金鑰時設定的密語",
});
const mainWallet = open("walletAddress", "address of the main wallet", "主錢包地址", ADDRESS_PATTERN, ADDRESS);

/** Any exchange that we have not described: what most of them ask for. */
const GENERIC: readonly CredentialField[] = [apiKey, apiSecret, optional(passphrase)];

const DESCRIBED: Readonly<Record<string, readonly CredentialField[]>> = {
  backpack: [
    secret("apiKey", "API key (ED25519 public key)", "API 金鑰（ED25519 公鑰）", BASE64_32_PATTERN, BASE64_32),
    secret("secret", "API secret (ED25519 seed)", "API 密鑰（ED25519 種子）", BASE64_32_PATTERN, BASE64_32),
  ],
  aster: [
    mainWallet,
    open("signerAddress", "address of the API wallet (agent)", "API 錢包（代理）地址", ADDRESS_PATTERN, ADDRESS),
    secret(
      "privateKey",
      "private key of the API wallet, never of the main one",
      "API 錢包的私鑰，切勿使用主錢包的私鑰",
      HEX_32_PATTERN,
      HEX_32,
    ),
  ],
  paradex: [
    open("address", "Paradex account address", "Paradex 帳戶地址", FELT_PATTERN, FELT),
    optional(open("publicKey", "public key of the subkey", "子金鑰的公鑰", FELT_PATTERN, FELT)),
    secret("privateKey", "private key of the subkey (Stark)", "子金鑰的私鑰（Stark）", FELT_PATTERN, FELT),
  ],
  lighter: [
    open("accountIndex", "account index", "帳戶索引", /^\d{1,15}$/, NUMBER),
    open("apiKeyIndex", "API key index", "API 金鑰索引", /^(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])$/, {
      en: "a whole number from 0 to 254",
      "zh-TW": "0 到 254 的整數",
    }),
    secret(
      "apiPrivateKey",
      "private key of the API key, never of the wallet",
      "API 金鑰的私鑰，切勿使用錢包的私鑰",
      /^(0x)?[0-9a-fA-F]{80}$/,
      { en: "80 hex digits (40 bytes), with or without 0x", "zh-TW": "80 位十六進位數字（40 位元組），可加 0x" },
    ),
    optional(
      open(
        "chainId",
        "chain: 304 Lighter, 466324 Lighter on Robinhood, 300 testnet",
        "鏈：304 Lighter、466324 Robinhood 鏈、300 測試網",
        /^(304|466324|300)$/,
        {
          en: "304, 466324 or 300",
          "zh-TW": "304、466324 或 300",
        },
      ),
    ),
    optional(open("libraryPath", "the signer's .wasm file", "簽章程式的 .wasm 檔", /^\/.+/, PATH)),
    optional(open("librarySha256", "sha256 of the .wasm file", ".wasm 檔的 sha256", SHA256_PATTERN, SHA256)),
    optional(open("wasmExecPath", "the signer's wasm_exec.js", "簽章程式的 wasm_exec.js", /^\/.+/, PATH)),
    optional(open("wasmExecSha256", "sha256 of wasm_exec.js", "wasm_exec.js 的 sha256", SHA256_PATTERN, SHA256)),
  ],
  hyperliquid: [
    mainWallet,
    secret(
      "privateKey",
      "private key of the API wallet (agent), never of the main one",
      "API 錢包（代理）的私鑰，切勿使用主錢包的私鑰",
      HEX_32_PATTERN,
      HEX_32,
    ),
    optional(
      open("vaultAddress", "address of the vault or sub-account to trade for", "要代為交易的金庫或子帳戶地址", ADDRESS_PATTERN, ADDRESS),
    ),
  ],
  binance: [apiKey, apiSecret],
  bybit: [apiKey, apiSecret],
  okx: [apiKey, apiSecret, passphrase],
  apex: [
    apiKey,
    apiSecret,
    passphrase,
    secret("seeds", "Omni key seeds (API management, Omni key)", "Omni key 的 seeds（API 管理頁面）", /^(0x)?[0-9a-fA-F]{64,512}$/, {
      en: "the seeds' hex digits, with or without 0x",
      "zh-TW": "seeds 的十六進位數字，可加 0x",
    }),
    optional(open("libraryPath", "the signer's .wasm file (zkLink SDK)", "簽章程式的 .wasm 檔（zkLink SDK）", /^\/.+/, PATH)),
    optional(open("librarySha256", "sha256 of the .wasm file", ".wasm 檔的 sha256", SHA256_PATTERN, SHA256)),
  ],
  standx: [
    optional(mainWallet),
    secret("token", "API token (JWT)", "API 權杖（JWT）", TOKEN_PATTERN, NO_SPACES),
    secret("privateKey", "request signing key (ED25519)", "請求簽章金鑰（ED25519）", /^(0x)?[0-9A-Za-z+/]{43,88}={0,2}$/, {
      en: "an ED25519 private key of 32 or 64 bytes in hex, base58 or base64",
      "zh-TW": "32 或 64 位元組的 ED25519 私鑰，十六進位、base58 或 base64",
    }),
    optional(secret("sessionId", "session id", "工作階段編號", TOKEN_PATTERN, NO_SPACES)),
  ],
};

/** The exchanges whose credentials are described here; any other is asked for a key, a secret and perhaps a passphrase. */
export const describedCredentials: readonly string[] = Object.keys(DESCRIBED);

/** What an account at this exchange consists of, in the order in which a person is asked for it. */
export function credentialFieldsOf(exchange: string): readonly CredentialField[] {
  // The same software and the same kind of key, as an exchange of its own.
  const name = exchange === "lighterrobinhood" ? "lighter" : exchange;
  return Object.hasOwn(DESCRIBED, name) ? (DESCRIBED[name] ?? GENERIC) : GENERIC;
}

/** Why a value is not right for its field, without showing it when it is secret; null for a right one. */
export function credentialFault(field: CredentialField, value: string): Text | null {
  if (field.pattern.test(value)) return null;
  const shown: Text = field.isSecret
    ? { en: `${field.name} (value not shown)`, "zh-TW": `${field.name}（不顯示內容）` }
    : { en: `${field.name} ${value.slice(0, 80)}`, "zh-TW": `${field.name} ${value.slice(0, 80)}` };
  return { en: `${shown.en} should be ${field.right.en}`, "zh-TW": `${shown["zh-TW"]} 應為${field.right["zh-TW"]}` };
}

/** Throws a UserError that names every missing, wrong and unknown field of an account; secrets are not shown. */
export function checkCredentials(exchange: string, account: string, values: CredentialValues): void {
  const fields = credentialFieldsOf(exchange);
  const names = fields.map(({ name }) => name);
  const faults = fields.flatMap((field): readonly Text[] => {
    const value = values[field.name];
    const wrong = value === undefined ? null : credentialFault(field, value);
    if (wrong !== null) return [wrong];
    if (value !== undefined || field.isOptional === true) return [];
    return [
      {
        en: `${field.name} is missing (${field.summary.en}: ${field.right.en})`,
        "zh-TW": `缺少 ${field.name}（${field.summary["zh-TW"]}：${field.right["zh-TW"]}）`,
      },
    ];
  });
  for (const name of Object.keys(values).filter((key) => !names.includes(key)))
    faults.push({
      en: `${name.slice(0, 40)} is no field of ${exchange}; there are ${names.join(", ")}`,
      "zh-TW": `${name.slice(0, 40)} 不是 ${exchange} 的欄位；可用的有 ${names.join("、")}`,
    });
  if (faults.length === 0) return;
  const all = { en: join(faults, "; ").en, "zh-TW": join(faults, "；")["zh-TW"] };
  throw new UserError({
    en: `Account ${exchange}:${account}: ${all.en}.`,
    "zh-TW": `帳戶 ${exchange}:${account}：${all["zh-TW"]}。`,
  });
}

/** The values whose hash tells two accounts apart: the open ones, else the first (the API key). */
export function publicPartOf(exchange: string, values: CredentialValues): string {
  const fields = credentialFieldsOf(exchange);
  const open = fields.filter(({ isSecret, isOptional }) => !isSecret && isOptional !== true);
  const chosen = open.length > 0 ? open : fields.slice(0, 1);
  return chosen.map(({ name }) => `${name}=${values[name] ?? ""}`).join("\n");
}
