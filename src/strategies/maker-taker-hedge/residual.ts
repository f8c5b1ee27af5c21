// The residual ledger: what the maker leg has taken on and the hedge has not yet given back, exact in base units.

import { type Instrument, toLots, toPrice, toQuantity } from "../../core/instrument.ts";
import { type Money, money, text } from "../../core/money.ts";
import { type Side, signOf } from "../../core/order.ts";
import type { LegView } from "../../core/strategy.ts";
import { type Lots, lots, type Ticks, ticks } from "../../core/units.ts";
import type { HedgeParams } from "./params.ts";

/** Net base quantity that each leg received since the bot's first start, signed decimal strings: lot sizes may change, base units do not. */
export interface ResidualLedger {
  maker: string;
  hedge: string;
}

interface LedgerFill {
  readonly side: Side;
  readonly quantity: Lots;
  readonly fee: string;
  readonly feeCurrency: string;
}

/** Adds one fill; a fee taken in the base currency of a spot instrument never arrives. */
export function addFill(ledger: ResidualLedger, leg: "maker" | "hedge", instrument: Instrument, fill: LedgerFill): void {
  const traded = money(toQuantity(instrument, fill.quantity)).times(signOf(fill.side));
  const isBaseFee = instrument.kind === "spot" && fill.feeCurrency === instrument.base;
  ledger[leg] = text(money(ledger[leg]).plus(isBaseFee ? traded.minus(fill.fee) : traded));
}

/** hedgeRatio x (maker - reference) + hedge, base units of the hedge; positive is long too much. */
export function residualOf(ledger: ResidualLedger, value: HedgeParams): Money {
  // The bot's own position is 0 at its first start, so that `start` means 0.
  const reference = value.referencePosition === "start" ? "0" : value.referencePosition;
  return money(ledger.maker).minus(reference).times(value.hedgeRatio).plus(ledger.hedge);
}

/** True when the exchange takes an order of this size; a null price skips the notional. */
export function isTradable(instrument: Instrument, quantity: Lots, price: Ticks | null): boolean {
  if (quantity < Math.max(1, instrument.minQuantity)) return false;
  if (price === null) return true;
  return money(toPrice(instrument, price)).times(toQuantity(instrument, quantity)).gte(instrument.minNotional);
}

/**
 * The signed order in lots of this leg that brings the residual to less than one lot, rounded toward zero: what does not
 * make a lot stays in the ledger. 0 while it is smaller than the exchange's smallest order at the worst price we would pay.
 */
export function hedgeOrder(residual: Money, leg: LegView, maxSlippageCapBps: number): Lots {
  const order = lots(-toLots(leg.instrument, text(residual), residual.gt(0) ? "down" : "up"));
  const worst = leg.bestBid === null || leg.bestAsk === null ? null : order > 0 ? leg.bestAsk : lowest(leg.bestBid, maxSlippageCapBps);
  return isTradable(leg.instrument, lots(Math.abs(order)), worst) ? order : lots(0);
}

function lowest(bestBid: Ticks, slippageBps: number): Ticks {
  return ticks(Math.floor(bestBid * (1 - slippageBps / 10_000)));
}
