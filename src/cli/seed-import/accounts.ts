// Finds out which account an old bot used: from the names of the variables that its secrets stood in, never from a secret itself.

import { isSecretName } from "../../core/config-secrets.ts";
import type { Text } from "../../core/text.ts";
import { SIM_ACCOUNT } from "../account-name.ts";
import { ASTER_KEYS } from "../account-seed-sets.ts";
import type { SeedBook } from "./book.ts";
import { isAddressName, judgeAddress } from "./hosts.ts";
import type { Identity } from "./identity.ts";
import type { Leaf, SeedGroup } from "./leaves.ts";
import { SECRET_INSIDE } from "./words.ts";

/** Keys that an account consists of, beside those whose name says that they are secret. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  ...[
    "account_index",
    "account_address",
    "address",
    "zk_seeds",
    "seeds",
    "session_id",
    "signer_address",
    "vault_address",
    "wallet_address",
  ],
  ...["chain_id", "api_key_index", "api_key", "secret_key", "api_private_key", "private_key", "passphrase", "api_token", "signing_key"],
]);
/** Of these, the ones that are no secret although they may be called key. */
const OPEN: ReadonlySet<string> = new Set([
  ...["account_index", "account_address", "address", "signer_address", "vault_address", "wallet_address", "chain_id", "api_key_index"],
]);

const WINDOW: Text = {
  en: "signed requests live as briefly as the exchange allows, at most 2 s",
  "zh-TW": "簽章請求的有效時間由 Botswain 決定，最長 2 秒",
};
const SIGNER: Text = {
  en: "the signer's files belong to the account (botswain account add lighter NAME)",
  "zh-TW": "簽章程式檔案屬於帳戶（botswain account add lighter 名稱）",
};
const PROXY: Text = {
  en: "a proxy belongs to the account (botswain account add asks for it)",
  "zh-TW": "代理屬於帳戶設定（於 botswain account add 輸入）",
};

/** Keys of the exchange that are done elsewhere here. */
const ELSEWHERE: ReadonlyMap<string, Text> = new Map([
  ["api_version", { en: "the version of the exchange's interface is built in", "zh-TW": "交易所介面的版本已內建" }],
  ...["default_window", "window", "signature_ttl_seconds", "jwt_refresh_buffer"].map((name): [string, Text] => [name, WINDOW]),
  ["verify_ssl", { en: "certificates are always checked", "zh-TW": "一律檢查憑證" }],
  ["signer_lib_dir", SIGNER],
  ["public_key", { en: "it follows from the private key", "zh-TW": "可由私鑰推得" }],
  ...["proxy", "http_proxy", "https_proxy"].map((name): [string, Text] => [name, PROXY]),
]);

/** Words of a variable's name that do not tell one account from another. */
const COMMON =
  /^(API|KEY|SECRET|PRIVATE|PASSPHRASE|ACCOUNT|ADDRESS|INDEX|ZK|SEEDS|CHAIN|ID|TOKEN|JWT|SIGNING|SIGNER|SESSION|WALLET|VAULT)$/;
const REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** Judges every key of the exchange's block and of credentials elsewhere, and names the bot's account. */
export function readAccount(book: SeedBook, identity: Identity): void {
  const { exchange } = identity;
  const age = book.find(["exchange"], ["ws_data_stale_seconds"], "risk.maxBookAgeMs");
  if (age !== null) {
    const seconds = Number(age.value);
    const ms = Math.round(seconds * 1_000);
    if (Number.isFinite(seconds) && ms > 0) book.map(age.leaf, "risk.maxBookAgeMs", ms);
    else book.refuse(age.leaf, NO_SECONDS, "risk.maxBookAgeMs");
  }
  const groups: readonly SeedGroup[] = ["exchange", "arguments", "top"];
  for (const group of groups)
    for (const leaf of book.left(group)) {
      const why = group === "exchange" ? ELSEWHERE.get(leaf.name) : undefined;
      if (isCredential(leaf.name)) judgeCredential(book, leaf, identity);
      else if (group === "exchange" && isAddressName(leaf.name)) judgeAddress(book, leaf, exchange);
      else if (why !== undefined) book.ignore(leaf, why);
    }
  if (exchange !== null) book.add("account", accountFor(book, identity, null), mainAccount(exchange));
}

const NO_SECONDS: Text = { en: "must be a number of seconds above 0", "zh-TW": "必須是大於 0 的秒數" };

/** True for a key that holds a part of an account. */
export function isCredential(name: string): boolean {
  return CREDENTIALS.has(name) || (isSecretName(name) && name !== "public_key");
}

function judgeCredential(book: SeedBook, leaf: Leaf, identity: Identity): void {
  const { exchange } = identity;
  const { value, name } = leaf;
  if (value === null || value === "") return book.ignore(leaf, NOT_GIVEN);
  const variable = typeof value === "string" ? REFERENCE.exec(value)?.[1] : undefined;
  const isOpen =
    OPEN.has(name) &&
    (typeof value === "number" || (typeof value === "string" && /^(\d{1,15}|0x[0-9a-fA-F]{1,64}|\$\{\w+(:-\w{0,42})?\})$/.test(value)));
  if (variable === undefined && !isOpen) return book.refuse(leaf, SECRET_INSIDE);
  if (name === "chain_id" && String(value) === "300" && book.at("mode") === "live") return book.refuse(leaf, TESTNET_CHAIN);
  if (exchange === null) return book.ignore(leaf, NEEDS_EXCHANGE);
  const account = accountFor(book, identity, variable ?? null);
  const before = book.at("account");
  if (before !== undefined && before !== account && !book.options.overrides.has("account"))
    return book.refuse(leaf, otherAccount(String(before), account), "account");
  book.map(leaf, "account", account, exchange === "aster" ? ASTER_KEYS.why : ofAccount(exchange, account));
}

const NOT_GIVEN: Text = { en: "is empty: credentials belong to the account", "zh-TW": "是空的：憑證屬於帳戶" };
const NEEDS_EXCHANGE: Text = { en: "names an account only once exchange is right", "zh-TW": "exchange 正確之後才能判斷帳戶" };
const TESTNET_CHAIN: Text = {
  en: "is the testnet's chain, but --mode live trades real money; choose --mode testnet",
  "zh-TW": "是測試網的鏈，但 --mode live 會以真實資金交易；請改用 --mode testnet",
};

/** `BACKPACK_KEY` is the account main, `BACKPACK_KEY_2` another one. */
function accountFor(book: SeedBook, { exchange }: Identity, variable: string | null): string {
  if (book.at("mode") === "sim") return SIM_ACCOUNT;
  const own = (exchange === "lighterrobinhood" ? ["LIGHTER", "ROBINHOOD", "RH"] : [exchange ?? ""]).map((word) => word.toUpperCase());
  const words = (variable ?? "")
    .toUpperCase()
    .split("_")
    .filter((word) => word !== "" && !own.includes(word) && !COMMON.test(word));
  if (words.length === 0) return "main";
  const name = words.join("_").toLowerCase();
  return (/^[a-z]/.test(name) && name !== SIM_ACCOUNT ? name : `account_${name}`).slice(0, 32);
}

function ofAccount(exchange: string, account: string): Text {
  if (account === SIM_ACCOUNT) return { en: "mode sim uses the simulated exchange's account", "zh-TW": "sim 模式使用模擬交易所的帳戶" };
  const fromEnv =
    account === "main"
      ? { en: " (or botswain account import-env --file .env)", "zh-TW": "（或 botswain account import-env --file .env）" }
      : { en: "", "zh-TW": "" };
  return {
    en: `belongs to the account: botswain account add ${exchange} ${account}${fromEnv.en}`,
    "zh-TW": `屬於帳戶：botswain account add ${exchange} ${account}${fromEnv["zh-TW"]}`,
  };
}

function mainAccount(exchange: string): Text {
  return {
    en: `the file names no account, and the old system had one per exchange: botswain account add ${exchange} NAME, or account import-env`,
    "zh-TW": `檔案未指定帳戶，舊系統每個交易所只有一組：請執行 botswain account add ${exchange} 名稱，或 account import-env`,
  };
}

function otherAccount(first: string, second: string): Text {
  return {
    en: `is for the account ${second}, but the keys before it name ${first}; a bot has one account`,
    "zh-TW": `指向帳戶 ${second}，但前面的鍵指向 ${first}；一個機器人只有一個帳戶`,
  };
}
