// When perpetuals pay funding and at which rate: a fixed one, or the rates of a recorded file one after another.

import { money } from "../core/money.ts";
import type { ExchangeState } from "./exchange-state.ts";
import type { ListedMarket } from "./listed-market.ts";
import type { Listing } from "./listings.ts";

const HOURS_8 = 28_800_000;
/** A perpetual's usual rate for eight hours, as most exchanges' formula gives it in a calm market. */
export const USUAL_RATE = "0.0001";

/** The rate of a perpetual's settlement number `index` (from 0), a decimal string. */
export type FundingRates = (listing: Listing, index: number) => string;

export interface FundingForecast {
  readonly rate: string;
  /** Epoch ms, a whole multiple of the interval. */
  readonly nextAt: number;
  readonly intervalMs: number;
}

export interface FundingDue {
  readonly symbol: string;
  readonly rate: string;
  readonly at: number;
}

export function fundingIntervalOf(listing: Listing): number {
  return listing.fundingIntervalMs ?? HOURS_8;
}

/** One rate for eight hours, in proportion for other intervals. */
export function fixedFunding(rate: string = USUAL_RATE): FundingRates {
  return (listing) => money(rate).times(fundingIntervalOf(listing)).div(HOURS_8).toFixed();
}

/** Recorded rates by base currency, each used once and the last one for ever; other instruments take the usual rate. */
export function recordedFunding(rates: ReadonlyMap<string, readonly string[]>): FundingRates {
  const usual = fixedFunding();
  return (listing, index) => {
    const recorded = rates.get(listing.instrument.base);
    return recorded?.[Math.min(index, recorded.length - 1)] ?? usual(listing, index);
  };
}

/** Knows what is due: an exchange that was down pays what fell into that time when it is back, as its clock went on. */
export class FundingClock {
  readonly #state: ExchangeState;
  readonly #rates: FundingRates;
  readonly #since: number;

  constructor(state: ExchangeState, rates: FundingRates, now: number) {
    this.#state = state;
    this.#rates = rates;
    this.#since = now;
  }

  forecast({ listing, fundings }: ListedMarket, now: number): FundingForecast {
    const intervalMs = fundingIntervalOf(listing);
    return { rate: this.#rates(listing, fundings), nextAt: nextMultiple(now, intervalMs), intervalMs };
  }

  /** Settlements between the last one and now, oldest first within an instrument. */
  due(now: number): FundingDue[] {
    return [...this.#state.markets.values()].flatMap(({ listing, settled, fundings }) => {
      if (listing.instrument.kind !== "perp") return [];
      const intervalMs = fundingIntervalOf(listing);
      const dues: FundingDue[] = [];
      let at = nextMultiple(settled.at(-1)?.at ?? this.#since, intervalMs);
      for (; at <= now; at += intervalMs) dues.push({ symbol: listing.id, rate: this.#rates(listing, fundings + dues.length), at });
      return dues;
    });
  }
}

function nextMultiple(at: number, step: number): number {
  return (Math.floor(at / step) + 1) * step;
}
