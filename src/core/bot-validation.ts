// The one gate for a bot's configuration from chat, file or web: everything that is wrong with it, at once.

import { type BotConfig, botConfigSchema } from "./bot-config.ts";
import { type BotProduct, PRODUCTS, productNamed } from "./bot-products.ts";
import { streamsOf } from "./bot-quotas.ts";
import { nearestNames } from "./chat/nearest-names.ts";
import { type Fault, faultsIn } from "./fault-words.ts";
import { type InstrumentRef, refKey } from "./instrument.ts";
import { paramFields } from "./param-fields.ts";
import type { Strategy } from "./strategy.ts";
import { type Text, UserError } from "./text.ts";

export type Validation =
  | { readonly ok: true; readonly config: BotConfig; readonly strategy: Strategy; readonly params: unknown }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Settled in its quote, or quoted in dollars and settled in a coin of dollars, as Paradex lists them. */
const PERP = /^[\w.$-]+\/(?:([\w.$-]+):\1|USD:(?:USDC|USDT|DUSD))$/;
const SPOT = /^[\w.$-]+\/[\w.$-]+$/;

/**
 * Checks a configuration whole: its own fields, the strategy's parameters, and the rules between fields of both. The config
 * returned carries the strategy's file name and its own defaults filled in; `params` are parsed.
 */
export function validateBot(config: unknown, strategies: ReadonlyMap<string, Strategy>): Validation {
  const parsed = botConfigSchema.safeParse(config);
  const faults = parsed.success ? [] : faultsIn(parsed.error, config, Object.keys(botConfigSchema.shape));
  const chosen = choose(config, strategies);
  if ("fault" in chosen) faults.push(...(chosen.fault === null ? [] : [chosen.fault]));
  else faults.push(...symbolFaults(config, chosen.product), ...paramFaults(chosen.strategy, chosen.params));
  if (!parsed.success || "fault" in chosen || faults.length > 0) return { ok: false, faults };
  const { strategy } = chosen;
  const params = strategy.params.parse(chosen.params);
  const complete: BotConfig = { ...parsed.data, strategy: strategy.name, params: chosen.params };
  const crossed = legFaults(complete, strategy, params);
  return crossed.length > 0 ? { ok: false, faults: crossed } : { ok: true, config: complete, strategy, params };
}

interface Chosen {
  readonly strategy: Strategy;
  readonly product: BotProduct | undefined;
  /** As given, over the product's own. */
  readonly params: Record<string, unknown>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The strategy that a configuration means; a fault of null is one that the schema has named already. */
function choose(config: unknown, strategies: ReadonlyMap<string, Strategy>): Chosen | { readonly fault: Fault | null } {
  const { strategy: name, params } = isRecord(config) ? config : {};
  if (typeof name !== "string" || name === "") return { fault: null };
  const product = productNamed(name);
  const strategy = strategies.get(product?.strategy ?? name);
  if (strategy === undefined) return { fault: { path: "strategy", value: name, rule: unknownStrategy(name, strategies) } };
  if (!isRecord(params)) return { fault: null };
  return { strategy, product, params: { ...product?.params, ...params } };
}

function unknownStrategy(name: string, strategies: ReadonlyMap<string, Strategy>): Text {
  const products = PRODUCTS.filter((product) => strategies.has(product.strategy)).map((product) => product.name);
  const names = [...new Set([...products, ...strategies.keys()])];
  const near = nearestNames(name, names)[0];
  return {
    en: `is no strategy${near === undefined ? "" : ` (did you mean ${near}?)`}; there are ${names.join(", ")}`,
    "zh-TW": `不是可用的策略${near === undefined ? "" : `（你是指 ${near} 嗎？）`}；可用的有 ${names.join("、")}`,
  };
}

/** What kind of instrument a ccxt symbol names; null for what we do not trade. */
export function kindOfSymbol(symbol: string): "spot" | "perp" | null {
  if (SPOT.test(symbol)) return "spot";
  return PERP.test(symbol) ? "perp" : null;
}

function symbolFaults(config: unknown, product: BotProduct | undefined): Fault[] {
  const symbol = isRecord(config) ? config.symbol : undefined;
  if (typeof symbol !== "string" || symbol.length < 3) return [];
  const kind = kindOfSymbol(symbol);
  if (kind === null) return [{ path: "symbol", value: symbol, rule: WRONG_SYMBOL }];
  if (product === undefined || product.kind === "either" || product.kind === kind) return [];
  return [{ path: "symbol", value: symbol, rule: product.kind === "perp" ? notPerp(symbol, product.name) : notSpot(symbol, product.name) }];
}

const WRONG_SYMBOL: Text = {
  en: "must be a spot symbol such as ETH/USDC or a linear perpetual such as ETH/USDC:USDC (inverse and dated contracts are not traded)",
  "zh-TW": "必須是現貨（例如 ETH/USDC）或 U 本位永續合約（例如 ETH/USDC:USDC）；不支援幣本位與有到期日的合約",
};

function notPerp(symbol: string, product: string): Text {
  const quote = symbol.split("/")[1] ?? "";
  return {
    en: `symbol ${symbol} is spot, but ${product} trades perpetuals such as ${symbol}:${quote}`,
    "zh-TW": `symbol ${symbol} 是現貨，但 ${product} 交易永續合約，例如 ${symbol}:${quote}`,
  };
}

function notSpot(symbol: string, product: string): Text {
  const spot = symbol.split(":")[0] ?? "";
  return {
    en: `symbol ${symbol} is a perpetual, but ${product} trades spot such as ${spot}`,
    "zh-TW": `symbol ${symbol} 是永續合約，但 ${product} 交易現貨，例如 ${spot}`,
  };
}

/**
 * Faults of the strategy's parameters. zod stays silent about rules between fields while one field is wrong, so the wrong ones
 * are put aside (the strategy's example stands in) and the rest is judged again, without the rules that speak of those put aside.
 */
function paramFaults(strategy: Strategy, params: Record<string, unknown>): Fault[] {
  const first = strategy.params.safeParse(params);
  if (first.success) return [];
  const known = paramFields(strategy.params).map(({ name }) => name);
  const faults = faultsIn(first.error, params, known);
  const wrong = new Set(faults.map(fieldOf).filter((name) => name !== ""));
  const kept = Object.entries(params).filter(([name]) => !wrong.has(name));
  const standIns = Object.entries(strategy.example).filter(([name]) => wrong.has(name));
  const rest = { ...Object.fromEntries(kept), ...Object.fromEntries(standIns) };
  const second = strategy.params.safeParse(rest);
  const later = second.success ? [] : faultsIn(second.error, rest, known);
  const isNews = (fault: Fault): boolean =>
    !wrong.has(fieldOf(fault)) &&
    !fault.rule.en.split(/\W+/).some((word) => wrong.has(word)) &&
    !faults.some(({ path, rule }) => path === fault.path && rule.en === fault.rule.en);
  return [...faults, ...later.filter(isNews)].map((fault) => ({
    ...fault,
    path: fault.path === "" ? "params" : `params.${fault.path}`,
  }));
}

function fieldOf({ path }: Fault): string {
  return path.split(".")[0] ?? "";
}

/** Rules between the bot's limits and the instruments that its strategy trades. */
function legFaults(config: BotConfig, strategy: Strategy, params: unknown): Fault[] {
  const home: InstrumentRef = { exchange: config.exchange, account: config.account, symbol: config.symbol };
  let legs: Readonly<Record<string, InstrumentRef>>;
  try {
    legs = strategy.legs(params, home);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [{ path: "params", value: config.params, rule: error.text }];
  }
  const { maxPosition, symbols } = config.risk;
  const faults: Fault[] = perpFaults(config, params, legs);
  if (typeof maxPosition !== "string") {
    const named = Object.keys(maxPosition);
    const wanted = Object.keys(legs);
    for (const leg of named.filter((name) => !wanted.includes(name)))
      faults.push({ path: `risk.maxPosition.${leg}`, value: maxPosition[leg], rule: noSuchLeg(leg, wanted) });
    for (const leg of wanted.filter((name) => !named.includes(name)))
      faults.push({ path: `risk.maxPosition.${leg}`, value: undefined, rule: { en: "is missing", "zh-TW": "缺少此欄位" } });
  }
  const needed = streamsOf(legs);
  if (needed > config.quotas.streams) faults.push({ path: "quotas.streams", value: config.quotas.streams, rule: tooFewStreams(needed) });
  const entries = Object.entries(legs);
  for (const [index, [leg, ref]] of entries.entries()) {
    const twin = entries.slice(0, index).find(([, other]) => refKey(other) === refKey(ref));
    if (twin !== undefined) faults.push({ path: "params", value: ref.symbol, rule: sameInstrument(twin[0], leg, refKey(ref)) });
    if (kindOfSymbol(ref.symbol) === null) faults.push({ path: "params", value: ref.symbol, rule: wrongLeg(leg, ref.symbol) });
    if (symbols !== undefined && !symbols.includes(ref.symbol))
      faults.push({ path: "risk.symbols", value: symbols, rule: notAllowed(leg, ref.symbol) });
  }
  return faults;
}

/** `params.leverage` sizes orders, `perp.leverage` is what the exchange is told: the first must fit into the second. */
function perpFaults({ perp }: BotConfig, params: unknown, legs: Readonly<Record<string, InstrumentRef>>): Fault[] {
  if (perp === undefined) return [];
  if (!Object.values(legs).some(({ symbol }) => kindOfSymbol(symbol) === "perp")) return [{ path: "perp", value: perp, rule: NO_PERP }];
  const sized = Number(isRecord(params) ? params.leverage : undefined);
  if (perp.leverage === undefined || !(sized > perp.leverage)) return [];
  return [{ path: "perp.leverage", value: perp.leverage, rule: belowSizing(sized) }];
}

const NO_PERP: Text = {
  en: "must be absent: the bot trades no perpetual",
  "zh-TW": "必須移除：這個機器人不交易永續合約",
};

function belowSizing(sized: number): Text {
  return {
    en: `must be at least params.leverage, ${sized}: orders are sized by that, and the exchange would refuse them`,
    "zh-TW": `必須至少等於 params.leverage（${sized}）：下單數量依此計算，否則會被交易所拒絕`,
  };
}

function tooFewStreams(needed: number): Text {
  return {
    en: `must be at least ${needed}: this bot subscribes to ${needed} streams (orders, books, mark prices)`,
    "zh-TW": `必須至少為 ${needed}：這個機器人會訂閱 ${needed} 個即時資料流（委託、掛單簿、標記價格）`,
  };
}

function noSuchLeg(leg: string, legs: readonly string[]): Text {
  return {
    en: `${leg} is no leg of this bot; it has ${legs.join(", ")}`,
    "zh-TW": `${leg} 不是這個機器人的交易腿；它有 ${legs.join("、")}`,
  };
}

function sameInstrument(first: string, second: string, instrument: string): Text {
  return {
    en: `the legs ${first} and ${second} both trade ${instrument}; each leg needs an instrument of its own`,
    "zh-TW": `${first} 與 ${second} 兩腿都交易 ${instrument}；每一腿必須使用不同的商品`,
  };
}

function wrongLeg(leg: string, symbol: string): Text {
  return { en: `the ${leg} leg's symbol ${symbol} ${WRONG_SYMBOL.en}`, "zh-TW": `${leg} 腿的 symbol ${symbol} ${WRONG_SYMBOL["zh-TW"]}` };
}

function notAllowed(leg: string, symbol: string): Text {
  return {
    en: `risk.symbols does not hold ${symbol}, which the ${leg} leg trades`,
    "zh-TW": `risk.symbols 沒有 ${leg} 腿所交易的 ${symbol}`,
  };
}
