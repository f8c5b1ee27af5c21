// What a seed stands for: strategy parameters, instruments, limits, weather and account.

import { type Instrument, type InstrumentRef, refKey, toLots, toTicks } from "../../core/instrument.ts";
import type { RiskLimits } from "../../core/kernel.ts";
import type { MarketSnapshot, Strategy } from "../../core/strategy.ts";
import { UserError } from "../../core/text.ts";
import { lots, type Ticks, ticks } from "../../core/units.ts";
import type { SelfTrade } from "../matching-engine.ts";
import { createRandom, type Random } from "../random.ts";
import { FINEST, instrumentIn } from "./grain.ts";
import type { MarketTerms } from "./market.ts";
import { drawTwists, type Twists } from "./twists.ts";
import { drawParams, type Place } from "./variations.ts";
import { drawWeather, type Weather } from "./weather.ts";

export interface Scenario {
  readonly seed: number;
  readonly strategy: Strategy;
  readonly params: unknown;
  /** What a person changes the parameters to on the way; null when nobody does. */
  readonly adjustTo: unknown;
  readonly refs: Readonly<Record<string, InstrumentRef>>;
  /** In grains, the finest steps that the exchange ever has; limits are counted in them too. */
  readonly instruments: Readonly<Record<string, Instrument>>;
  /** By `refKey`: two legs may trade one instrument. */
  readonly terms: ReadonlyMap<string, MarketTerms>;
  readonly risk: RiskLimits;
  readonly runForMs: number | undefined;
  readonly weather: Weather;
  readonly twists: Twists;
  /** The exchange changes orders in place. */
  readonly canAmend: boolean;
  /** Fills name the exchange's order only, not ours. */
  readonly hasAnonymousFills: boolean;
  readonly tellsMark: boolean;
  /** What is not stored with a fill is stored this often at most. */
  readonly stateEveryMs: number;
  /** Distance of the liquidation price from the mark, fraction. */
  readonly liquidationDistance: number;
}

interface Coin {
  readonly base: string;
  readonly price: string;
  readonly tickSize: string;
  readonly lotSize: string;
}

/** Steps and prices of different sizes; every example quantity is at least one lot of each. */
const COINS: readonly Coin[] = [
  { base: "ETH", price: "2500", tickSize: "0.01", lotSize: "0.001" },
  { base: "BTC", price: "65000", tickSize: "0.1", lotSize: "0.0001" },
  { base: "SOL", price: "150", tickSize: "0.01", lotSize: "0.01" },
];
const QUOTE = "USDC";
/** The account that the bot lives on. */
export const HOME_ACCOUNT = "home";
/** The bot's number is the account's to give: it is another one on another account. */
export function botNumberOn(account: string): number {
  return account === HOME_ACCOUNT ? 7 : 8;
}

const SPOT_CHANCE = 0.3;
const USER_POSITION_CHANCE = 0.2;
const LIMIT_CHANCE = 0.2;
const ATTEMPTS_MAX = 20;

function spotOf(base: string): string {
  return `${base}/${QUOTE}`;
}

function perpOf(base: string): string {
  return `${base}/${QUOTE}:${QUOTE}`;
}

function instrumentOf(ref: InstrumentRef, random: Random): Instrument {
  const isPerp = ref.symbol.includes(":");
  const base = ref.symbol.split("/")[0] ?? "";
  const coin = COINS.find((candidate) => candidate.base === base) ?? (COINS[0] as Coin);
  const minQuantity = lots(random.next() < 0.8 ? 1 : random.integer(2, 3));
  // One lot alone may be too little to send, so that dust can remain.
  const minNotional = random.next() < 0.2 ? (Number(coin.price) * Number(coin.lotSize) * 1.5).toFixed(2) : "0";
  return {
    ref,
    revision: `${coin.tickSize}|${coin.lotSize}|${minQuantity}|${minNotional}`,
    kind: isPerp ? "perp" : "spot",
    base,
    quote: QUOTE,
    settle: QUOTE,
    tickSize: coin.tickSize,
    lotSize: coin.lotSize,
    minQuantity,
    minNotional,
    contractSize: "1",
    makerFee: random.next() < 0.2 ? "-0.00005" : "0.0002",
    takerFee: "0.0005",
    ...(isPerp ? { maxLeverage: 50 } : {}),
  };
}

function termsOf(instrument: Instrument, random: Random): MarketTerms {
  const coin = COINS.find(({ base }) => base === instrument.base) ?? (COINS[0] as Coin);
  const basis = ticks(random.integer(-3, 3));
  const selfTrades: readonly SelfTrade[] = ["rejectTaker", "rejectMaker", "rejectBoth"];
  const hasUser = instrument.kind === "perp" && random.next() < USER_POSITION_CHANCE;
  return {
    instrument,
    startPrice: ticks(toTicks(instrument, coin.price, "nearest") + basis),
    userPosition: lots(hasUser ? (random.next() < 0.5 ? -1 : 1) * random.integer(1, 100_000) : 0),
    selfTrade: selfTrades[random.integer(0, 2)] ?? "rejectTaker",
    paysInBase: random.next() < 0.5,
  };
}

/** Limits from a fraction of what the preview says a start could come to. */
function drawRisk(
  strategy: Strategy,
  params: unknown,
  market: MarketSnapshot,
  instruments: Readonly<Record<string, Instrument>>,
  random: Random,
): RiskLimits {
  const preview = strategy.preview(params, market);
  const share = 0.15 + random.next() * 1.2;
  // A limit that lets not even two orders pass judges nothing.
  const orders = Math.max(1, preview.orders);
  const leastShare = Math.min(1, 4 / orders);
  const largest = (instrument: Instrument): number =>
    Math.max(20, Math.round(toLots(instrument, preview.maxPosition, "down") * Math.max(share, leastShare)));
  const notional = Math.max(50, Number(preview.notional));
  const single = notional / orders;
  const some = <T extends object>(limit: T): T | Record<string, never> => (random.next() < LIMIT_CHANCE ? limit : {});
  return {
    maxPosition: Object.fromEntries(Object.entries(instruments).map(([leg, instrument]) => [leg, largest(instrument)])),
    maxOpenOrders: random.next() < 0.5 ? 100 : random.integer(2, 20),
    ...some({ maxOrderNotional: (single * (1.1 + random.next() * 3)).toFixed(2) }),
    ...some({ maxNotional: (single * 2.2 + notional * random.next()).toFixed(2) }),
    ...some({ priceBandBps: random.integer(50, 600) }),
    ...some({ maxOrdersPerMinute: random.integer(10, 120) }),
    ...some({ maxDailyLoss: (notional * 0.03 * random.next() + 0.5).toFixed(2) }),
    ...some({ maxDrawdown: (notional * 0.05 * random.next() + 0.5).toFixed(2) }),
    ...some({ maxBookAgeMs: random.integer(1_000, 6_000) }),
    ...some({ minLiquidationDistanceBps: random.integer(100, 1_000) }),
    ...some({ onBreach: "flatten" as const }),
  };
}

/** Which coin a strategy's example fits: one on which all its legs are the same coin, if there is any. */
function drawHome(strategy: Strategy, random: Random): { readonly home: InstrumentRef; readonly place: Place } {
  const params = strategy.params.parse(strategy.example);
  const start = random.integer(0, COINS.length - 1);
  const isSpot = random.next() < SPOT_CHANCE;
  const candidates = COINS.map((_, index) => COINS[(start + index) % COINS.length] as Coin).map((coin) => {
    const home = { exchange: "sim", account: HOME_ACCOUNT, symbol: isSpot ? spotOf(coin.base) : perpOf(coin.base) };
    const otherSymbol = isSpot ? perpOf(coin.base) : spotOf(coin.base);
    return { coin, home, place: { base: coin.base, symbol: home.symbol, otherSymbol, price: Number(coin.price) } };
  });
  const fits = candidates.find(({ coin, home }) =>
    Object.values(strategy.legs(params, home)).every((ref) => ref.symbol.startsWith(`${coin.base}/`)),
  );
  return fits ?? (candidates[0] as (typeof candidates)[number]);
}

export interface ScenarioOptions {
  /** Input of the strategy's parameters instead of drawn ones; nobody adjusts them then. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly isWorstWeather?: boolean;
}

/**
 * The same seed and strategy give the same scenario everywhere. What the strategy itself refuses to start with is drawn anew.
 * Throws the strategy's own UserError when it refuses every draw.
 */
export function drawScenario(strategy: Strategy, seed: number, options: ScenarioOptions = {}): Scenario {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const named = (what: string): Random => createRandom(`${what}:${strategy.name}:${seed}:${attempt}`);
      return drawOnce(strategy, seed, { random: named("scenario"), twistsRandom: named("twists") }, options);
    } catch (error) {
      if (!(error instanceof UserError) || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}

interface Draws {
  readonly random: Random;
  readonly twistsRandom: Random;
}

function drawOnce(strategy: Strategy, seed: number, { random, twistsRandom }: Draws, options: ScenarioOptions): Scenario {
  const { home, place } = drawHome(strategy, random);
  const varied = drawParams(strategy, place, random);
  const params = options.params === undefined ? varied : strategy.params.parse(options.params);
  const refs = strategy.legs(params, home);
  const terms = new Map<string, MarketTerms>();
  for (const ref of Object.values(refs)) if (!terms.has(refKey(ref))) terms.set(refKey(ref), termsOf(instrumentOf(ref, random), random));
  const instruments = Object.fromEntries(Object.entries(refs).map(([leg, ref]) => [leg, termsAt(terms, ref).instrument]));
  const market = firstMarket(terms, refs);
  const risk = drawRisk(strategy, params, market, instruments, random);
  strategy.init(params, market);
  const adjusted = drawParams(strategy, place, random);
  const isAdjusted = random.next() < 0.3 && options.params === undefined && hasSameLegs(strategy, adjusted, refs, home);
  const drawn = {
    runForMs: random.next() < 0.1 ? random.integer(20_000, 90_000) : undefined,
    weather: drawWeather(random, options.isWorstWeather === true),
    canAmend: random.next() < 0.5,
    hasAnonymousFills: random.next() < 0.3,
    tellsMark: random.next() < 0.4,
    stateEveryMs: random.integer(500, 4_000),
    liquidationDistance: 0.005 + random.next() * 0.4,
  };
  const twists = drawTwists(Object.values(instruments), drawn.hasAnonymousFills, twistsRandom);
  // What it is to go on with in other steps it must be able to begin with.
  for (const when of ["before", "after"] as const)
    if (twists.newSteps.size > 0) strategy.init(params, firstMarket(terms, refs, twists, when));
  return {
    ...{ seed, strategy, params, refs, instruments, terms, risk, twists, ...drawn },
    adjustTo: isAdjusted ? adjusted : null,
  };
}

function termsAt(terms: ReadonlyMap<string, MarketTerms>, ref: InstrumentRef): MarketTerms {
  const found = terms.get(refKey(ref));
  if (found === undefined) throw new Error(`no market of ${refKey(ref)}`);
  return found;
}

function firstMarket(
  terms: ReadonlyMap<string, MarketTerms>,
  refs: Readonly<Record<string, InstrumentRef>>,
  twists?: Twists,
  when: "before" | "after" = "before",
): MarketSnapshot {
  const legs = Object.entries(refs).map(([leg, ref]) => {
    const { instrument, startPrice } = termsAt(terms, ref);
    const steps = twists?.newSteps.get(instrument.base)?.[when] ?? FINEST;
    const mid = Math.round(startPrice / steps.tick);
    const touch = { bestBid: (mid - 1) as Ticks, bestAsk: (mid + 1) as Ticks };
    return [leg, { instrument: instrumentIn(instrument, steps), ...touch, available: { base: "10", quote: "50000" } }];
  });
  return { at: 0, legs: Object.fromEntries(legs) };
}

/** Another set of legs is another bot: parameters that would change them cannot be taken over while running. */
function hasSameLegs(strategy: Strategy, params: unknown, refs: Readonly<Record<string, InstrumentRef>>, home: InstrumentRef): boolean {
  const others = Object.entries(strategy.legs(params, home)).map(([leg, ref]) => `${leg} ${refKey(ref)}`);
  return JSON.stringify(others) === JSON.stringify(Object.entries(refs).map(([leg, ref]) => `${leg} ${refKey(ref)}`));
}
