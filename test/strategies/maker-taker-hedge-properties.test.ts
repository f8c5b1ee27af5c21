// What must hold for the maker-taker hedge whatever happens: an exact ledger, bounds, profit, and a state that survives JSON.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instrument } from "../../src/core/instrument.ts";
import { money } from "../../src/core/money.ts";
import { type Side, signOf } from "../../src/core/order.ts";
import type { Intent, Quote, StrategyEvent } from "../../src/core/strategy.ts";
import { type Lots, lots, ticks } from "../../src/core/units.ts";
import { edgeBps, quotePrice } from "../../src/strategies/maker-taker-hedge/prices.ts";
import type { HedgeState } from "../../src/strategies/maker-taker-hedge/state.ts";
import hedge from "../../src/strategies/maker-taker-hedge.ts";
import { Desk, HEDGE_PERP, holdOf, MAKER_PERP, PAIRED, paramsOf, quotesOf } from "./maker-taker-hedge-bench.ts";

const RUNS = 1_000;
/** Decimals of the test's own arithmetic: more than any lot size times any ratio here has. */
const DECIMALS = 12;

/** A decimal string as a whole number of 10^-12, reckoned without the code under test. */
function exact(decimal: string): bigint {
  const [whole = "0", fraction = ""] = decimal.replace("-", "").split(".");
  const value = BigInt(whole + fraction.padEnd(DECIMALS, "0"));
  return decimal.startsWith("-") ? -value : value;
}

const lotSize = fc.constantFrom("0.001", "0.03", "0.0007", "1", "0.25", "10", "0.00001");
const side = fc.constantFrom("buy" as const, "sell" as const);
const decimal = (least: number, most: number) => fc.integer({ min: least, max: most }).map((value) => (value / 1_000).toFixed(3));
const instruments = fc.record({
  makerLot: lotSize,
  hedgeLot: lotSize,
  hedgeMinimum: fc.integer({ min: 0, max: 7 }),
  minNotional: fc.constantFrom("0", "0", "75"),
});

interface Steps {
  readonly makerLot: string;
  readonly hedgeLot: string;
  readonly hedgeMinimum: number;
  readonly minNotional: string;
}

function instrumentsOf(steps: Steps): { maker: Instrument; hedge: Instrument } {
  const { minNotional } = steps;
  return {
    maker: { ...MAKER_PERP, lotSize: steps.makerLot },
    hedge: { ...HEDGE_PERP, lotSize: steps.hedgeLot, minQuantity: lots(steps.hedgeMinimum), minNotional },
  };
}

/** Fills the wished hedge in parts until nothing more is wished; false when that does not end. */
function hedgeOut(desk: Desk, parts: readonly number[]): boolean {
  for (let round = 0; round < 400; round++) {
    const wish = holdOf(desk.book("hedge"), "hedge");
    if (wish === undefined) throw new Error("the hedge leg must always be held");
    const difference = wish.quantity - desk.leg("hedge").position;
    if (difference === 0) return true;
    const part = parts[round % parts.length] ?? 100;
    const quantity = Math.max(1, Math.ceil((Math.abs(difference) * part) / 100));
    desk.fill("hedge", "take", difference > 0 ? "buy" : "sell", quantity);
  }
  return false;
}

describe("maker-taker hedge, properties", () => {
  it("residual = ratio x maker delta + hedge delta, exactly, and hedging brings it below the hedge's smallest order", () => {
    const fill = fc.record({ leg: fc.constantFrom("maker", "hedge"), side, quantity: fc.integer({ min: 1, max: 500 }) });
    const parts = fc.array(fc.integer({ min: 20, max: 100 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        instruments,
        decimal(1, 5_000),
        decimal(-900, 900),
        fc.array(fill, { maxLength: 25 }),
        parts,
        (steps, hedgeRatio, referencePosition, fills, shares) => {
          const given = { ...PAIRED, hedgeRatio, referencePosition, orderQuantity: undefined, maxPosition: "1000000" };
          const desk = new Desk(given, instrumentsOf(steps));
          let maker = 0n;
          let taker = 0n;
          for (const { leg, side: filled, quantity } of fills) {
            const base = exact(leg === "maker" ? steps.makerLot : steps.hedgeLot) * BigInt(filled === "buy" ? quantity : -quantity);
            if (leg === "maker") maker += base;
            else taker += base;
            desk.fill(leg, "late", filled, quantity);
          }
          const scale = exact("1");
          const wanted = () => (maker - exact(referencePosition)) * exact(hedgeRatio) + taker * scale;
          expect(exact(desk.residual) * scale).toBe(wanted());
          expect(hedgeOut(desk, shares)).toBe(true);
          taker = BigInt(desk.leg("hedge").position) * exact(steps.hedgeLot);
          expect(exact(desk.residual) * scale).toBe(wanted());
          const left = exact(desk.residual) < 0n ? -exact(desk.residual) : exact(desk.residual);
          const leastLots = exact(steps.hedgeLot) * BigInt(Math.max(1, steps.hedgeMinimum));
          // The smallest notional counts at the worst price paid, 1 % below the best bid of 2000, and in whole lots.
          const leastNotional = exact((Number(steps.minNotional) / 1_980).toFixed(DECIMALS)) + exact(steps.hedgeLot);
          expect(left < leastLots || (steps.minNotional !== "0" && left < leastNotional)).toBe(true);
        },
      ),
      { numRuns: RUNS },
    );
  });

  const event = fc.oneof(
    {
      arbitrary: fc.record({
        kind: fc.constant("book" as const),
        leg: fc.constantFrom("maker", "hedge"),
        move: fc.integer({ min: -40, max: 40 }),
      }),
      weight: 3,
    },
    { arbitrary: fc.record({ kind: fc.constant("blind" as const), leg: fc.constantFrom("maker", "hedge") }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 9_000 }) }), weight: 5 },
    {
      arbitrary: fc.record({
        kind: fc.constant("quoteFill" as const),
        slot: fc.constantFrom("bid", "ask"),
        share: fc.constantFrom(1, 30, 99, 100),
      }),
      weight: 6,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant("take" as const),
        leg: fc.constantFrom("maker", "hedge"),
        share: fc.constantFrom(0, 50, 100, 100),
      }),
      weight: 6,
    },
    { arbitrary: fc.record({ kind: fc.constant("pnl" as const), pnl: fc.integer({ min: -30, max: 30 }) }), weight: 1 },
  );
  type Happening = typeof event extends fc.Arbitrary<infer T> ? T : never;

  /** What the kernel has made of the wishes: an order rests as it was until the exchange has confirmed the change. */
  class Exchange {
    readonly desk: Desk;
    readonly wishes = new Map<string, Intent>();
    #resting = new Map<string, Quote>();

    constructor(desk: Desk) {
      this.desk = desk;
      this.obey(desk.book());
      this.#confirm();
    }

    obey(intents: readonly Intent[]): void {
      for (const intent of intents) if (intent.type === "quote" || intent.type === "hold") this.wishes.set(intent.leg, intent);
    }

    #confirm(): void {
      const wish = this.wishes.get("maker");
      const { bestBid } = this.desk.leg("maker");
      if (bestBid !== null) this.#resting = new Map(wish?.type === "quote" ? wish.orders.map((order) => [order.slot, order]) : []);
    }

    /** Turns one happening into what the strategy would see; null when nothing comes of it. */
    stage(happening: Happening): StrategyEvent | null {
      const { desk } = this;
      const leg = "leg" in happening && desk.legs[happening.leg] !== undefined ? happening.leg : "maker";
      switch (happening.kind) {
        case "book": {
          const bid = (desk.leg(leg).bestBid ?? (leg === "maker" ? 200_000 : 20_000)) + happening.move;
          desk.set(leg, { bestBid: ticks(bid), bestAsk: ticks(bid + 1 + Math.abs(happening.move)) });
          return { type: "book", leg };
        }
        case "blind":
          desk.set(leg, { bestBid: null, bestAsk: null });
          return null;
        case "wait":
          this.#confirm();
          desk.at += happening.ms;
          return { type: "time" };
        case "pnl":
          desk.set("maker", { unrealizedPnl: String(happening.pnl) });
          return null;
        case "quoteFill":
          return this.#fillQuote(happening.slot, happening.share);
        case "take":
          return this.#take(leg, happening.share);
      }
    }

    #fillQuote(slot: string, share: number): StrategyEvent | null {
      const order = this.#resting.get(slot);
      if (order === undefined || order.quantity === 0) return null;
      const quantity = lots(Math.ceil((order.quantity * share) / 100));
      this.#resting.set(slot, { ...order, quantity: lots(order.quantity - quantity) });
      return this.#filled("maker", slot, order.side, quantity);
    }

    #take(leg: string, share: number): StrategyEvent | null {
      const wish = this.wishes.get(leg);
      const difference = wish?.type === "hold" ? wish.quantity - this.desk.leg(leg).position : 0;
      if (difference === 0) return null;
      if (share === 0) return { type: "orderClosed", leg, slot: "take", status: "expired" };
      return this.#filled(leg, "take", difference > 0 ? "buy" : "sell", lots(Math.ceil((Math.abs(difference) * share) / 100)));
    }

    #filled(leg: string, slot: string, filled: Side, quantity: Lots): StrategyEvent {
      const { position } = this.desk.leg(leg);
      this.desk.set(leg, { position: lots(position + signOf(filled) * quantity) });
      return { type: "fill", leg, slot, side: filled, price: ticks(20_000), quantity, fee: "0", feeCurrency: "USDC" };
    }
  }

  const settings = fc.record({
    isPaired: fc.boolean(),
    hedgeRatio: decimal(200, 2_000),
    maxUnhedged: fc.option(decimal(300, 2_000)),
    stopLoss: fc.option(fc.constant("20")),
    delay: fc.integer({ min: 0, max: 3 }),
  });

  function deskOf(value: {
    isPaired: boolean;
    hedgeRatio: string;
    maxUnhedged: string | null;
    stopLoss: string | null;
    delay: number;
  }): Desk {
    const { isPaired, hedgeRatio, maxUnhedged, stopLoss, delay } = value;
    return new Desk({
      ...(isPaired ? { ...PAIRED, hedgeRatio } : {}),
      ...(maxUnhedged === null ? {} : { maxUnhedgedQuantity: maxUnhedged }),
      ...(stopLoss === null ? {} : { stopLoss }),
      filledOrderDelayS: delay,
      maxPosition: "1.7",
    });
  }

  it("JSON snapshot at any event, then continue: the same decisions", () => {
    fc.assert(
      fc.property(settings, fc.array(event, { maxLength: 40 }), (value, happenings) => {
        const desk = deskOf(value);
        const exchange = new Exchange(desk);
        for (const happening of happenings) {
          const told = exchange.stage(happening);
          if (told === null) continue;
          const restored = JSON.parse(JSON.stringify(desk.state)) as HedgeState;
          const intents = desk.tell(told);
          expect(hedge.decide(restored, told, desk.view)).toEqual(intents);
          expect(restored).toEqual(desk.state);
          const named = intents.flatMap((intent) => ("leg" in intent ? [intent.leg] : []));
          expect(new Set(named).size).toBe(named.length);
          exchange.obey(intents);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("no fill of what is quoted passes maxPosition or maxUnhedgedQuantity, however late an order is changed", () => {
    fc.assert(
      fc.property(settings, fc.array(event, { maxLength: 60 }), (value, happenings) => {
        const desk = deskOf({ ...value, isPaired: true, stopLoss: null });
        const exchange = new Exchange(desk);
        for (const happening of happenings) {
          const told = exchange.stage(happening);
          if (told !== null) exchange.obey(desk.tell(told));
          expect(Math.abs(desk.leg("maker").position)).toBeLessThanOrEqual(1_700);
          if (value.maxUnhedged !== null) expect(money(desk.residual).abs().lte(value.maxUnhedged)).toBe(true);
          const quotes = quotesOf([...exchange.wishes.values()]) ?? [];
          expect(quotes.every(({ price, quantity }) => price > 0 && quantity > 0)).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("every quote, and every order that the tolerance lets rest, earns minProfitBps at the hedge's touch after both fees", () => {
    const touch = fc.record({ bid: fc.integer({ min: 1_000, max: 30_000 }), spread: fc.integer({ min: 1, max: 50 }) });
    const fees = fc.record({ makerFee: fc.constantFrom("-0.0001", "0", "0.0002"), takerFee: fc.constantFrom("0", "0.0004", "0.001") });
    fc.assert(
      fc.property(touch, touch, fees, fc.integer({ min: -50, max: 200 }), fc.integer({ min: 0, max: 30 }), fc.boolean(), (...drawn) => {
        const [near, far, fee, minProfitBps, toleranceTicks, joinBest] = drawn;
        const value = paramsOf({ ...PAIRED, minProfitBps, toleranceTicks, joinBest });
        const legs = {
          maker: {
            instrument: { ...MAKER_PERP, makerFee: fee.makerFee },
            bestBid: ticks(near.bid * 10),
            bestAsk: ticks((near.bid + near.spread) * 10),
          },
          hedge: { instrument: { ...HEDGE_PERP, takerFee: fee.takerFee }, bestBid: ticks(far.bid), bestAsk: ticks(far.bid + far.spread) },
        };
        for (const quoted of ["buy", "sell"] as const) {
          const price = quotePrice(quoted, value, legs);
          if (price === null) continue;
          const nearest = ticks(quoted === "buy" ? price + toleranceTicks : price - toleranceTicks);
          if (nearest <= 0) continue;
          expect(edgeBps(quoted, nearest, "1", legs)?.gte(minProfitBps)).toBe(true);
          expect(quoted === "buy" ? price < legs.maker.bestAsk : price > legs.maker.bestBid).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
