// Exact decimal money: sums and products never round, a division says how.

import Big from "big.js";

export type Money = Big;

Big.DP = 30;
Big.RM = Big.roundHalfEven;
Big.NE = -1000;
Big.PE = 1000;

export const ZERO: Money = new Big(0);

/** Exact value of a decimal string or safe integer. Throws on anything else (NaN, infinities, words). */
export function money(value: string | number | bigint): Money {
  return new Big(typeof value === "bigint" ? value.toString() : value);
}

/** Decimal string without an exponent. */
export function text(value: Money): string {
  return value.toFixed();
}

/** Decimal string rounded half-even for people, without trailing zeros beyond the point. */
export function rounded(value: Money | string, decimals: number): string {
  return new Big(value).round(decimals, Big.roundHalfEven).toFixed();
}
