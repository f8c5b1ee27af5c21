// Facts about an account and its instruments that are read now and then: funding, liquidation, changed steps.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExchangePort } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { systemClock } from "./clock.ts";
import { accountAt, type Connected, connectTo, SOL, StubExchange } from "./stub-exchange.ts";

const START = 1_760_000_400_000;
const HOUR = 3_600_000;
const iso = (at: number): string => new Date(at).toISOString().slice(0, 19);

let stub: StubExchange;
let connected: Connected;
let port: ExchangePort;
let aheadMs: number;

beforeEach(async () => {
  aheadMs = 0;
  stub = await StubExchange.start();
  connected = await connectTo(accountAt(stub.url), { now: systemClock.now, monotonic: () => systemClock.monotonic() + aheadMs });
  port = connected.port;
});
afterEach(async () => {
  await port.close();
  await stub.stop();
});

describe("funding", () => {
  const payment = (hour: number, quantity: string): object => ({
    ...{ fundingRate: "0.0001", symbol: "SOL_USDC_PERP", subaccountId: 0, userId: 1_813_870 },
    ...{ intervalEndTimestamp: iso(START + hour * HOUR), quantity },
  });

  it("is told oldest first, each payment with an identity of its own and its amount as written", async () => {
    stub.on("GET /wapi/v1/history/funding", { status: 200, body: [payment(2, "0.000000001301"), payment(1, "-0.25"), payment(0, "7")] });
    expect(await port.fundingSince(SOL, START + HOUR)).toEqual({
      complete: true,
      entries: [
        { id: iso(START + HOUR), amount: "-0.25", at: START + HOUR },
        { id: iso(START + 2 * HOUR), amount: "0.000000001301", at: START + 2 * HOUR },
      ],
    });
    expect(stub.requests.at(-1)?.query.get("symbol")).toBe("SOL_USDC_PERP");
    expect(connected.permits.taken.at(-1)).toMatchObject({ class: "reconcile", buckets: ["requests", "history"] });
  });

  it("is read page by page, and says when its end was not reached", async () => {
    stub.on("GET /wapi/v1/history/funding", ({ query }) => {
      const [offset, limit] = [Number(query.get("offset")), Number(query.get("limit"))];
      return { status: 200, body: Array.from({ length: limit }, (_, index) => payment(20_000 - offset - index, "1")) };
    });
    const page = await port.fundingSince(SOL, START);
    expect(page.complete).toBe(false);
    expect(page.entries).toHaveLength(10_000);
    expect(await port.fundingSince(SOL, START + 19_000 * HOUR)).toMatchObject({ complete: true });
  });

  it("that cannot be read is never an empty list", async () => {
    stub.on("GET /wapi/v1/history/funding", { status: 200, body: { message: "later" } });
    await expect(port.fundingSince(SOL, START)).rejects.toThrow("funding of SOL/USDC:USDC");
    stub.on("GET /wapi/v1/history/funding", { status: 200, body: [{ symbol: "SOL_USDC_PERP", quantity: "1" }] });
    await expect(port.fundingSince(SOL, START)).rejects.toThrow("has no amount, time or identity");
  });
});

describe("a position", () => {
  const held = (estLiquidationPrice: string): void =>
    stub.on("GET /api/v1/position", {
      status: 200,
      body: [{ symbol: "SOL_USDC_PERP", netQuantity: "-2.5", netCost: "-250", entryPrice: "100", estLiquidationPrice }],
    });

  it("tells where it would be liquidated, and 0 means nowhere", async () => {
    held("131.25");
    const positions = async () => (await port.snapshot([SOL])).positions;
    expect(await positions()).toEqual([{ symbol: SOL, quantity: lots(-250), averageEntryPrice: "100", liquidationPrice: "131.25" }]);
    held("0");
    expect(await positions()).toMatchObject([{ liquidationPrice: null }]);
  });
});

describe("an instrument whose steps the exchange changed", () => {
  const market = (tickSize: string): void =>
    stub.on("GET /api/v1/markets", {
      status: 200,
      body: [
        {
          ...{ symbol: "SOL_USDC_PERP", baseSymbol: "SOL", quoteSymbol: "USDC", marketType: "PERP", orderBookState: "Open" },
          ...{ createdAt: "2025-01-21T06:34:54.691858", imfFunction: { base: "0.02", factor: "0.0001", type: "sqrt" } },
          filters: { price: { tickSize, minPrice: tickSize }, quantity: { minQuantity: "0.01", stepSize: "0.01" } },
        },
      ],
    });

  it("is described anew after a while, but this connection counts in the old steps to its end", async () => {
    const before = await port.instrument(SOL);
    market("0.1");
    expect(await port.instrument(SOL)).toEqual(before);
    aheadMs = 301_000;
    const after = await port.instrument(SOL);
    expect([before.tickSize, after.tickSize]).toEqual(["0.01", "0.1"]);
    expect(after.revision).not.toBe(before.revision);
    expect((await port.touch(SOL)).bestBid).toBe(ticks(9_950));
    const next = await connectTo(accountAt(stub.url));
    expect((await next.port.touch(SOL)).bestBid).toBe(ticks(995));
    await next.port.close();
  });
});
