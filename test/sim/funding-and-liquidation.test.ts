// Funding at its interval and rate, liquidation below the maintenance margin, leverage: in the books, the journal and Backpack's answers.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { money, text, ZERO } from "../../src/core/money.ts";
import { type Lots, lots, type Ticks, ticks } from "../../src/core/units.ts";
import { equityOf, positionOf } from "../../src/sim/accounts.ts";
import type { OrderRequest } from "../../src/sim/exchange-facts.ts";
import { ExchangeState } from "../../src/sim/exchange-state.ts";
import { fixedFunding, recordedFunding } from "../../src/sim/funding.ts";
import { LISTINGS, notionalOf } from "../../src/sim/listings.ts";
import { isUnderwater, liquidationPriceOf, maintenanceMarginOf } from "../../src/sim/margin.ts";
import { readFunding } from "../../src/sim/recorded-funding.ts";
import { SimulatedExchange } from "../../src/sim/simulated-exchange.ts";
import { admin, connect, startSim, until } from "./loopback-exchange.ts";

const ID = "ETH_USDC_PERP";
const ETH = "ETH/USDC:USDC";
const HOURS_8 = 28_800_000;

function order(sketch: Partial<OrderRequest>): OrderRequest {
  const base = { symbol: ID, side: "buy" as const, price: null, quantity: lots(10_000), quoteQuantity: null, clientId: null };
  return { ...base, timeInForce: "gtc", postOnly: false, reduceOnly: false, selfTrade: "rejectTaker", ...sketch };
}

/** An exchange whose clock a test moves; ETH stands at 2500 and `ann` has `usdc`. */
function openExchange(options: { usdc?: string; start?: number; rate?: string } = {}) {
  const clock = { at: options.start ?? HOURS_8 * 60_000 + 1, now: () => clock.at, monotonic: () => clock.at };
  const state = new ExchangeState(LISTINGS);
  const exchange = new SimulatedExchange({ state, journal: null, clock, funding: fixedFunding(options.rate ?? "0.0001") });
  exchange.run((running) => running.openAccount("ann", { USDC: options.usdc ?? "100000" }));
  const moveTo = (price: number): void =>
    exchange.run((running, at) => running.step(ID, { afterMs: 0, price: ticks(price), sweeps: [], ladder: null }, null, at));
  moveTo(250_000);
  return { exchange, clock, moveTo, account: state.account("ann"), markOf: (symbol: string): Ticks => state.market(symbol).price };
}

describe("funding", () => {
  it("takes the rate of what a long holds at the mark, at each whole interval, once", () => {
    const { exchange, clock, account } = openExchange({ rate: "0.0003" });
    exchange.place("ann", order({ quantity: lots(10_000) }));
    const before = account.balances.get("USDC") ?? ZERO;
    exchange.tick();
    expect(account.funding).toEqual([]);
    expect(exchange.fundingForecast(ID)).toEqual({ rate: "0.0003", nextAt: HOURS_8 * 60_001, intervalMs: HOURS_8 });
    clock.at = HOURS_8 * 60_001;
    exchange.tick();
    exchange.tick();
    expect(account.funding).toMatchObject([{ symbol: ID, quantity: 10_000, rate: "0.0003", amount: "-0.75", at: clock.at }]);
    expect(text((account.balances.get("USDC") ?? ZERO).minus(before))).toBe("-0.75");
    expect(exchange.state.market(ID).settled).toMatchObject([{ rate: "0.0003", mark: 250_000 }]);
  });

  it("pays a short, and catches up with what fell due while nobody looked", () => {
    const { exchange, clock, account } = openExchange();
    exchange.place("ann", order({ side: "sell", quantity: lots(4_000) }));
    clock.at = HOURS_8 * 60_003 + 5;
    exchange.tick();
    expect(account.funding.map(({ amount, at }) => [amount, at / HOURS_8])).toEqual([
      ["0.1", 60_001],
      ["0.1", 60_002],
      ["0.1", 60_003],
    ]);
  });

  it("plays recorded rates one after another, the last one for ever, and refuses what is no rate", () => {
    const folder = mkdtempSync(join(tmpdir(), "botswain-funding-"));
    const file = join(folder, "binance-usdm_ETHUSDT_8h_test.csv");
    writeFileSync(file, "ts_ms,rate\n1,0.0001\n2,-0.0002\n");
    const { base, rates } = readFunding(file, LISTINGS);
    const source = recordedFunding(new Map([[base, rates]]));
    const [eth, sol] = [ID, "SOL_USDC_PERP"].map((id) => LISTINGS.find((listing) => listing.id === id) as (typeof LISTINGS)[number]);
    expect([0, 1, 2, 9].map((index) => eth && source(eth, index))).toEqual(["0.0001", "-0.0002", "-0.0002", "-0.0002"]);
    expect(sol && source(sol, 0)).toBe("0.0001");
    writeFileSync(file, "ts_ms,rate\n1,much\n");
    expect(() => readFunding(file, LISTINGS)).toThrow(/line 2.*"much".*from -1 to 1/);
    writeFileSync(file, "ts,rate\n1,0\n");
    expect(() => readFunding(file, LISTINGS)).toThrow(/line 1.*ts_ms,rate/);
    rmSync(folder, { recursive: true });
  });

  it("keeps the identity of the balance: start, fills, fees and funding add up exactly", () => {
    const event = fc.oneof(
      fc.record({
        type: fc.constant("trade" as const),
        side: fc.constantFrom("buy" as const, "sell" as const),
        quantity: fc.integer({ min: 1, max: 30_000 }),
      }),
      fc.record({ type: fc.constant("fund" as const), rate: fc.integer({ min: -900, max: 900 }) }),
      fc.record({ type: fc.constant("move" as const), price: fc.integer({ min: 240_000, max: 260_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const { exchange, moveTo, account, markOf } = openExchange();
        for (const each of events) {
          if (each.type === "trade") exchange.place("ann", order({ side: each.side, quantity: each.quantity as Lots }));
          else if (each.type === "fund") exchange.payFunding(ID, money(each.rate).div(1_000_000).toFixed());
          else moveTo(each.price);
        }
        let cash = money("100000");
        for (const fill of account.fills) {
          const value = notionalOf(exchange.state.market(ID).listing, fill.price, fill.quantity);
          cash = (fill.side === "buy" ? cash.minus(value) : cash.plus(value)).minus(fill.fee);
        }
        for (const { amount } of account.funding) cash = cash.plus(amount);
        const { quantity } = positionOf(account, ID);
        const worth = cash.plus(notionalOf(exchange.state.market(ID).listing, markOf(ID), quantity));
        expect(text(equityOf(account, exchange.state.listings, markOf, "USDC"))).toBe(text(worth));
      }),
      { numRuns: 100 },
    );
  });

  it("is in Backpack's history, rates, mark price and position, and survives a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "botswain-funding-"));
    const sim = await startSim({ folder, paused: true });
    const client = await connect(sim, sim.accounts[0]);
    await admin(sim, "POST", "/sim/price", { symbol: ID, price: "2500" });
    await client.createOrder(ETH, "market", "sell", 1);
    await admin(sim, "POST", "/sim/funding", { symbol: ID, rate: "0.0004" });
    await expect(admin(sim, "POST", "/sim/funding", { symbol: "ETH_USDC", rate: "0.0004" })).rejects.toThrow(/pays no funding/);
    const [payment] = await client.fetchFundingHistory(ETH);
    expect(payment).toMatchObject({ symbol: ETH, amount: "1", info: { fundingRate: "0.0004", quantity: "1", symbol: ID } });
    expect((await client.fetchFundingRateHistory(ETH))[0]).toMatchObject({ fundingRate: "0.0004", timestamp: payment?.timestamp });
    expect((await client.fetchFundingRate(ETH)).info).toMatchObject({ fundingRate: "0.0001" });
    const position = (await client.fetchPositions())[0];
    expect(position?.info).toMatchObject({ cumulativeFundingPayment: "1" });
    const before = await admin(sim, "GET", "/sim/funding?account=sim");
    expect(before).toHaveLength(1);
    await client.close();
    await sim.close();
    const again = await startSim({ folder, paused: true });
    expect(await admin(again, "GET", "/sim/funding?account=sim")).toEqual(before);
    await again.close();
    rmSync(folder, { recursive: true });
  });
});

describe("liquidation", () => {
  it("comes at the price that was told, cancels the orders, closes the position and marks its order and fills", () => {
    const { exchange, moveTo, account, markOf } = openExchange({ usdc: "1000" });
    const { listings } = exchange.state;
    exchange.place("ann", order({ quantity: lots(80_000) }));
    const exit = exchange.place("ann", order({ side: "sell", price: ticks(260_000), quantity: lots(80_000), reduceOnly: true }));
    const told = liquidationPriceOf(account, listings, markOf, ID);
    const edge = Math.ceil(Number(told) * 100);
    expect(edge).toBeGreaterThan(230_000);
    moveTo(edge);
    expect(isUnderwater(account, listings, markOf)).toBe(false);
    expect(positionOf(account, ID).quantity).toBe(80_000);
    moveTo(edge - 1);
    expect(positionOf(account, ID).quantity).toBe(0);
    expect(exit.ok && exit.order).toMatchObject({ state: "Cancelled", expiryReason: "Liquidation" });
    const closing = account.closed.at(-1);
    expect(closing).toMatchObject({ state: "Filled", request: { side: "sell", reduceOnly: true, origin: "liquidation", clientId: null } });
    const fills = account.fills.filter((fill) => fill.origin === "liquidation");
    expect(fills.reduce((sum, fill) => sum + fill.quantity, 0)).toBe(80_000);
    expect(account.fills.length).toBeGreaterThan(fills.length);
    expect(account.open.size).toBe(0);
  });

  it("never leaves an account under water while the book can take its positions", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("buy" as const, "sell" as const),
        fc.array(fc.integer({ min: -2_500, max: 2_500 }), { maxLength: 30 }),
        (side, moves) => {
          const { exchange, moveTo, account, markOf } = openExchange({ usdc: "1000" });
          exchange.place("ann", order({ side, quantity: lots(100_000) }));
          let price = 250_000;
          for (const move of moves) {
            price += move;
            moveTo(price);
            const { listings } = exchange.state;
            const equity = equityOf(account, listings, markOf, "USDC");
            const isFlat = positionOf(account, ID).quantity === 0;
            expect(isFlat || equity.gte(maintenanceMarginOf(account, listings, markOf))).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is told on Backpack's stream and history with its origin", async () => {
    const sim = await startSim({ paused: true, accounts: [{ name: "sim", balances: { USDC: "1000" } }] });
    const client = await connect(sim, sim.accounts[0]);
    await admin(sim, "POST", "/sim/price", { symbol: ID, price: "2500" });
    await client.loadMarkets();
    const heard: { O: string; e: string }[] = [];
    const listening = (async () => {
      while (!heard.some(({ O }) => O === "LIQUIDATION_AUTOCLOSE"))
        for (const { info } of await client.watchOrders(ETH)) heard.push(info as { O: string; e: string });
    })();
    await until("the stream is open", async () => ((await admin(sim, "GET", "/sim/state")) as { sockets: number }).sockets > 0);
    await client.createOrder(ETH, "market", "buy", 10);
    await until("the stream tells", () => heard.length > 0);
    await admin(sim, "POST", "/sim/price", { symbol: ID, price: "2400" });
    await listening;
    expect(await client.fetchPositions()).toEqual([]);
    const trades = await client.fetchMyTrades(ETH);
    const kinds = trades.map(({ side, info }) => [side, (info as { systemOrderType: string | null }).systemOrderType]);
    expect(new Set(kinds.map(String))).toEqual(new Set(["buy,", "sell,LiquidatePositionOnBook"]));
    await client.close();
    await sim.close();
  });
});

describe("leverage", () => {
  it("is kept per account and instrument, bounded, and decides the margin of new orders", () => {
    const { exchange } = openExchange({ usdc: "1000" });
    const wanted = order({ quantity: lots(20_000) });
    expect(exchange.leverageOf("ann", ID)).toBeNull();
    expect(exchange.setLeverage("ann", ID, 2)).toBeNull();
    expect(exchange.place("ann", wanted)).toMatchObject({ ok: false, refusal: { reason: "margin" } });
    expect(exchange.setLeverage("ann", ID, 10)).toBeNull();
    expect(exchange.place("ann", wanted)).toMatchObject({ ok: true });
    for (const wrong of [0, 51, Number.NaN])
      expect(exchange.setLeverage("ann", ID, wrong)).toMatchObject({ reason: "leverage", message: "Leverage must be from 1 to 50" });
    expect(exchange.setLeverage("ann", "ETH_USDC", 2)).toMatchObject({ reason: "leverage" });
    expect(exchange.leverageOf("ann", ID)).toBe(10);
  });
});
