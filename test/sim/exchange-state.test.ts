// Accounts under random trading: exact books, and a journal that retells every state a crash could leave behind.

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { money, text, ZERO } from "../../src/core/money.ts";
import { type Side, signOf } from "../../src/core/order.ts";
import { type Lots, lots, type Ticks, ticks } from "../../src/core/units.ts";
import { positionAfter, positionOf, type SimPosition, unrealizedPnl } from "../../src/sim/accounts.ts";
import type { Fact, OrderRequest } from "../../src/sim/exchange-facts.ts";
import { ExchangeState } from "../../src/sim/exchange-state.ts";
import { createJournal, readJournal } from "../../src/sim/journal.ts";
import { LISTINGS, type Listing, notionalOf } from "../../src/sim/listings.ts";

const PERP = LISTINGS.find((listing) => listing.id === "ETH_USDC_PERP") as Listing;

function order(sketch: Partial<OrderRequest>): OrderRequest {
  const base = { symbol: PERP.id, side: "buy" as Side, price: ticks(250_000), quantity: lots(1_000), quoteQuantity: null, clientId: null };
  return { ...base, timeInForce: "gtc", postOnly: false, reduceOnly: false, selfTrade: "rejectTaker", ...sketch };
}

const side = fc.constantFrom<Side>("buy", "sell");
const command = fc.oneof(
  fc.record({
    type: fc.constant("place" as const),
    account: fc.constantFrom("ann", "bob"),
    request: fc.record({
      symbol: fc.constantFrom("ETH_USDC_PERP", "ETH_USDC"),
      side,
      price: fc.oneof(fc.integer({ min: 249_950, max: 250_050 }), fc.constant(null)),
      quantity: fc.integer({ min: 1, max: 40_000 }),
      timeInForce: fc.constantFrom("gtc" as const, "ioc" as const, "fok" as const),
      postOnly: fc.boolean(),
      reduceOnly: fc.boolean(),
      clientId: fc.oneof(fc.nat(20), fc.constant(null)),
    }),
  }),
  fc.record({ type: fc.constant("cancel" as const), account: fc.constantFrom("ann", "bob"), pick: fc.nat(30) }),
  fc.record({
    type: fc.constant("amend" as const),
    account: fc.constantFrom("ann", "bob"),
    pick: fc.nat(30),
    price: fc.integer({ min: 249_950, max: 250_050 }),
    quantity: fc.integer({ min: 1, max: 40_000 }),
  }),
  fc.record({ type: fc.constant("fund" as const), rate: fc.constantFrom("0.0001", "-0.002") }),
  fc.record({ type: fc.constant("set" as const), account: fc.constantFrom("ann", "bob"), leverage: fc.integer({ min: 1, max: 50 }) }),
  fc.record({
    type: fc.constant("step" as const),
    symbol: fc.constantFrom("ETH_USDC_PERP", "ETH_USDC"),
    price: fc.integer({ min: 249_950, max: 250_050 }),
    side,
    quantity: fc.integer({ min: 1, max: 20_000 }),
  }),
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

function openState(): ExchangeState {
  const state = new ExchangeState(LISTINGS);
  state.openAccount("ann", { USDC: "100000", ETH: "50" });
  state.openAccount("bob", { USDC: "100000", ETH: "50" });
  return state;
}

function perform(state: ExchangeState, each: Command, at: number): void {
  if (each.type === "place") {
    const { price, quantity, ...rest } = each.request;
    const reduceOnly = rest.reduceOnly && rest.symbol === PERP.id;
    state.place(each.account, order({ ...rest, reduceOnly, price: price as Ticks | null, quantity: quantity as Lots }), at);
  } else if (each.type === "cancel") {
    const open = [...state.account(each.account).open.keys()];
    state.cancel(each.account, open[each.pick % Math.max(1, open.length)] ?? 0, at);
  } else if (each.type === "amend") {
    const limited = [...state.account(each.account).open.values()].filter((one) => one.request.price !== null);
    const id = limited[each.pick % Math.max(1, limited.length)]?.id ?? 0;
    state.amend(each.account, id, { price: each.price as Ticks, quantity: each.quantity as Lots }, at);
  } else if (each.type === "fund") {
    state.payFunding(PERP.id, each.rate, at);
  } else if (each.type === "set") {
    state.setLeverage(each.account, PERP.id, each.leverage);
    state.setCountdown(each.account, each.leverage > 25 ? PERP.id : null, each.leverage % 2 === 0 ? null : at + 50);
  } else {
    const price = each.price as Ticks;
    const sweeps = [{ side: each.side, price, quantity: each.quantity as Lots }];
    state.step(each.symbol, { afterMs: 0, price, sweeps, ladder: null }, { source: "test", steps: at }, at);
  }
}

/** Users' resting orders by price in queue order, which a restart has to bring back. */
function queues(state: ExchangeState): unknown {
  return [...state.markets.values()].map(({ engine }) =>
    (["buy", "sell"] as const).flatMap((which) =>
      [...engine.levels(which)].flatMap((level) => level.orders.filter((one) => one.owner !== "(market)").map((one) => ({ ...one }))),
    ),
  );
}

describe("journal", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "botswain-sim-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function retold(file: string): ExchangeState {
    const stored = readJournal(file);
    const state = new ExchangeState(LISTINGS);
    if (stored.snapshot !== null) state.restore(stored.snapshot);
    for (const facts of stored.lines) for (const fact of facts) state.retell(fact);
    state.rebuildBooks();
    return state;
  }

  it("retells every state, wherever the crash falls and whether or not it was compacted before", () => {
    const file = join(folder, "journal.jsonl");
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 40 }), fc.nat(1_000), fc.boolean(), (commands, where, compacts) => {
        let state = openState();
        let journal = createJournal(file, new ExchangeState(LISTINGS).snapshot());
        journal.append(state.take().facts);
        const crashAt = where % commands.length;
        commands.slice(0, crashAt + 1).forEach((each, index) => {
          perform(state, each, 1_000 + index);
          journal.append(state.take().facts);
          if (!compacts || index !== Math.floor(crashAt / 2)) return;
          journal.close();
          state = retold(file);
          journal = createJournal(file, state.snapshot());
        });
        journal.close();
        const again = retold(file);
        expect(again.snapshot()).toEqual(state.snapshot());
        expect(queues(again)).toEqual(queues(state));
      }),
      { numRuns: 150 },
    );
  });

  it("leaves out a last line that a crash cut short, and names any other damage", () => {
    const file = join(folder, "journal.jsonl");
    const state = openState();
    const journal = createJournal(file, new ExchangeState(LISTINGS).snapshot());
    journal.append(state.take().facts);
    state.place("ann", order({ clientId: 5 }), 1);
    journal.append(state.take().facts);
    journal.close();
    const whole = readFileSync(file);
    truncateSync(file, whole.length - 9);
    expect(retold(file).account("ann").open.size).toBe(0);
    writeFileSync(file, whole);
    expect(retold(file).account("ann").open.size).toBe(1);
    const lines = whole.toString().split("\n");
    writeFileSync(file, [lines[0], "not json", lines[2], ""].join("\n"));
    expect(() => readJournal(file)).toThrow(/line 2/);
  });

  it("never gives a trade id twice, even when a crash forgot the public prints", () => {
    const state = openState();
    const facts: Fact[] = [...state.take().facts];
    const sweep = { side: "buy" as Side, price: ticks(250_000), quantity: lots(10) };
    state.step(PERP.id, { afterMs: 0, price: ticks(250_000), sweeps: [sweep], ladder: null }, null, 1);
    const before = state.take();
    facts.push(...before.facts);
    const again = new ExchangeState(LISTINGS);
    for (const fact of facts) again.retell(fact);
    again.step(PERP.id, { afterMs: 0, price: ticks(250_000), sweeps: [sweep], ladder: null }, null, 2);
    expect(again.take().prints[0]?.tradeId).toBeGreaterThan(before.prints[0]?.tradeId ?? Number.POSITIVE_INFINITY);
  });
});

describe("books", () => {
  it("gives a position's profit exactly: what was paid and received, to the last digit", () => {
    const fill = fc.record({ side, price: fc.integer({ min: 1, max: 1_000_000 }), quantity: fc.integer({ min: 1, max: 100_000 }) });
    fc.assert(
      fc.property(fc.array(fill, { maxLength: 30 }), fc.integer({ min: 1, max: 1_000_000 }), (fills, mark) => {
        let position: SimPosition = { quantity: 0 as Lots, cost: ZERO, realizedPnl: ZERO };
        let cash = ZERO;
        for (const { side: which, price, quantity } of fills) {
          position = positionAfter(PERP, position, which, price as Ticks, quantity as Lots);
          cash = cash.minus(notionalOf(PERP, price as Ticks, quantity as Lots).times(signOf(which)));
          if (position.quantity === 0) expect(text(position.cost)).toBe("0");
        }
        const total = position.realizedPnl.plus(unrealizedPnl(PERP, position, mark as Ticks));
        expect(text(total)).toBe(text(cash.plus(notionalOf(PERP, mark as Ticks, position.quantity))));
      }),
    );
  });

  it("keeps coins and money: what one account gains another or the market loses, fees apart", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const state = openState();
        const facts: Fact[] = [];
        commands.forEach((each, index) => {
          perform(state, each, index);
          facts.push(...state.take().facts);
        });
        for (const account of state.accounts.values()) {
          const fills = facts.filter((fact) => fact.type === "fill" && fact.account === account.name);
          expect(account.fills).toEqual(fills);
          const spot = account.fills.filter((one) => one.symbol === "ETH_USDC");
          const coins = spot.reduce(
            (sum, one) => sum.plus(money(one.quantity).times(signOf(one.side)).times(money("0.0001"))),
            money("50"),
          );
          const fees = spot.filter((one) => one.feeSymbol === "ETH").reduce((sum, one) => sum.plus(money(one.fee)), ZERO);
          expect(text(account.balances.get("ETH") ?? ZERO)).toBe(text(coins.minus(fees)));
          const perp = account.fills.filter((one) => one.symbol === PERP.id);
          expect(positionOf(account, PERP.id).quantity).toBe(perp.reduce((sum, one) => sum + one.quantity * signOf(one.side), 0));
          for (const one of [...account.open.values(), ...account.closed]) {
            const filled = account.fills.filter((fill) => fill.orderId === one.id).reduce((sum, fill) => sum + fill.quantity, 0);
            expect(filled).toBe(one.executed);
            expect(one.state === "Filled").toBe(one.executed === one.request.quantity);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("lets the market fill a user in parts and never stands crossed to an order", () => {
    const state = openState();
    const step = (price: number, sweeps: { side: Side; price: Ticks; quantity: Lots }[]) =>
      state.step(PERP.id, { afterMs: 0, price: ticks(price), sweeps, ladder: null }, null, 1);
    step(250_000, []);
    const placed = state.place("ann", order({ side: "sell", price: ticks(250_100), quantity: lots(1_000_000) }), 1);
    if (!placed.ok) throw new Error(placed.refusal.message);
    step(250_100, [{ side: "buy", price: ticks(250_100), quantity: lots(700) }]);
    expect(placed.order).toMatchObject({ executed: 700, state: "PartiallyFilled" });
    step(250_300, []);
    const { engine } = state.market(PERP.id);
    expect(placed.order.executed).toBeGreaterThan(700);
    expect(engine.best("buy")?.price ?? 0).toBeLessThan(engine.best("sell")?.price ?? 0);
    expect(engine.best("sell")?.price).toBe(250_100);
    step(250_300, [{ side: "buy", price: ticks(250_300), quantity: lots(1_000_000) }]);
    expect(placed.order.state).toBe("Filled");
  });

  it("expires reduce-only orders once the position is gone", () => {
    const state = openState();
    state.step(PERP.id, { afterMs: 0, price: ticks(250_000), sweeps: [], ladder: null }, null, 1);
    state.place("ann", order({ price: null, quantity: lots(500) }), 1);
    const exit = state.place("ann", order({ side: "sell", price: ticks(251_000), quantity: lots(500), reduceOnly: true }), 1);
    state.place("ann", order({ side: "sell", price: null, quantity: lots(500) }), 1);
    expect(exit.ok && exit.order).toMatchObject({ state: "Expired", expiryReason: "ReduceOnlyNotReduced" });
    expect(state.account("ann").open.size).toBe(0);
  });
});
