// One listed instrument while the exchange runs: its book, its reference price and where its market source stands.

import { toTicks } from "../core/instrument.ts";
import type { Ticks } from "../core/units.ts";
import type { FundingSettled } from "./exchange-facts.ts";
import type { Listing } from "./listings.ts";
import type { SourceProgress } from "./market-step.ts";
import { type EngineHost, MatchingEngine } from "./matching-engine.ts";

/** Owner of the ladder; no account can have this name. */
export const MARKET_OWNER = "(market)";

export interface ListedMarket {
  readonly listing: Listing;
  readonly engine: MatchingEngine;
  /** The market's resting orders. */
  readonly ladderIds: number[];
  /** Reference price: mark and index price too. */
  price: Ticks;
  progress: SourceProgress | null;
  /** Funding so far, oldest first; the oldest are forgotten, `fundings` counts all. */
  readonly settled: FundingSettled[];
  fundings: number;
}

export function createListedMarket(listing: Listing, host: EngineHost): ListedMarket {
  const price = toTicks(listing.instrument, listing.generator.startPrice, "nearest");
  return { listing, engine: new MatchingEngine(host), ladderIds: [], price, progress: null, settled: [], fundings: 0 };
}
