// Turns ccxt's structures into ours: decimal strings at the border, whole ticks and lots inside.

import type { ExchangeFill, OpenOrder } from "../core/events.ts";
import { type Instrument, toLots, toTicks } from "../core/instrument.ts";
import { money, text } from "../core/money.ts";
import type { Balance, Position } from "../core/ports.ts";
import { fromSteps, type Lots, stepOf } from "../core/units.ts";
import type { CcxtMarket, CcxtOrder, CcxtPosition, CcxtTrade } from "./ccxt-loader.ts";
import { ExchangeReadError } from "./outcome.ts";
import type { OrderUpdate, Quirks } from "./quirks.ts";

/** A row that lacks what it must have. Better no answer than a wrong one. */
function incomplete(what: string, field: string): ExchangeReadError {
  return new ExchangeReadError("transient", `${what}: the exchange's answer has no ${field}`);
}

function needed<T>(value: T | null | undefined, what: string, field: string): T {
  if (value === null || value === undefined || value === "") throw incomplete(what, field);
  return value;
}

/** A step as a plain decimal: "1e-8" becomes "0.00000001". */
function plainStep(step: string): string {
  return fromSteps(1, stepOf(step));
}

/** The instrument of a market, its steps exact. Throws an ExchangeReadError when a step is missing. */
export function toInstrument(market: CcxtMarket, quirks: Quirks, account: string): Instrument {
  const what = `market ${market.symbol}`;
  const kind = market.spot === true ? "spot" : "perp";
  // An inverse contract is an amount of money: it has no fixed quantity of the base.
  if (kind === "perp" && market.linear === false) throw new ExchangeReadError("rejected", `${what} is inverse, which is not traded here`);
  const contractSize = String(market.contractSize ?? "1");
  const tickSize = plainStep(needed(market.precision.price, what, "tick size"));
  const lotSize = plainStep(text(money(needed(market.precision.amount, what, "lot size")).times(contractSize)));
  const minNotional = text(money(market.limits.cost?.min ?? "0"));
  const fees = quirks.defaultFees[kind];
  const maxLeverage = quirks.maxLeverage(market);
  const steps = { tickSize, lotSize };
  const draft: Instrument = {
    ref: { exchange: quirks.id, account, symbol: market.symbol },
    revision: "",
    kind,
    base: market.base,
    quote: market.quote,
    settle: market.settle ?? market.quote,
    ...steps,
    minQuantity: 1 as Lots,
    minNotional,
    contractSize,
    makerFee: market.maker ?? fees.maker,
    takerFee: market.taker ?? fees.taker,
    ...(maxLeverage === null ? {} : { maxLeverage }),
  };
  const minimum = text(money(market.limits.amount?.min ?? "0").times(contractSize));
  const minQuantity = Math.max(1, toLots(draft, minimum, "up")) as Lots;
  return { ...draft, minQuantity, revision: `${tickSize}|${lotSize}|${minQuantity}|${minNotional}` };
}

/** ccxt counts contracts; we count base units. */
export function inBase(instrument: Instrument, quantity: string): string {
  return instrument.contractSize === "1" ? quantity : text(money(quantity).times(instrument.contractSize));
}

/** We count base units; ccxt takes contracts. Exact, because a lot is a whole number of its amount steps. */
export function toContracts(instrument: Instrument, quantity: string): string {
  return instrument.contractSize === "1" ? quantity : text(money(quantity).div(instrument.contractSize));
}

/** The cumulative filled quantity of an order in an answer, or null when it does not tell. */
export function filledOf(instrument: Instrument, order: CcxtOrder): Lots | null {
  return order.filled === undefined ? null : toLots(instrument, inBase(instrument, order.filled), "nearest");
}

/** An open order, or null for one without a price: a trigger order of a person, none of ours. */
export function toOpenOrder(instrument: Instrument, quirks: Quirks, order: CcxtOrder): OpenOrder | null {
  const what = `open order ${order.id ?? "?"}`;
  if (order.price === undefined || order.amount === undefined) return null;
  return {
    symbol: instrument.ref.symbol,
    clientOrderId: ownOrForeign(quirks, order.clientOrderId),
    exchangeOrderId: needed(order.id, what, "id"),
    side: sideOf(order.side, what),
    // A person may have chosen steps that are finer than ours were when the market was read.
    price: toTicks(instrument, order.price, "nearest"),
    quantity: toLots(instrument, inBase(instrument, order.amount), "nearest"),
    filledQuantity: filledOf(instrument, order) ?? (0 as Lots),
    postOnly: quirks.isPostOnly(order),
    reduceOnly: order.reduceOnly === true,
    at: order.timestamp ?? 0,
  };
}

/** A fill of the history. Throws when it lacks what identifies or values it. */
export function toFill(instrument: Instrument, quirks: Quirks, trade: CcxtTrade): ExchangeFill {
  const what = `fill ${trade.id ?? "?"}`;
  return {
    symbol: instrument.ref.symbol,
    tradeId: needed(trade.id, what, "trade id"),
    exchangeOrderId: needed(trade.order, what, "order id"),
    clientOrderId: ownOrForeign(quirks, quirks.clientOrderIdOf(trade)),
    side: sideOf(trade.side, what),
    price: toTicks(instrument, needed(trade.price, what, "price"), "nearest"),
    quantity: toLots(instrument, inBase(instrument, needed(trade.amount, what, "quantity")), "nearest"),
    fee: trade.fee?.cost ?? "0",
    feeCurrency: trade.fee?.currency ?? instrument.settle,
    liquidity: trade.takerOrMaker === "maker" ? "maker" : "taker",
    at: needed(trade.timestamp, what, "time"),
  };
}

/** Our id when it is one; another's as it is, so that a person recognises it. */
export function ownOrForeign(quirks: Quirks, id: string | null | undefined): string | null {
  return id === null || id === undefined || id === "" ? null : (quirks.idIn(id) ?? id);
}

/** The fill inside a stream message, or null when the message carries none. */
export function fillOf(instrument: Instrument, quirks: Quirks, update: OrderUpdate): ExchangeFill | null {
  if (update.fill === null) return null;
  return {
    symbol: update.symbol,
    tradeId: update.fill.tradeId,
    exchangeOrderId: update.exchangeOrderId,
    clientOrderId: ownOrForeign(quirks, update.clientOrderId),
    side: update.side,
    price: toTicks(instrument, update.fill.price, "nearest"),
    quantity: toLots(instrument, inBase(instrument, update.fill.quantity), "nearest"),
    fee: update.fill.fee,
    feeCurrency: update.fill.feeCurrency === "" ? instrument.settle : update.fill.feeCurrency,
    liquidity: update.fill.isMaker ? "maker" : "taker",
    at: update.at,
  };
}

/** The quantity at a price of the book; undefined for one that rounds to nothing. */
export function toTouchQuantity(instrument: Instrument, quantity: number | undefined): Lots | undefined {
  if (quantity === undefined || !Number.isFinite(quantity)) return undefined;
  const lots = toLots(instrument, inBase(instrument, String(quantity)), "nearest");
  return lots > 0 ? lots : undefined;
}

export function toPosition(instrument: Instrument, quirks: Quirks, position: CcxtPosition): Position {
  const quantity = toLots(instrument, inBase(instrument, quirks.positionQuantity(position)), "nearest");
  const averageEntryPrice = quantity === 0 ? null : (position.entryPrice ?? null);
  return { symbol: instrument.ref.symbol, quantity, averageEntryPrice, liquidationPrice: liquidationPriceOf(position) };
}

/** Exchanges write 0 where a position cannot be liquidated. */
function liquidationPriceOf({ liquidationPrice }: CcxtPosition): string | null {
  return liquidationPrice !== undefined && money(liquidationPrice).gt(0) ? liquidationPrice : null;
}

/** Balances of ccxt's `{ USDC: { free, used, total }, … }`; the exchange's totals beside them are skipped. */
export function toBalances(answer: unknown): Balance[] {
  if (typeof answer !== "object" || answer === null) throw incomplete("balances", "currencies");
  const balances: Balance[] = [];
  for (const [currency, value] of Object.entries(answer)) {
    if (["info", "free", "used", "total", "debt", "timestamp", "datetime"].includes(currency)) continue;
    const { free, total } = value as { readonly free?: unknown; readonly total?: unknown };
    if (free === undefined || total === undefined) throw incomplete(`balance of ${currency}`, free === undefined ? "free" : "total");
    balances.push({ currency, total: text(money(String(total))), free: text(money(String(free))) });
  }
  return balances;
}

function sideOf(side: string | undefined, what: string): "buy" | "sell" {
  if (side !== "buy" && side !== "sell") throw incomplete(what, "side");
  return side;
}
