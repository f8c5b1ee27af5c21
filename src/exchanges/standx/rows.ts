// StandX's rows in ccxt's shapes: markets, orders, fills and positions as docs.standx.com shows them.

import { money } from "../../core/money.ts";
import { stepOf } from "../../core/units.ts";
import type { CcxtMarket, CcxtOrder, CcxtPosition, CcxtTrade, Params } from "../ccxt-loader.ts";
import { ExchangeReadError } from "../outcome.ts";
import { field, text } from "../quirks/fields.ts";

/** Everything is margined and settled in it. */
export const SETTLE = "DUSD";
/** How far the result of a position may be from quantity x (mark - entry), as a share of it: prices are rounded. */
const RESULT_TOLERANCE = "0.02";

export const STATUSES: Readonly<Record<string, "open" | "filled" | "canceled" | "rejected">> = {
  new: "open",
  open: "open",
  untriggered: "open",
  filled: "filled",
  canceled: "canceled",
  cancelled: "canceled",
  rejected: "rejected",
};

/** Epoch ms of `2025-08-11T03:35:25.559151Z`; undefined for anything else. */
export function timeOf(row: unknown, name: string): number | undefined {
  const at = Date.parse((text(row, name) ?? "").replace(/(\.\d{3})\d+Z$/, "$1Z"));
  return Number.isNaN(at) ? undefined : at;
}

/** A step from a count of decimals: 2 is 0.01. Throws for what is no count: 0 decimals are a step of 1. */
function stepFrom(row: unknown, name: string): string {
  const decimals = Number(text(row, name) ?? Number.NaN);
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 18)
    throw new ExchangeReadError("transient", `market ${text(row, "symbol")}: ${name} is not told`);
  const step = decimals === 0 ? "1" : `0.${"1".padStart(decimals, "0")}`;
  stepOf(step);
  return step;
}

/** `BTC-USD` is `BTC/USD:DUSD`. */
export function marketOf(row: unknown): Params {
  const id = text(row, "symbol") ?? "";
  const [base = "", quote = ""] = id.split("-");
  return {
    ...{ id, symbol: `${base}/${quote}:${SETTLE}`, base, quote, settle: SETTLE, baseId: base, quoteId: quote, settleId: SETTLE },
    ...{ type: "swap", spot: false, margin: false, swap: true, future: false, option: false, contract: true },
    ...{ linear: true, inverse: false, contractSize: "1", active: field(row, "enabled") === true },
    maker: text(row, "maker_fee") ?? undefined,
    taker: text(row, "taker_fee") ?? undefined,
    precision: { amount: stepFrom(row, "qty_tick_decimals"), price: stepFrom(row, "price_tick_decimals") },
    limits: {
      amount: { min: text(row, "min_order_qty") ?? undefined, max: text(row, "max_order_qty") ?? undefined },
      leverage: { max: text(row, "max_leverage") ?? undefined },
      price: {},
      cost: {},
    },
    info: row,
  };
}

export function orderOf(row: unknown, symbol: string | undefined): CcxtOrder {
  const optional: [keyof CcxtOrder, unknown][] = [
    ["id", text(row, "id")],
    ["clientOrderId", text(row, "cl_ord_id")],
    ["symbol", symbol],
    ["status", text(row, "status")],
    ["side", text(row, "side")],
    ["price", text(row, "price")],
    ["amount", text(row, "qty")],
    ["filled", text(row, "fill_qty")],
    ["timestamp", timeOf(row, "created_at")],
  ];
  const told = Object.fromEntries(optional.filter(([, value]) => value !== null && value !== undefined));
  return {
    ...told,
    postOnly: text(row, "time_in_force") === "alo",
    reduceOnly: field(row, "reduce_only") === true,
    info: row as Params,
  };
}

/** A fill. StandX does not say who made it: the rate that was paid does, as the market's two fees differ. */
export function tradeOf(row: unknown, market: CcxtMarket): CcxtTrade {
  const [price, amount, cost] = [text(row, "price"), text(row, "qty"), text(row, "fee_qty")];
  const timestamp = timeOf(row, "created_at");
  if (price === null || amount === null || cost === null || timestamp === undefined)
    throw new ExchangeReadError("transient", `fill ${text(row, "id")}: the exchange's answer has no price, quantity, fee or time`);
  const notional = money(price).times(amount);
  const rate = notional.eq(0) ? money("0") : money(cost).div(notional);
  const [maker, taker] = [money(market.maker ?? "0"), money(market.taker ?? "0")];
  const isMaker = rate.minus(maker).abs().lt(rate.minus(taker).abs());
  return {
    ...{ id: text(row, "id") ?? "", order: text(row, "order_id") ?? "", symbol: market.symbol, side: text(row, "side") ?? "" },
    ...{ price, amount, timestamp, takerOrMaker: isMaker ? "maker" : "taker" },
    fee: { cost, currency: text(row, "fee_asset") ?? SETTLE },
    info: row as Params,
  };
}

/**
 * A position. Nobody says whether a short's `qty` is negative: its own result tells, since upnl is quantity x (mark - entry).
 * Throws an ExchangeReadError while that cannot be told (mark at entry): better no answer than a wrong side.
 */
export function positionOf(row: unknown, symbol: string): CcxtPosition {
  const [told, entryPrice] = [money(text(row, "qty") ?? "0"), text(row, "entry_price")];
  const liquidationPrice = text(row, "liq_price");
  const rest = { symbol, ...(entryPrice === null ? {} : { entryPrice }), ...(liquidationPrice === null ? {} : { liquidationPrice }) };
  const signed = told.lte(0) ? told : told.times(signFrom(row, told.toFixed()));
  return { ...rest, contracts: signed.abs().toFixed(), side: signed.lt(0) ? "short" : "long", info: row as Params };
}

function signFrom(row: unknown, quantity: string): 1 | -1 {
  const [mark, entry, upnl] = [text(row, "mark_price"), text(row, "entry_price"), text(row, "upnl")];
  if (mark !== null && entry !== null && upnl !== null) {
    const asLong = money(mark).minus(entry).times(quantity);
    const near = money(upnl).abs().times(RESULT_TOLERANCE);
    if (!asLong.eq(0) && money(upnl).minus(asLong).abs().lte(near)) return 1;
    if (!asLong.eq(0) && money(upnl).plus(asLong).abs().lte(near)) return -1;
  }
  throw new ExchangeReadError("transient", `position ${text(row, "symbol")}: whether ${quantity} is long or short is not told`);
}
