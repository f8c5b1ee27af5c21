// The smallest quantity that the exchange takes at a price, from its smallest quantity and smallest notional.

import type { Instrument } from "../../core/instrument.ts";
import { money } from "../../core/money.ts";
import { quantumOf } from "../../core/position-ledger.ts";
import { type Lots, lots, type Ticks } from "../../core/units.ts";

export interface Minimum {
  readonly quantity: number;
  /** Smallest notional in quanta (ticks x lots). */
  readonly notional: number;
}

export function minimumOf(instrument: Instrument): Minimum {
  const notional = money(instrument.minNotional).div(quantumOf(instrument)).round(0, 3);
  return { quantity: Math.max(1, instrument.minQuantity), notional: Number(notional.toFixed()) };
}

/** Lots that an order at this price must have at least. */
export function leastAt(minimum: Minimum, price: Ticks): Lots {
  return lots(Math.max(minimum.quantity, Math.ceil(minimum.notional / price)));
}
