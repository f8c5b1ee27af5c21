// The variables of the market-making scripts that many people come from: which make an account, and why the others are not used.

import type { Text } from "../core/text.ts";
import type { Network } from "../storage/accounts.ts";

/** Variables that make one account. */
export interface SeedSet {
  readonly exchange: string;
  /** The first variable that is set counts. */
  readonly fields: readonly { readonly field: string; readonly variables: readonly string[] }[];
  readonly fixed?: Readonly<Record<string, string>>;
  /** Variables whose address tells live from testnet. */
  readonly network: readonly string[];
  readonly defaultNetwork: Network;
  /** Said after what is missing. */
  readonly hint?: Text;
}

function field(name: string, ...variables: readonly string[]): SeedSet["fields"][number] {
  return { field: name, variables };
}

function lighter(exchange: string, prefixes: readonly string[], fixed: Readonly<Record<string, string>>): SeedSet {
  const named = (...suffixes: readonly string[]): string[] => prefixes.flatMap((prefix) => suffixes.map((suffix) => prefix + suffix));
  return {
    exchange,
    fields: [
      field("accountIndex", ...named("ACCOUNT_INDEX")),
      field("apiKeyIndex", ...named("API_KEY_INDEX")),
      field("apiPrivateKey", ...named("PRIVATE_KEY", "API_KEY")),
      field("chainId", ...named("CHAIN_ID")),
    ],
    fixed,
    network: named("BASE_URL"),
    defaultNetwork: "live",
    hint: {
      en: " The account index of a wallet address stands on Lighter's account page.",
      "zh-TW": "錢包地址的帳戶索引可在 Lighter 的帳戶頁面查到。",
    },
  };
}

export const SEED_SETS: readonly SeedSet[] = [
  {
    exchange: "backpack",
    fields: [field("apiKey", "BACKPACK_KEY", "API_KEY"), field("secret", "BACKPACK_SECRET", "SECRET_KEY")],
    network: [],
    defaultNetwork: "live",
  },
  {
    exchange: "paradex",
    fields: [field("address", "PARADEX_ACCOUNT_ADDRESS"), field("privateKey", "PARADEX_PRIVATE_KEY")],
    network: ["PARADEX_BASE_URL"],
    defaultNetwork: "live",
  },
  lighter("lighter", ["LIGHTER_"], {}),
  lighter("lighterrobinhood", ["LIGHTER_ROBINHOOD_", "LIGHTER_RH_"], { chainId: "466324" }),
  {
    exchange: "apex",
    fields: [
      field("apiKey", "APEX_API_KEY"),
      field("secret", "APEX_SECRET_KEY"),
      field("password", "APEX_PASSPHRASE"),
      field("seeds", "APEX_ZK_SEEDS"),
    ],
    network: ["APEX_BASE_URL"],
    defaultNetwork: "live",
  },
  {
    exchange: "standx",
    fields: [
      field("token", "STANDX_API_TOKEN", "STANDX_JWT"),
      field("privateKey", "STANDX_PRIVATE_KEY", "STANDX_SIGNING_KEY"),
      field("sessionId", "STANDX_SESSION_ID"),
    ],
    network: ["STANDX_BASE_URL"],
    defaultNetwork: "live",
  },
  {
    exchange: "hyperliquid",
    fields: [
      field("walletAddress", "HYPERLIQUID_ACCOUNT_ADDRESS"),
      field("privateKey", "HYPERLIQUID_SIGNER_PRIVATE_KEY"),
      field("vaultAddress", "HYPERLIQUID_VAULT_ADDRESS"),
    ],
    network: ["HYPERLIQUID_REST_URL"],
    // The scripts went to the testnet unless an address said otherwise.
    defaultNetwork: "testnet",
  },
];

/** Used for every account; https comes first. */
export const PROXIES: readonly string[] = ["HTTPS_PROXY", "HTTP_PROXY"];

/** Keys of an interface that is gone. */
export const ASTER_KEYS: { readonly names: readonly string[]; readonly why: Text } = {
  names: ["ASTER_API_KEY", "ASTER_KEY", "ASTER_SECRET_KEY", "ASTER_SECRET"],
  why: {
    en: 'Aster is traded with an API wallet now, not with a key and a secret: make one on Aster\'s API page, then "account add aster NAME".',
    "zh-TW": "Aster 現在以 API 錢包交易，不再使用金鑰與密鑰：請在 Aster 的 API 頁面建立，再執行「account add aster 名稱」。",
  },
};

const OWN_ADDRESSES: Text = { en: "the exchange's own addresses are used", "zh-TW": "一律使用交易所自己的位址" };
const OWN_TIMING: Text = {
  en: "signed requests live as briefly as the exchange allows, at most 2 s",
  "zh-TW": "簽章請求的有效時間由 Botswain 決定，最長 2 秒",
};
const OWN_STORE: Text = {
  en: "Botswain keeps a database and logs of its own (DATABASE_URL)",
  "zh-TW": "Botswain 有自己的資料庫與日誌（DATABASE_URL）",
};
const OWN_WEB: Text = { en: "there is one way in for all bots, not one page per bot", "zh-TW": "所有機器人共用同一個入口，沒有各自的網頁" };
const OWN_CHAT: Text = {
  en: 'the chat is connected with "botswain setup" (people by TELEGRAM_ALLOWED_USERS)',
  "zh-TW": "聊天以「botswain setup」連接（人員以 TELEGRAM_ALLOWED_USERS 設定）",
};
const SIGNER: Text = {
  en: "the signer's files belong to the account: libraryPath and wasmExecPath, each with its sha256",
  "zh-TW": "簽章程式檔案屬於帳戶設定：libraryPath 與 wasmExecPath，各附 sha256",
};
const DERIVED: Text = { en: "it follows from the private key", "zh-TW": "可由私鑰推得" };
const BY_INDEX: Text = { en: "the account index names the account", "zh-TW": "以帳戶索引指定帳戶" };
const ALWAYS_CHECKED: Text = { en: "certificates are always checked", "zh-TW": "一律檢查憑證" };

function lighterNames(...suffixes: readonly string[]): string[] {
  return ["LIGHTER_", "LIGHTER_ROBINHOOD_", "LIGHTER_RH_"].flatMap((prefix) => suffixes.map((suffix) => prefix + suffix));
}

/** Variables that no account is made of, and why. */
export const IGNORED: readonly (readonly [readonly string[], Text])[] = [
  [["BACKPACK_API_URL", "BACKPACK_WS_URL", "BACKPACK_API_VERSION", "BASE_URL", "ASTER_BASE_URL", "ASTER_WS_URL"], OWN_ADDRESSES],
  [["PARADEX_BASE_URL", "PARADEX_WS_URL", "APEX_BASE_URL", "APEX_WS_URL", "STANDX_BASE_URL", "STANDX_WS_URL"], OWN_ADDRESSES],
  [["HYPERLIQUID_REST_URL", "HYPERLIQUID_WS_URL", ...lighterNames("BASE_URL", "WS_URL")], OWN_ADDRESSES],
  [["BACKPACK_DEFAULT_WINDOW", "PARADEX_SIGNATURE_TTL_SECONDS", "PARADEX_JWT_REFRESH_BUFFER"], OWN_TIMING],
  [ASTER_KEYS.names, ASTER_KEYS.why],
  [[...lighterNames("PUBLIC_KEY"), "HYPERLIQUID_SIGNER_ADDRESS"], DERIVED],
  [lighterNames("ADDRESS"), BY_INDEX],
  [lighterNames("SIGNER_LIB_DIR"), SIGNER],
  [lighterNames("VERIFY_SSL"), ALWAYS_CHECKED],
  [["HTTP_PROXY"], { en: "HTTPS_PROXY comes first", "zh-TW": "以 HTTPS_PROXY 為準" }],
  [["ENABLE_DATABASE", "DB_PATH", "LOG_FILE"], OWN_STORE],
  [["WEB_HOST", "WEB_PORT", "WEB_DEBUG", "WEB_API_BASE"], OWN_WEB],
  [["TELEGRAM_ENABLED", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "TELEGRAM_UPDATE_INTERVAL"], OWN_CHAT],
  [["TG_BOT_TOKEN", "TG_BOT_CHAT_ID"], OWN_CHAT],
];
