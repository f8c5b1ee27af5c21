// The main job on recorded market data: fills appear, and their sum is the simulated exchange's own trade list.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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

describe("a recording that ends", () => {
  const folder = mkdtempSync(join(tmpdir(), "botswain-data-"));
  const file = join(folder, "short_ETHUSDT_1m.csv");
  writeFileSync(file, "ts_ms,open,high,low,close,volume\n1700000000000,2000,2010,1990,2005,100\n1700000060000,2005,2015,1995,2000,100\n");
  const fleet = new FleetUnderTest({ BOTSWAIN_SIM_DATA: `ETH/USDC:USDC=${file}`, BOTSWAIN_SIM_SPEED: "60" });
  beforeAll(() => fleet.up(), 60_000);
  afterAll(async () => {
    await fleet.destroy();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it("holds its last price, and /status says so", async () => {
    await fleet.start("eth_grid");
    const status = await until(
      "the note",
      async () => {
        const now = (await fleet.status("eth_grid")) as unknown as { note: { en: string } | null; lastPrice: string };
        return now.note === null ? undefined : now;
      },
      45_000,
    );
    expect(status.note?.en).toContain("ETH_USDC_PERP has ended; the last price holds");
    expect(Math.round(Number(status.lastPrice))).toBe(2_000);
  }, 90_000);
});
