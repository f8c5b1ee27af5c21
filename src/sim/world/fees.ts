// What a trade costs at the simulated exchange, in quote, in what was bought, or in a currency of the exchange's own.

import type { ExchangeFill } from "../../core/events.ts";
import { money, text } from "../../core/money.ts";
import type { Liquidity, Side } from "../../core/order.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import type { MarketTerms } from "./market.ts";
import type { FeeToken } from "./twists.ts";

const FEE_DECIMALS = 8;

export interface Charged {
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly liquidity: Liquidity;
  /** How many trades went before it. */
  readonly number: number;
}

/** Negative for a rebate. */
export function feeOf(
  { instrument, paysInBase }: Pick<MarketTerms, "instrument" | "paysInBase">,
  token: FeeToken | null,
  trade: Charged,
): Pick<ExchangeFill, "fee" | "feeCurrency" | "feeInQuote"> {
  const rate = trade.liquidity === "taker" ? instrument.takerFee : instrument.makerFee;
  const quantity = money(instrument.lotSize).times(trade.quantity);
  const inQuote = quantity.times(instrument.tickSize).times(trade.price).times(rate);
  if (token !== null) {
    // The token's own price goes its own way.
    const worth = (token.rate * (1 + ((trade.number * 37) % 100) / 5_000)).toFixed(4);
    const fee = inQuote.div(worth).round(FEE_DECIMALS);
    return { fee: text(fee), feeCurrency: token.currency, feeInQuote: text(fee.times(worth)) };
  }
  if (!(paysInBase && instrument.kind === "spot" && trade.side === "buy"))
    return { fee: text(inQuote.round(FEE_DECIMALS)), feeCurrency: instrument.quote };
  return { fee: text(quantity.times(rate).round(FEE_DECIMALS)), feeCurrency: instrument.base };
}
