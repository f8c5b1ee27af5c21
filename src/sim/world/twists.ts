// What else an exchange and a person may do to a bot, drawn from the seed beside the scenario so that neither changes the other.

import type { Instrument } from "../../core/instrument.ts";
import type { Random } from "../random.ts";
import { FINEST, type Steps } from "./grain.ts";

/** A fee in a currency of the exchange's own. */
export interface FeeToken {
  readonly currency: string;
  /** What one is worth in quote currency at first; it drifts from fill to fill. */
  readonly rate: number;
  /** Fills tell what the fee was worth. */
  readonly isConverted: boolean;
}

export interface NewSteps {
  readonly atStep: number;
  readonly before: Steps;
  readonly after: Steps;
  /** The exchange takes no orders for so long, and the bot notices within that time. */
  readonly closedMs: number;
}

/** A chance is per step. */
export interface Twists {
  /** An order that was changed in place gets another id. */
  readonly renamesAmended: boolean;
  /** The exchange takes every order and ends those that it does not want a moment later. */
  readonly refusesLate: boolean;
  /** Margin is missing for a while: what opens is refused. Happens where orders are refused late. */
  readonly marginGap: number;
  /** By base coin, so that both instruments of a hedge change alike; empty where nothing changes. */
  readonly newSteps: ReadonlyMap<string, NewSteps>;
  /** The exchange asks for another smallest quantity while the bot runs. */
  readonly newMinimumAtStep: number | null;
  readonly feeToken: FeeToken | null;
  /** Share of the funding payments that the exchange books long after their time. */
  readonly lateFunding: number;
  /** A person moves money in or out. */
  readonly transfer: number;
  /** When a person trades beside the bot on a perpetual of its account; null when nobody does. */
  readonly personTradesAtStep: number | null;
  /** Public trades are told. */
  readonly tellsLast: boolean;
  /** A person lets the drawdown count anew. */
  readonly peakReset: number;
}

/** Coins whose example quantities are whole lots in coarser steps too. */
const DIVISIBLE: ReadonlySet<string> = new Set(["ETH", "BTC"]);
const FACTORS = [2, 5, 10] as const;

function drawSteps(base: string, random: Random): NewSteps {
  const factor = (): number => FACTORS[random.integer(0, FACTORS.length - 1)] ?? 1;
  const [tick, lot] = [random.next() < 0.7 ? factor() : 1, random.next() < 0.7 ? factor() : 1];
  const coarse = { tick: tick === 1 && lot === 1 ? 5 : tick, lot: DIVISIBLE.has(base) ? lot : 1 };
  const becomesFiner = random.next() < 0.5;
  return {
    atStep: random.integer(40, 300),
    before: becomesFiner ? coarse : FINEST,
    after: becomesFiner ? FINEST : coarse,
    closedMs: random.integer(5_000, 25_000),
  };
}

/** `bases` are the coins of all instruments; a perpetual among them lets a person trade beside the bot. */
export function drawTwists(instruments: readonly Instrument[], hasAnonymousFills: boolean, random: Random): Twists {
  const bases = [...new Set(instruments.map(({ base }) => base))];
  const chance = (share: number): boolean => random.next() < share;
  // Where fills name the exchange's order only, its id is all that ties them to us: no such exchange may change it.
  const renamesAmended = chance(0.5) && !hasAnonymousFills;
  const refusesLate = chance(0.25);
  const hasNewSteps = chance(0.2);
  const newSteps = new Map(bases.map((base) => [base, drawSteps(base, random)] as const));
  const minimumAt = random.integer(40, 300);
  const rate = random.integer(20_000, 90_000) / 100;
  const feeToken = { currency: "BNB", rate, isConverted: chance(0.7) };
  const personAt = random.integer(60, 250);
  return {
    renamesAmended,
    refusesLate,
    marginGap: chance(0.5) && refusesLate ? 0.002 + random.next() * 0.01 : 0,
    newSteps: hasNewSteps ? newSteps : new Map(),
    newMinimumAtStep: chance(0.15) && !hasNewSteps ? minimumAt : null,
    feeToken: chance(0.2) ? feeToken : null,
    lateFunding: chance(0.4) ? random.next() * 0.5 : 0,
    transfer: chance(0.25) ? 0.02 : 0,
    // With new steps the bot takes the account as it finds it, a person's trade included.
    personTradesAtStep: chance(0.2) && !hasNewSteps && instruments.some(({ kind }) => kind === "perp") ? personAt : null,
    tellsLast: chance(0.4),
    peakReset: chance(0.25) ? 0.01 : 0,
  };
}
