// Reads what an imported bot is: its id, exchange, strategy, kind of market and symbol.

import { basename } from "node:path";
import { BOT_ID } from "../../core/bot-config.ts";
import { plain, type Text } from "../../core/text.ts";
import type { Found, SeedBook } from "./book.ts";
import type { SeedGroup } from "./leaves.ts";
import { type Kind, toCcxtSymbol } from "./symbols.ts";
import { readValue } from "./values.ts";
import { MISSING, OLD_DEFAULT } from "./words.ts";

/** The old system's exchanges and what they are here. */
const EXCHANGES: Readonly<Record<string, string>> = {
  backpack: "backpack",
  aster: "aster",
  paradex: "paradex",
  lighter: "lighter",
  lighter_robinhood: "lighterrobinhood",
  apex: "apex",
  standx: "standx",
  hyperliquid: "hyperliquid",
};
const STRATEGIES = ["standard", "perp_standard", "maker_hedge", "grid", "perp_grid"] as const;

const PLACES: readonly SeedGroup[] = ["metadata", "arguments", "strategy", "exchange", "top"];

/** The products that an old bot can become. */
export type Product = "market_maker" | "perp_market_maker" | "maker_taker_hedge" | "grid" | "perp_grid";

export interface Identity {
  readonly exchange: string | null;
  readonly product: Product | null;
  readonly kind: Kind | null;
}

/** Reads the identity and writes it into the draft; what is missing or wrong is a fault. */
export function readIdentity(book: SeedBook, source: string): Identity {
  readId(book, source);
  const exchange = readExchange(book);
  const strategy = readStrategy(book);
  const kind = readKind(book, strategy);
  const product = productOf(book, strategy, kind);
  readSymbol(book, exchange, kind);
  return { exchange, product, kind };
}

/** A key of the identity: in its block, in the old command line, or at the top of a file that has no metadata. */
function look(book: SeedBook, name: string, to: string): Found | null {
  return book.find(PLACES, [name], to, book.has("metadata") ? "metadata" : undefined);
}

function miss(book: SeedBook, name: string, to: string): void {
  const key = book.has("arguments") ? `bot_args.--${name.replaceAll("_", "-")}` : book.has("metadata") ? `metadata.${name}` : name;
  book.miss(key, MISSING, to);
}

function readId(book: SeedBook, source: string): void {
  const found = book.find(["metadata", "top"], ["instance_id", "bot_id"], "id");
  if (found !== null) {
    const id = typeof found.value === "string" ? found.value.trim().toLowerCase() : "";
    if (BOT_ID.test(id)) book.map(found.leaf, "id", id);
    else book.refuse(found.leaf, NO_ID, "id");
    return;
  }
  const id = basename(source)
    .replace(/\.[^.]*$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "_");
  if (BOT_ID.test(id)) book.add("id", id, FROM_FILE);
  else book.miss("metadata.instance_id", noFileId(id), "id");
}

const NO_ID: Text = {
  en: "must start with a letter and hold at most 32 of a-z, 0-9, _ and -",
  "zh-TW": "必須以英文字母開頭，最多 32 個字元，只能含 a-z、0-9、_ 與 -",
};
const FROM_FILE: Text = {
  en: "the file's name, as the old daemon did it (--set id=NAME gives another)",
  "zh-TW": "採用檔名，與舊系統相同（可用 --set id=名稱 更改）",
};

function noFileId(id: string): Text {
  return {
    en: `is missing, and the file's name ${id.slice(0, 60)} makes no id (a letter first, at most 32 characters): add it, or give --set id=NAME`,
    "zh-TW": `缺少此欄位，而檔名 ${id.slice(0, 60)} 無法作為 id（以字母開頭，最多 32 個字元）：請補上，或使用 --set id=名稱`,
  };
}

function readExchange(book: SeedBook): string | null {
  const found = look(book, "exchange", "exchange");
  if (found === null) {
    if (book.has("arguments")) book.add("exchange", "backpack", OLD_DEFAULT);
    miss(book, "exchange", "exchange");
    const added = book.at("exchange");
    return typeof added === "string" ? added : null;
  }
  const read = readValue(Object.keys(EXCHANGES), typeof found.value === "string" ? found.value.toLowerCase() : found.value);
  if ("rule" in read) {
    book.refuse(found.leaf, read.rule, "exchange");
    return null;
  }
  const old = String(read.value);
  book.map(found.leaf, "exchange", EXCHANGES[old] ?? old);
  return EXCHANGES[old] ?? null;
}

/** The strategy's key and its value; the key is judged once the kind of market is known. */
interface OldStrategy {
  readonly found: Found | null;
  readonly name: string | null;
}

function readStrategy(book: SeedBook): OldStrategy {
  const found = look(book, "strategy", "strategy");
  if (found === null) {
    if (book.has("arguments") && !book.isSettled("strategy")) return { found: null, name: "standard" };
    miss(book, "strategy", "strategy");
    return { found: null, name: null };
  }
  const read = readValue(STRATEGIES, found.value);
  if ("value" in read) return { found, name: String(read.value) };
  book.refuse(found.leaf, found.value === "tri_hedge" ? TRI_HEDGE : read.rule, "strategy");
  return { found: null, name: null };
}

const TRI_HEDGE: Text = {
  en: "is tri_hedge, which trades volume between three accounts of one person and has no counterpart here",
  "zh-TW": "是 tri_hedge（同一人的三個帳戶互相刷量），這裡沒有對應的策略",
};

function readKind(book: SeedBook, strategy: OldStrategy): Kind | null {
  const found = look(book, "market_type", "kind");
  const isPerp = strategy.name === "perp_grid" || strategy.name === "perp_standard";
  if (found === null) {
    if (book.has("arguments")) return isPerp ? "perp" : "spot";
    miss(book, "market_type", "kind");
    return null;
  }
  const read = readValue(["spot", "perp"], found.value);
  const rule = "rule" in read ? read.rule : isPerp && read.value === "spot" ? notSpot(String(strategy.name)) : null;
  if (rule !== null || "rule" in read) {
    book.refuse(found.leaf, rule ?? MISSING, "kind");
    return null;
  }
  const kind = read.value === "perp" ? "perp" : "spot";
  book.ignore(found.leaf, KIND_TELLS);
  return kind;
}

const KIND_TELLS: Text = {
  en: "told which product and symbol are meant; here the symbol itself says so",
  "zh-TW": "已用來判斷產品與商品；這裡由 symbol 本身表示",
};

function notSpot(strategy: string): Text {
  return { en: `must be perp: ${strategy} trades perpetuals only`, "zh-TW": `必須是 perp：${strategy} 只交易永續合約` };
}

function productOf(book: SeedBook, { found, name }: OldStrategy, kind: Kind | null): Product | null {
  if (name === null) return null;
  const product = kind === null ? null : nameHere(name, kind);
  if (found === null) {
    if (product !== null) book.add("strategy", product, OLD_DEFAULT);
  } else if (product === null) book.ignore(found.leaf, NEEDS_KIND);
  else book.map(found.leaf, "strategy", product, name === "grid" && kind === "perp" ? PERP_GRID : plain(""));
  return product;
}

const NEEDS_KIND: Text = { en: "means a product only together with market_type", "zh-TW": "需與 market_type 一起才能判斷產品" };
const PERP_GRID: Text = {
  en: "grid on a perpetual is the perp grid; the old command line started the spot grid here",
  "zh-TW": "永續合約的 grid 即永續網格；舊系統在此會啟動現貨網格",
};

function nameHere(name: string, kind: Kind): Product {
  if (name === "maker_hedge") return "maker_taker_hedge";
  if (name === "standard" || name === "perp_standard") return kind === "perp" ? "perp_market_maker" : "market_maker";
  return kind === "perp" ? "perp_grid" : "grid";
}

function readSymbol(book: SeedBook, exchange: string | null, kind: Kind | null): void {
  const found = look(book, "symbol", "symbol");
  if (found === null) return miss(book, "symbol", "symbol");
  if (typeof found.value !== "string" || found.value.trim() === "") return book.refuse(found.leaf, NO_SYMBOL, "symbol");
  if (exchange === null || kind === null) return book.ignore(found.leaf, NEEDS_EXCHANGE);
  const translated = toCcxtSymbol(exchange, found.value, kind);
  if ("rule" in translated) book.refuse(found.leaf, translated.rule, "symbol");
  else book.map(found.leaf, "symbol", translated.symbol);
}

const NO_SYMBOL: Text = { en: "must be a symbol such as SOL_USDC_PERP", "zh-TW": "必須是商品代號，例如 SOL_USDC_PERP" };
const NEEDS_EXCHANGE: Text = {
  en: "can be read only once exchange and market_type are right",
  "zh-TW": "exchange 與 market_type 正確之後才能判讀",
};
