// The order book: every order kind by table, and against a naive matcher and its own laws by random orders.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Side } from "../../src/core/order.ts";
import type { Lots } from "../../src/core/units.ts";
import { type IncomingOrder, MatchingEngine, type Trade } from "../../src/sim/matching-engine.ts";

type Sketch = Partial<Omit<IncomingOrder, "price" | "quantity">> & { side: Side; price: number | null; quantity: number };

/** An engine with a log of what it tells, and positions per owner for reduce-only orders. */
function bench(positions: Record<string, number> = {}) {
  const trades: Trade[] = [];
  const removed: [number, string][] = [];
  const engine = new MatchingEngine({
    reducible: (owner, side) => Math.max(0, (side === "sell" ? 1 : -1) * (positions[owner] ?? 0)),
    traded(trade) {
      trades.push(trade);
      const bought = trade.takerSide === "buy" ? trade.quantity : -trade.quantity;
      positions[trade.taker.owner] = (positions[trade.taker.owner] ?? 0) + bought;
      positions[trade.maker.owner] = (positions[trade.maker.owner] ?? 0) - bought;
    },
    removed: (order, why) => removed.push([order.id, why]),
  });
  let id = 0;
  const submit = (sketch: Sketch) => {
    id += 1;
    const order = { id, owner: `owner${id}`, timeInForce: "gtc", postOnly: false, reduceOnly: false, selfTrade: "rejectTaker", ...sketch };
    return engine.submit(order as IncomingOrder);
  };
  const book = (side: Side) => [...engine.levels(side)].map((level) => [level.price, level.quantity]);
  return { engine, trades, removed, positions, submit, book };
}

const done = (executed: number, rests: number, expired: number) => ({ outcome: "done", executed, rests, expired });
const refused = (why: string) => ({ outcome: "refused", why });

describe("order kinds", () => {
  it("fills at the maker's price, best price first, then first come first served", () => {
    const { submit, trades, book } = bench();
    submit({ side: "sell", price: 102, quantity: 5 });
    submit({ side: "sell", price: 101, quantity: 2 });
    submit({ side: "sell", price: 101, quantity: 3 });
    expect(submit({ side: "buy", price: 102, quantity: 7 })).toEqual(done(7, 0, 0));
    expect(trades.map((trade) => [trade.maker.id, trade.price, trade.quantity])).toEqual([
      [2, 101, 2],
      [3, 101, 3],
      [1, 102, 2],
    ]);
    expect(book("sell")).toEqual([[102, 3]]);
  });

  it.each([
    ["limit rests its remainder", { side: "buy", price: 101, quantity: 9 }, done(5, 4, 0)],
    ["limit below the ask rests", { side: "buy", price: 100, quantity: 9 }, done(0, 9, 0)],
    ["IOC gives up its remainder", { side: "buy", price: 101, quantity: 9, timeInForce: "ioc" }, done(5, 0, 4)],
    ["FOK takes all or nothing: nothing", { side: "buy", price: 101, quantity: 6, timeInForce: "fok" }, done(0, 0, 6)],
    ["FOK takes all or nothing: all", { side: "buy", price: 101, quantity: 5, timeInForce: "fok" }, done(5, 0, 0)],
    ["market order walks the book", { side: "buy", price: null, quantity: 12 }, done(10, 0, 2)],
    ["post-only that would take is refused", { side: "buy", price: 101, quantity: 1, postOnly: true }, refused("wouldTake")],
    ["post-only that would not take rests", { side: "buy", price: 100, quantity: 1, postOnly: true }, done(0, 1, 0)],
    ["reduce-only without position is refused", { side: "buy", price: 101, quantity: 1, reduceOnly: true }, refused("notReducing")],
    ["reduce-only stops when flat", { side: "buy", price: 101, quantity: 5, reduceOnly: true, owner: "short3" }, done(3, 0, 2)],
    ["a known id is refused", { side: "buy", price: 90, quantity: 1, id: 1 }, refused("duplicateId")],
    ["self-trade rejects the taker", { side: "buy", price: 101, quantity: 5, owner: "owner1" }, refused("selfTrade")],
    ["self-trade beyond the quantity is none", { side: "buy", price: 103, quantity: 5, owner: "owner2" }, done(5, 0, 0)],
  ] as [string, Sketch, object][])("%s", (_what, sketch, result) => {
    const { submit } = bench({ short3: -3 });
    submit({ side: "sell", price: 101, quantity: 5 });
    submit({ side: "sell", price: 103, quantity: 5 });
    expect(submit(sketch)).toEqual(result);
  });

  it("cancels the resting side of a self-trade when told so", () => {
    const maker = bench();
    maker.submit({ side: "sell", price: 101, quantity: 5, owner: "me" });
    maker.submit({ side: "sell", price: 101, quantity: 5 });
    expect(maker.submit({ side: "buy", price: 101, quantity: 7, owner: "me", selfTrade: "rejectMaker" })).toEqual(done(5, 2, 0));
    expect(maker.removed).toEqual([[1, "selfTrade"]]);
    const both = bench();
    both.submit({ side: "sell", price: 101, quantity: 5, owner: "me" });
    expect(both.submit({ side: "buy", price: 101, quantity: 7, owner: "me", selfTrade: "rejectBoth" })).toEqual(done(0, 0, 7));
    expect(both.book("sell")).toEqual([]);
  });

  it("never lets a resting reduce-only order turn its owner's position", () => {
    const { submit, removed, positions, book } = bench({ long: 4 });
    submit({ side: "sell", price: 101, quantity: 3, owner: "long", reduceOnly: true });
    submit({ side: "sell", price: 102, quantity: 3, owner: "long", reduceOnly: true });
    submit({ side: "buy", price: 102, quantity: 10, owner: "other" });
    expect(positions.long).toBe(0);
    expect(removed).toEqual([[2, "reduceOnly"]]);
    expect(book("buy")).toEqual([[102, 6]]);
  });

  it("tells depth changes once, absolute, and cancels to nothing", () => {
    const { engine, submit } = bench();
    submit({ side: "buy", price: 99, quantity: 5 });
    submit({ side: "buy", price: 99, quantity: 2 });
    expect(engine.takeDepthChanges()).toEqual({ bids: [[99, 7]], asks: [] });
    engine.cancel(1);
    engine.cancel(2);
    submit({ side: "sell", price: 101, quantity: 1 });
    engine.cancel(3);
    expect(engine.takeDepthChanges()).toEqual({ bids: [[99, 0]], asks: [] });
    expect(engine.cancel(1)).toBeUndefined();
  });

  it("prices a sweep before it happens", () => {
    const { engine, submit } = bench();
    submit({ side: "sell", price: 100, quantity: 3 });
    submit({ side: "sell", price: 110, quantity: 3 });
    expect(engine.costOf("buy", 5 as Lots)).toEqual({ quantity: 5, notional: 520n });
    expect(engine.lotsFor("buy", 520n)).toBe(5);
    expect(engine.lotsFor("buy", 519n)).toBe(4);
    expect(engine.lotsFor("sell", 519n)).toBe(0);
  });
});

interface NaiveOrder {
  id: number;
  side: Side;
  price: number;
  left: number;
}

/** Price-time priority as one would explain it: sort everybody, take the first. */
function naiveMatch(resting: NaiveOrder[], order: NaiveOrder): [number, number, number][] {
  const trades: [number, number, number][] = [];
  const sign = order.side === "buy" ? 1 : -1;
  const makers = resting
    .filter((maker) => maker.side !== order.side && (order.price - maker.price) * sign >= 0)
    .sort((a, b) => (a.price - b.price) * sign || a.id - b.id);
  for (const maker of makers) {
    const quantity = Math.min(maker.left, order.left);
    if (quantity === 0) break;
    maker.left -= quantity;
    order.left -= quantity;
    trades.push([maker.id, maker.price, quantity]);
  }
  return trades;
}

const randomCommand = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("order" as const),
      side: fc.constantFrom<Side>("buy", "sell"),
      price: fc.integer({ min: 90, max: 110 }),
      quantity: fc.integer({ min: 1, max: 30 }),
      timeInForce: fc.constantFrom("gtc" as const, "ioc" as const, "fok" as const),
      postOnly: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("cancel" as const), pick: fc.nat(50) }) },
);

describe("laws of the book", () => {
  it("matches as a naive sorted matcher does", () => {
    fc.assert(
      fc.property(fc.array(randomCommand, { maxLength: 60 }), (commands) => {
        const { submit, trades, engine } = bench();
        let resting: NaiveOrder[] = [];
        let id = 0;
        for (const command of commands) {
          if (command.type === "cancel") {
            const order = resting[command.pick % Math.max(1, resting.length)];
            if (order !== undefined) engine.cancel(order.id);
            resting = resting.filter((other) => other !== order);
            continue;
          }
          id += 1;
          trades.length = 0;
          submit({ ...command, timeInForce: command.timeInForce === "fok" ? "ioc" : command.timeInForce, postOnly: false });
          const naive = { id, side: command.side, price: command.price, left: command.quantity };
          expect(trades.map((trade) => [trade.maker.id, trade.price, trade.quantity])).toEqual(naiveMatch(resting, naive));
          if (command.timeInForce === "gtc") resting.push(naive);
          resting = resting.filter((order) => order.left > 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is never crossed, loses no quantity, and keeps its sums and its depth changes true", () => {
    fc.assert(
      fc.property(fc.array(randomCommand, { maxLength: 80 }), (commands) => {
        const { engine, submit, trades, book } = bench();
        const mirror = { buy: new Map<number, number>(), sell: new Map<number, number>() };
        let entered = 0;
        let gone = 0;
        let id = 0;
        for (const command of commands) {
          if (command.type === "cancel") gone += engine.cancel((command.pick % Math.max(1, id)) + 1)?.remaining ?? 0;
          else {
            id += 1;
            const result = submit(command);
            if (result.outcome === "refused") expect(command.postOnly).toBe(true);
            else {
              entered += command.quantity;
              gone += result.expired;
              expect(result.executed + result.rests + result.expired).toBe(command.quantity);
              if (command.timeInForce === "fok") expect([0, command.quantity]).toContain(result.executed);
            }
          }
          const bid = engine.best("buy")?.price ?? Number.NEGATIVE_INFINITY;
          const ask = engine.best("sell")?.price ?? Number.POSITIVE_INFINITY;
          expect(bid).toBeLessThan(ask);
          const { bids, asks } = engine.takeDepthChanges();
          for (const [price, quantity] of bids) mirror.buy.set(price, quantity);
          for (const [price, quantity] of asks) mirror.sell.set(price, quantity);
        }
        let resting = 0;
        for (const side of ["buy", "sell"] as const) {
          for (const level of engine.levels(side)) {
            expect(level.orders.reduce((sum, order) => sum + order.remaining, 0)).toBe(level.quantity);
            resting += level.quantity;
          }
          const seen = [...mirror[side]].filter(([, quantity]) => quantity > 0).sort(([a], [b]) => a - b);
          expect(seen).toEqual(book(side).sort(([a], [b]) => (a ?? 0) - (b ?? 0)));
        }
        const traded = trades.reduce((sum, trade) => sum + trade.quantity, 0);
        expect(entered).toBe(resting + gone + 2 * traded);
      }),
      { numRuns: 300 },
    );
  });
});
