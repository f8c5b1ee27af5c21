// The main job on recorded market data: fills appear, and their sum is the simulated exchange's own trade list.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSameBooks } from "./books.ts";
import { FleetUnderTest, PROJECT, until } from "./fleet.ts";

const SHARED = resolve(PROJECT, process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data");
const FILE = join(SHARED, "ohlcv", "binance-usdm_ETHUSDT_1m_20250504-20250615.csv.gz");

describe.skipIf(!existsSync(FILE))(
  `recorded market (skipped when ${"ohlcv/binance-usdm_ETHUSDT_1m_20250504-20250615.csv.gz"} is missing from the shared data)`,
  () => {
    const fleet = new FleetUnderTest({ BOTSWAIN_SIM_DATA: FILE, BOTSWAIN_SIM_SPEED: "600" });
    beforeAll(() => fleet.up(), 60_000);
    afterAll(() => fleet.destroy(), 60_000);

    it("trades ETH at the recorded price, and ledger = exchange's list", async () => {
      await fleet.start("eth_grid");
      const status = await until(
        "fills on recorded data",
        async () => {
          const now = await fleet.status("eth_grid");
          return now.fills >= 5 ? (now as unknown as { lastPrice: string; symbol: string; fills: number }) : undefined;
        },
        90_000,
      );
      expect(Number(status.lastPrice)).toBeGreaterThan(1_500);
      expect(Number(status.lastPrice)).toBeLessThan(3_000);
      expect((await fleet.exec("/stop eth_grid")).ok).toBe(true);
      expect(await expectSameBooks(fleet, "eth_grid", status.symbol)).toBeGreaterThanOrEqual(5);
    }, 150_000);
  },
);
