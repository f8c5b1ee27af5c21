// Three bots in three processes under a tight limit: the exchange's own count never passes it, nobody is refused, all trade.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FleetUnderTest, until } from "./fleet.ts";

const LIMITS = [
  { name: "requests", limit: 40, windowMs: 5_000 },
  { name: "history", limit: 10, windowMs: 10_000 },
];

interface Requests {
  readonly accounts: Readonly<
    Record<
      string,
      {
        readonly total: number;
        readonly rejected429: number;
        readonly buckets: readonly { readonly name: string; readonly limit: number; readonly mostInWindow: number }[];
      }
    >
  >;
}

describe("one token bucket for the whole fleet", () => {
  const fleet = new FleetUnderTest({ BOTSWAIN_LIMITS: JSON.stringify({ backpack: LIMITS }) });
  beforeAll(() => fleet.up(), 60_000);
  afterAll(() => fleet.destroy(), 60_000);

  it("AC-11: several processes together never exceed the limit at the exchange's own count, and all of them trade", async () => {
    await Promise.all(["eth_grid", "btc_grid", "sol_grid"].map((id) => fleet.exec(`/start ${id}`)));
    for (const id of ["eth_grid", "btc_grid", "sol_grid"]) {
      await until(`${id} rests its whole grid`, async () => (await fleet.status(id)).openOrders >= 18, 90_000);
    }
    await Promise.all(["eth_grid", "btc_grid", "sol_grid"].map((id) => fleet.exec(`/stop ${id}`)));
    const { accounts } = await fleet.sim<Requests>("/sim/requests");
    const account = accounts.sim;
    expect(account?.rejected429).toBe(0);
    expect(account?.total).toBeGreaterThan(120);
    for (const bucket of account?.buckets ?? []) {
      const limit = LIMITS.find(({ name }) => name === bucket.name)?.limit ?? 0;
      expect(bucket.limit).toBe(limit);
      expect(bucket.mostInWindow, bucket.name).toBeLessThanOrEqual(limit);
      expect(bucket.mostInWindow, bucket.name).toBeGreaterThan(0);
    }
  }, 180_000);
});
