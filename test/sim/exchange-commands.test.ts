// Commands beyond placing and canceling: amendments with their place in the queue, dead-man switches, text ids, cancel-all and their journal.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lots, ticks } from "../../src/core/units.ts";
import type { ExchangeOrder, OrderRequest } from "../../src/sim/exchange-facts.ts";
import { ExchangeState, type PlaceResult } from "../../src/sim/exchange-state.ts";
import { createJournal, readJournal } from "../../src/sim/journal.ts";
import { LISTINGS } from "../../src/sim/listings.ts";
import { SimulatedExchange } from "../../src/sim/simulated-exchange.ts";

const ID = "ETH_USDC_PERP";

function order(sketch: Partial<OrderRequest>): OrderRequest {
  const base = { symbol: ID, side: "buy" as const, price: ticks(249_000), quantity: lots(100), quoteQuantity: null, clientId: null };
  return { ...base, timeInForce: "gtc", postOnly: false, reduceOnly: false, selfTrade: "rejectTaker", ...sketch };
}

function openExchange(file: string | null = null) {
  const clock = { at: 1_000, now: () => clock.at, monotonic: () => clock.at };
  const state = new ExchangeState(LISTINGS);
  const journal = file === null ? null : createJournal(file, state.snapshot());
  const exchange = new SimulatedExchange({ state, journal, clock });
  for (const name of ["ann", "bob"]) exchange.run((running) => running.openAccount(name, { USDC: "100000" }));
  const moveTo = (price: number, sweep = 0): void => {
    const sweeps = sweep === 0 ? [] : [{ side: "sell" as const, price: ticks(price), quantity: lots(sweep) }];
    // No ladder of the market's own: only users rest here.
    exchange.run((running, at) => running.step(ID, { afterMs: 0, price: ticks(price), sweeps, ladder: { bids: [], asks: [] } }, null, at));
  };
  moveTo(250_000);
  return { exchange, clock, moveTo };
}

function taken(result: PlaceResult): ExchangeOrder {
  if (!result.ok) throw new Error(result.refusal.message);
  return result.order;
}

describe("amending in place", () => {
  it("keeps the id; fewer lots keep the place in the queue, more lots or another price lose it", () => {
    const { exchange, moveTo } = openExchange();
    const first = taken(exchange.place("ann", order({})));
    const second = taken(exchange.place("bob", order({})));
    expect(taken(exchange.amend("ann", first.id, { price: ticks(249_000), quantity: lots(60) }))).toBe(first);
    moveTo(249_000, 60);
    expect([first.state, second.executed]).toEqual(["Filled", 0]);
    const third = taken(exchange.place("ann", order({})));
    taken(exchange.amend("bob", second.id, { price: ticks(249_000), quantity: lots(101) }));
    moveTo(249_000, 100);
    expect([third.state, second.executed]).toEqual(["Filled", 0]);
    const fourth = taken(exchange.place("ann", order({ price: ticks(248_000) })));
    taken(exchange.amend("bob", second.id, { price: ticks(248_000), quantity: lots(101) }));
    moveTo(248_000, 150);
    expect([fourth.state, second.executed, second.request.price]).toEqual(["Filled", 50, 248_000]);
  });

  it("trades when the new price crosses, unless the order is post-only, which then stays what it was", () => {
    const { exchange } = openExchange();
    taken(exchange.place("bob", order({ side: "sell", price: ticks(250_100), quantity: lots(30) })));
    const patient = taken(exchange.place("ann", order({ postOnly: true })));
    expect(exchange.amend("ann", patient.id, { price: ticks(250_100), quantity: lots(100) })).toMatchObject({
      ok: false,
      refusal: { reason: "wouldTake" },
    });
    expect(patient).toMatchObject({ state: "New", request: { price: 249_000 } });
    const eager = taken(exchange.place("ann", order({})));
    taken(exchange.amend("ann", eager.id, { price: ticks(250_100), quantity: lots(100) }));
    expect(eager).toMatchObject({ state: "PartiallyFilled", executed: 30, request: { price: 250_100 } });
    expect(exchange.state.market(ID).engine.resting(eager.id)?.remaining).toBe(70);
    taken(exchange.amend("ann", eager.id, { price: ticks(250_100), quantity: lots(30) }));
    expect(eager).toMatchObject({ state: "Cancelled", executed: 30 });
  });

  it("checks money and steps like a new order, without counting the old one, and knows only open orders", () => {
    const { exchange } = openExchange();
    const big = taken(exchange.place("ann", order({ quantity: lots(15_000_000) })));
    expect(exchange.amend("ann", big.id, { price: ticks(249_000), quantity: lots(25_000_000) })).toMatchObject({
      refusal: { reason: "margin" },
    });
    expect(exchange.amend("ann", big.id, { price: ticks(248_000), quantity: lots(16_000_000) })).toMatchObject({ ok: true });
    expect(exchange.amend("ann", big.id, { price: ticks(1), quantity: lots(16_000_000) })).toMatchObject({ refusal: { reason: "price" } });
    expect(exchange.amend("bob", big.id, { price: ticks(248_000), quantity: lots(1) })).toMatchObject({ refusal: { reason: "notFound" } });
  });
});

describe("finding and canceling", () => {
  it("finds an order by a text or number id, open before closed, the youngest of the closed", () => {
    const { exchange } = openExchange();
    const old = taken(exchange.place("ann", order({ clientId: "bw-1" })));
    exchange.cancel("ann", old.id);
    const again = taken(exchange.place("ann", order({ clientId: "bw-1" })));
    expect(exchange.findByClientId("ann", "bw-1")).toBe(again);
    exchange.cancel("ann", again.id);
    expect(exchange.findByClientId("ann", "bw-1")).toBe(again);
    taken(exchange.place("ann", order({ clientId: 7 })));
    expect(exchange.findByClientId("ann", "7")).toBeUndefined();
    expect(exchange.findByClientId("ann", 7, "ETH_USDC")).toBeUndefined();
    expect(exchange.findByClientId("bob", 7)).toBeUndefined();
  });

  it("cancels all orders of an instrument or of the account, and nobody else's", () => {
    const { exchange } = openExchange();
    for (const price of [249_000, 248_000]) exchange.place("ann", order({ price: ticks(price) }));
    exchange.place("ann", order({ symbol: "SOL_USDC_PERP", price: ticks(14_000) }));
    const others = taken(exchange.place("bob", order({})));
    expect(exchange.cancelAll("ann", ID)).toHaveLength(2);
    expect(exchange.cancelAll("ann", null)).toHaveLength(1);
    expect(others.state).toBe("New");
  });
});

describe("dead-man switches", () => {
  it("cancel the instrument's orders when their time is over, unless they are started again or disarmed", () => {
    const { exchange, clock } = openExchange();
    const ethereum = taken(exchange.place("ann", order({})));
    const solana = taken(exchange.place("ann", order({ symbol: "SOL_USDC_PERP", price: ticks(14_000) })));
    expect(exchange.startCountdown("ann", ID, 5_000)).toBe(6_000);
    clock.at = 5_999;
    exchange.tick();
    expect(exchange.startCountdown("ann", ID, 5_000)).toBe(10_999);
    clock.at = 10_998;
    exchange.tick();
    expect(ethereum.state).toBe("New");
    clock.at = 10_999;
    exchange.tick();
    expect([ethereum.state, solana.state]).toEqual(["Cancelled", "New"]);
    exchange.startCountdown("ann", null, 1_000);
    expect(exchange.startCountdown("ann", null, 0)).toBeNull();
    clock.at = 20_000;
    exchange.tick();
    expect(solana.state).toBe("New");
    exchange.startCountdown("ann", null, 1_000);
    clock.at = 21_000;
    exchange.tick();
    expect(solana.state).toBe("Cancelled");
  });

  it("outlive a crash with everything else: amendments, leverage, funding", () => {
    const folder = mkdtempSync(join(tmpdir(), "botswain-sim-"));
    const file = join(folder, "journal.jsonl");
    const { exchange } = openExchange(file);
    const first = taken(exchange.place("ann", order({})));
    taken(exchange.place("bob", order({ clientId: "b" })));
    taken(exchange.amend("ann", first.id, { price: ticks(249_000), quantity: lots(150) }));
    exchange.setLeverage("ann", ID, 7);
    exchange.startCountdown("ann", null, 5_000);
    exchange.payFunding(ID, "0.0001");
    exchange.close();
    const again = new ExchangeState(LISTINGS);
    const stored = readJournal(file);
    for (const facts of stored.lines) for (const fact of facts) again.retell(fact);
    again.rebuildBooks();
    expect(again.snapshot()).toEqual(exchange.state.snapshot());
    const queue = [...again.market(ID).engine.levels("buy")].flatMap((level) => level.orders.map(({ owner }) => owner));
    expect(queue).toEqual(["bob", "ann"]);
    expect([again.account("ann").leverage.get(ID), again.account("ann").countdowns.get("")]).toEqual([7, 6_000]);
    rmSync(folder, { recursive: true });
  });
});
