// Whether everything of the bot is closed at the simulated exchange, or can be at all.

import { type Instrument, toPrice, toQuantity } from "../../core/instrument.ts";
import { money, ZERO } from "../../core/money.ts";
import { lots, ticks } from "../../core/units.ts";
import type { Surroundings } from "./surroundings.ts";

/** What of the position is there to be sold: fees in base currency have taken their part of a long. */
function heldOf(world: Surroundings, leg: string, { kind, base, lotSize }: Instrument): number {
  const position = world.judge.position(leg);
  if (kind !== "spot" || position <= 0) return position;
  const paid = world.marketOf(leg).fills.filter((fill) => fill.feeCurrency === base);
  const spent = paid.reduce((sum, fill) => sum.plus(fill.fee), ZERO).div(lotSize);
  return Math.min(position, Math.max(0, position - Math.ceil(Number(spent))));
}

/** What the exchange does not let anybody close counts as flat. */
export function isFlat(world: Surroundings): boolean {
  return Object.entries(world.scenario.instruments).every(([leg, instrument]) => {
    const { instrument: now, steps, touch } = world.marketOf(leg);
    const held = Math.abs(heldOf(world, leg, instrument));
    const worth = money(toQuantity(instrument, lots(held))).times(toPrice(instrument, touch?.bestBid ?? ticks(0)));
    return held < Math.max(1, now.minQuantity) * steps.lot || worth.lt(instrument.minNotional);
  });
}

/** Where the person holds the opposite, the exchange takes no reduce-only order of ours: nobody can close that for us. */
export function canFlatten(world: Surroundings): boolean {
  return Object.keys(world.scenario.instruments).every((leg) => {
    const { personPosition } = world.marketOf(leg);
    return personPosition === 0 || personPosition * world.judge.position(leg) >= 0;
  });
}
