// What closing a position at once may cost, so that people see it before they press.

import { money, text } from "../money.ts";

/** A flatten order goes at most this far through the touch. */
export const FLATTEN_SLIPPAGE_BPS = 50;
/** Taker fee taken for the estimate: the highest first-tier rate of the exchanges we trade. */
export const FLATTEN_FEE_BPS = 10;

/** Estimated loss of closing `position` (signed base units) near `price`: slippage bound and taker fee on the notional, decimal string. */
export function estimateFlattenLoss(position: string, price: string): string {
  return text(
    money(position)
      .abs()
      .times(price)
      .times(FLATTEN_SLIPPAGE_BPS + FLATTEN_FEE_BPS)
      .div(10_000),
  );
}
