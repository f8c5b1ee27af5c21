// Published payloads through ccxt's parsers and our normalization: every digit of price, quantity and fee must survive.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Instrument, toPrice, toQuantity } from "../../src/core/instrument.ts";
import { money } from "../../src/core/money.ts";
import type { CcxtMarket, CcxtOrder, CcxtPosition, CcxtTrade } from "../../src/exchanges/ccxt-loader.ts";
import { filledOf, fillOf, toBalances, toFill, toInstrument, toOpenOrder, toPosition } from "../../src/exchanges/normalize.ts";
import { binanceUpdate } from "../../src/exchanges/quirks/binance-family.ts";
import { field, text } from "../../src/exchanges/quirks/fields.ts";
import { isDust } from "../../src/exchanges/quirks/hyperliquid-answers.ts";
import { type Offline, offlineExchange } from "./offline-exchange.ts";

const FOLDER = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data", "ccxt-static");
const isThere = existsSync(join(FOLDER, "samples"));

type Raw = Readonly<Record<string, unknown>>;
interface Shape {
  /** Fields that a payload of this kind has. */
  readonly has: readonly string[];
  /** Raw names of what is compared. */
  readonly price: string;
  readonly quantity: string;
  readonly fee?: string;
  /** What is filled: its name, or how it follows. */
  readonly filled?: string | ((raw: Raw) => string);
  /** ccxt's parser wants the payload in this envelope. */
  readonly wrap?: (raw: Raw) => unknown;
}
interface Described {
  readonly files: readonly string[];
  /** Names the market of a payload: its id, whether it is spot, and base and quote. */
  readonly market: (raw: Raw) => { readonly id: string; readonly base: string; readonly quote: string; readonly spot: boolean };
  readonly fill: Shape;
  readonly order: Shape;
  readonly position: Shape | null;
  readonly parsePosition?: string;
  /** How many payloads of each kind the files hold. */
  readonly counts: { readonly fills: number; readonly orders: number; readonly positions: number };
}

const joined = (raw: Raw) => {
  const id = String(raw.symbol);
  const [, base = id, quote = "USDT"] = /^(.+?)(USDT|USDC|BUSD|USD|BTC|BNB|ETH)$/.exec(id) ?? [];
  return { id, base, quote, spot: false };
};
const underscored = (raw: Raw) => {
  const id = String(raw.symbol);
  const [base = "", quote = ""] = id.split("_");
  return { id, base, quote, spot: !id.endsWith("_PERP") };
};
const coin = (raw: Raw) => ({ id: String(raw.coin), base: String(raw.coin), quote: "USDC", spot: false });

const DESCRIBED: Readonly<Record<string, Described>> = {
  backpack: {
    files: ["samples/backpack.json"],
    market: underscored,
    fill: { has: ["tradeId", "orderId", "quantity", "price", "fee"], price: "price", quantity: "quantity", fee: "fee" },
    order: {
      has: ["orderType", "executedQuantity", "price", "id", "status"],
      price: "price",
      quantity: "quantity",
      filled: "executedQuantity",
    },
    position: { has: ["netQuantity", "entryPrice"], price: "entryPrice", quantity: "netQuantity" },
    counts: { fills: 1, orders: 1, positions: 1 },
  },
  aster: {
    files: ["samples/aster.json"],
    market: joined,
    fill: { has: ["commission", "orderId", "qty", "price"], price: "price", quantity: "qty", fee: "commission" },
    order: { has: ["orderId", "origQty", "executedQty", "status", "price"], price: "price", quantity: "origQty", filled: "executedQty" },
    position: { has: ["positionAmt", "entryPrice"], price: "entryPrice", quantity: "positionAmt" },
    parsePosition: "parsePositionRisk",
    counts: { fills: 1, orders: 0, positions: 1 },
  },
  paradex: {
    files: ["samples/paradex.json"],
    market: (raw) => {
      const id = String(raw.market);
      return { id, base: id.split("-")[0] ?? "", quote: "USD", spot: false };
    },
    fill: { has: ["order_id", "liquidity", "price", "size"], price: "price", quantity: "size", fee: "fee" },
    order: {
      ...{ has: ["remaining_size", "size", "price", "status", "type", "market"], price: "price", quantity: "size" },
      // One sample is NEW with nothing remaining; there ccxt believes the status.
      filled: (raw) =>
        raw.status === "NEW" && Number(raw.remaining_size) === 0
          ? "0"
          : money(String(raw.size)).minus(String(raw.remaining_size)).toFixed(),
    },
    position: { has: ["average_entry_price", "size", "market"], price: "average_entry_price", quantity: "size" },
    counts: { fills: 2, orders: 4, positions: 1 },
  },
  hyperliquid: {
    files: ["samples/hyperliquid.json", "samples/ws-hyperliquid.json", "nautilus/hyperliquid"],
    market: coin,
    fill: { has: ["tid", "oid", "px", "sz", "fee"], price: "px", quantity: "sz", fee: "fee" },
    order: {
      ...{ has: ["oid", "limitPx", "origSz", "sz"], price: "limitPx", quantity: "origSz" },
      filled: (raw) => money(String(raw.origSz)).minus(String(raw.sz)).toFixed(),
      wrap: (raw) => ({ order: raw, status: "open" }),
    },
    position: { has: ["szi", "entryPx", "coin"], price: "entryPx", quantity: "szi", wrap: (raw) => ({ position: raw, type: "oneWay" }) },
    counts: { fills: 9, orders: 4, positions: 1 },
  },
  binance: {
    files: ["samples/binance.json", "nautilus/binance/futures/http_json"],
    market: joined,
    fill: { has: ["commission", "orderId", "qty", "price", "symbol"], price: "price", quantity: "qty", fee: "commission" },
    order: {
      has: ["orderId", "origQty", "executedQty", "status", "price", "symbol"],
      price: "price",
      quantity: "origQty",
      filled: "executedQty",
    },
    position: { has: ["positionAmt", "entryPrice", "symbol", "liquidationPrice"], price: "entryPrice", quantity: "positionAmt" },
    parsePosition: "parsePositionRisk",
    counts: { fills: 6, orders: 23, positions: 4 },
  },
};

function textsOf(path: string): readonly string[] {
  const whole = join(FOLDER, path);
  if (whole.endsWith(".json")) return [readFileSync(whole, "utf8")];
  return readdirSync(whole)
    .filter((name) => name.endsWith(".json"))
    .map((name) => readFileSync(join(whole, name), "utf8"));
}

/** Every object of a shape, wherever it is in the files. */
function payloads(paths: readonly string[], has: readonly string[]): Raw[] {
  const found = new Map<string, Raw>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (has.every((name) => text(value, name) !== null)) found.set(JSON.stringify(value), value as Raw);
    for (const inner of Object.values(value)) walk(inner);
  };
  for (const part of paths.flatMap(textsOf)) walk(JSON.parse(part));
  return [...found.values()];
}

/** A market whose steps are finer than any digit of the samples. */
function marketOf({ base, id, quote, spot }: ReturnType<Described["market"]>): CcxtMarket & Raw {
  const kind = { type: spot ? "spot" : "swap", spot, swap: !spot, contract: !spot, future: false, option: false, margin: false };
  return {
    ...{
      id,
      base,
      quote,
      symbol: spot ? `${base}/${quote}` : `${base}/${quote}:${quote}`,
      baseId: base,
      quoteId: quote,
      baseName: base,
      active: true,
    },
    ...(spot ? {} : { settle: quote, settleId: quote, linear: true, inverse: false, contractSize: "1" }),
    ...kind,
    ...{ precision: { amount: "0.00000001", price: "0.0000000001" }, limits: { amount: {}, cost: {}, leverage: {} }, info: {} },
  };
}

interface Ready extends Offline {
  readonly instrumentOf: (raw: Raw) => { readonly instrument: Instrument; readonly market: CcxtMarket };
}

async function ready(id: string, { market }: Described, all: readonly Raw[]): Promise<Ready> {
  const offline = await offlineExchange(id, { config: { walletAddress: `0x${"1".repeat(40)}` } });
  const markets = new Map(all.map((raw) => [market(raw).id, marketOf(market(raw))]));
  offline.exchange.setMarkets?.([...markets.values()]);
  const instrumentOf = (raw: Raw) => {
    const found = markets.get(market(raw).id);
    if (found === undefined) throw new Error(`no market for ${JSON.stringify(raw).slice(0, 80)}`);
    return { instrument: toInstrument(found, offline.quirks, "one"), market: found };
  };
  return { ...offline, instrumentOf };
}

const same = (ours: string, raw: unknown): void => expect(money(ours).eq(money(String(raw))), `${ours} is not ${String(raw)}`).toBe(true);
const isPriced = (raw: Raw, { price, quantity }: Shape): boolean => Number(raw[price]) > 0 && text(raw, quantity) !== null;

describe.skipIf(!isThere)(`sample payloads (${isThere ? "found" : "missing: set BOTSWAIN_SHARED_DATA"})`, () => {
  it.each(Object.entries(DESCRIBED))("%s: fills, orders and positions keep their digits", async (id, described) => {
    const { counts, files, fill, order, position } = described;
    // Remainders below a lot that the exchange sold by itself are no fills of ours.
    const isListed = (raw: Raw): boolean => !/^(undefined|null)?$/.test(described.market(raw).id) && !isDust(raw);
    const fills = payloads(files, fill.has).filter((raw) => isListed(raw) && isPriced(raw, fill));
    const orders = payloads(files, order.has).filter((raw) => isListed(raw) && isPriced(raw, order));
    const positions = position === null ? [] : payloads(files, position.has).filter((raw) => isListed(raw) && isPriced(raw, position));
    const { exchange, instrumentOf, quirks } = await ready(id, described, [...fills, ...orders, ...positions]);
    for (const raw of fills) {
      const { instrument, market } = instrumentOf(raw);
      const trade = toFill(instrument, quirks, exchange.parseTrade?.(fill.wrap?.(raw) ?? raw, market) as CcxtTrade);
      same(toPrice(instrument, trade.price), raw[fill.price]);
      same(toQuantity(instrument, trade.quantity), raw[fill.quantity]);
      same(trade.fee, raw[fill.fee ?? ""]);
    }
    for (const raw of orders) {
      const { instrument, market } = instrumentOf(raw);
      const parsed = exchange.parseOrder?.(order.wrap?.(raw) ?? raw, market) as CcxtOrder;
      const open = toOpenOrder(instrument, quirks, parsed);
      same(toPrice(instrument, open?.price ?? (0 as never)), raw[order.price]);
      same(toQuantity(instrument, open?.quantity ?? (0 as never)), raw[order.quantity]);
      const filled = typeof order.filled === "function" ? order.filled(raw) : raw[order.filled ?? ""];
      same(toQuantity(instrument, filledOf(instrument, parsed) ?? (-1 as never)), filled);
      expect(quirks.statusOf(parsed)).not.toBeNull();
    }
    for (const raw of positions) {
      const { instrument, market } = instrumentOf(raw);
      const parse = exchange[described.parsePosition ?? "parsePosition"]?.bind(exchange);
      const held = toPosition(instrument, quirks, parse?.(position?.wrap?.(raw) ?? raw, market) as CcxtPosition);
      same(toQuantity(instrument, held.quantity), raw[position?.quantity ?? ""]);
      if (held.averageEntryPrice !== null) same(held.averageEntryPrice, raw[position?.price ?? ""]);
    }
    expect({ fills: fills.length, orders: orders.length, positions: positions.length }).toEqual(counts);
  });

  it.each([
    ["aster", ["samples/ws-aster.json"], 2],
    ["binance", ["samples/ws-binance.json", "nautilus/binance/futures/user_data_json", "nautilus/binance/spot/user_data_json"], 7],
  ] as const)("%s: fills of the stream keep their digits", async (id, files, count) => {
    const executions = payloads(files, ["x", "X", "i", "l", "L", "t", "s"]).filter((raw) => raw.x === "TRADE");
    const symbolic = executions.map((raw) => ({ ...raw, symbol: raw.s }));
    const { instrumentOf, quirks } = await ready(id, DESCRIBED[id] as Described, symbolic);
    for (const raw of symbolic as Raw[]) {
      const { instrument } = instrumentOf(raw);
      const update = binanceUpdate(raw, instrument.ref.symbol);
      const fill = update === null ? null : fillOf(instrument, quirks, update);
      same(toPrice(instrument, fill?.price ?? (0 as never)), raw.L);
      same(toQuantity(instrument, fill?.quantity ?? (0 as never)), raw.l);
      same(fill?.fee ?? "", raw.n ?? "0");
      expect(fill?.tradeId).toBe(String(raw.t));
    }
    expect(executions).toHaveLength(count);
  });

  it("backpack: a raw order message is handed on whole", async () => {
    const [raw] = payloads(["samples/ws-backpack.json"], ["e", "i", "l", "L", "t", "z"]).filter(({ e }) => e === "orderFill");
    const market = { symbol: String(raw?.s) };
    const { exchange, instrumentOf, quirks, updates } = await ready("backpack", DESCRIBED.backpack as Described, [market]);
    exchange.handleOrder({ resolve: () => undefined } as never, { data: raw });
    const { instrument } = instrumentOf(market);
    const fill = updates[0] === undefined ? null : fillOf(instrument, quirks, updates[0]);
    expect(fill).toMatchObject({ tradeId: "2888471", fee: "0.000001", feeCurrency: "ETH", liquidity: "taker" });
    same(toPrice(instrument, fill?.price ?? (0 as never)), "4299.16");
    same(toQuantity(instrument, fill?.quantity ?? (0 as never)), "0.0010");
  });

  it("balances keep their digits", async () => {
    const backpack = await offlineExchange("backpack");
    const [answer] = field(JSON.parse(textsOf("samples/backpack.json")[0] ?? ""), "parseBalance") as readonly unknown[];
    expect(toBalances(backpack.exchange.parseBalance?.(answer))).toEqual([{ currency: "USDC", total: "120", free: "120" }]);
    const spot = JSON.parse(textsOf("nautilus/hyperliquid/http_spot_clearinghouse_state.json")[0] ?? "") as {
      readonly balances: readonly Readonly<Record<string, string>>[];
    };
    const config = { walletAddress: `0x${"1".repeat(40)}`, options: { enableUnifiedMargin: true } };
    const hyperliquid = await offlineExchange("hyperliquid", { config, answer: () => spot });
    const totals = toBalances(await hyperliquid.quirks.balances(hyperliquid.exchange)).map(({ total }) => total);
    expect(totals.length).toBeGreaterThan(0);
    spot.balances.forEach(({ total }, index) => void same(totals[index] ?? "", total));
  });
});
