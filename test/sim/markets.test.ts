// Market sources: the generator is lively, repeatable and continuable; recordings are read exactly, and faults in them are named.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPrice } from "../../src/core/instrument.ts";
import { UserError } from "../../src/core/text.ts";
import type { Ticks } from "../../src/core/units.ts";
import { createGenerator } from "../../src/sim/generator.ts";
import { LISTINGS, type Listing } from "../../src/sim/listings.ts";
import { ladderAround, type MarketSource, type MarketStep } from "../../src/sim/market-step.ts";
import { createRandom } from "../../src/sim/random.ts";
import { listingFor, openRecording, parseDataEntry } from "../../src/sim/recording.ts";

const DATA = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data");

function listing(id: string): Listing {
  return LISTINGS.find((one) => one.id === id) as Listing;
}

function take(source: MarketSource, count: number): MarketStep[] {
  const steps: MarketStep[] = [];
  for (let step = source.next(); step !== null; step = source.next()) {
    steps.push(step);
    if (steps.length === count) break;
  }
  return steps;
}

describe("generator", () => {
  it("gives the same market for the same seed, another for another, and continues from its progress", () => {
    const source = createGenerator(listing("ETH_USDC_PERP"), "7");
    const first = take(source, 500);
    const stored = JSON.parse(JSON.stringify(source.progress()));
    const rest = take(source, 500);
    expect(take(createGenerator(listing("ETH_USDC_PERP"), "7"), 1_000)).toEqual([...first, ...rest]);
    expect(take(createGenerator(listing("ETH_USDC_PERP"), "8"), 500)).not.toEqual(first);
    const again = createGenerator(listing("ETH_USDC_PERP"), "7");
    expect(again.resume(stored)).toBe(true);
    expect(take(again, 500)).toEqual(rest);
    expect(createGenerator(listing("ETH_USDC_PERP"), "8").resume(stored)).toBe(false);
  });

  it.each(["SOL_USDC_PERP", "ETH_USDC_PERP", "BTC_USDC_PERP"])(
    "moves %s through a grid of 20 levels within ±3 % in its first minute",
    (id) => {
      for (let seed = 1; seed <= 40; seed += 1) {
        const prices = take(createGenerator(listing(id), String(seed)), 240).map((step) => step.price);
        const first = prices[0] ?? 0;
        const level = (price: number): number => Math.floor((price / first - 0.97) / 0.003);
        const crossings = prices.filter((price, index) => index > 0 && level(price) !== level(prices[index - 1] ?? price)).length;
        expect(crossings, `seed ${seed}`).toBeGreaterThanOrEqual(2);
      }
    },
  );

  it("stays near its home for a day and never leaves the positive prices", () => {
    for (const seed of ["1", "2", "3"]) {
      const prices: number[] = take(createGenerator(listing("ETH_USDC_PERP"), seed), 345_600).map((step) => step.price);
      expect(prices.reduce((a, b) => Math.min(a, b))).toBeGreaterThan(150_000);
      expect(prices.reduce((a, b) => Math.max(a, b))).toBeLessThan(375_000);
    }
  });

  it("draws a ladder that is sorted, positive and not crossed, at any price", () => {
    for (const price of [1, 2, 5, 39, 250_000]) {
      const { bids, asks } = ladderAround(price as Ticks, listing("ETH_USDC_PERP").ladder);
      const prices: number[] = [...bids.toReversed(), ...asks].map(([at]) => at);
      expect(prices).toEqual([...new Set(prices)].sort((a, b) => a - b));
      expect(prices[0]).toBeGreaterThan(0);
    }
  });

  it("draws uniform numbers that continue from their state", () => {
    const random = createRandom("seed");
    const mean = Array.from({ length: 20_000 }, () => random.next()).reduce((a, b) => a + b) / 20_000;
    expect(mean).toBeCloseTo(0.5, 1);
    const again = createRandom(random.state());
    expect(again.next()).toBe(random.next());
    expect(new Set(Array.from({ length: 500 }, () => random.integer(1, 3)))).toEqual(new Set([1, 2, 3]));
  });
});

describe("recording files", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "botswain-data-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(name: string, lines: string[], packed = false): string {
    const path = join(folder, name);
    const content = `${lines.join("\n")}\n`;
    writeFileSync(path, packed ? gzipSync(content) : content);
    return path;
  }

  it("walks a bar from open over its nearer corner to close and spreads its volume", () => {
    const rows = ["ts_ms,open,high,low,close,volume", "60000,100,110,90,105,1.3", "120000,105,106,95.004,96,0"];
    const source = openRecording(file("bars.csv", rows, true), listing("ETH_USDC_PERP"));
    const steps = take(source, 100);
    expect(steps).toHaveLength(26);
    const prices = steps.map((step) => toPrice(listing("ETH_USDC_PERP").instrument, step.price));
    expect(prices.slice(0, 13)).toEqual([
      "100.00",
      "97.50",
      "95.00",
      "92.50",
      "90.00",
      "95.00",
      "100.00",
      "105.00",
      "110.00",
      "108.75",
      "107.50",
      "106.25",
      "105.00",
    ]);
    expect([prices[13], prices[17], prices[21], prices[25]]).toEqual(["105.00", "106.00", "95.00", "96.00"]);
    expect(steps.slice(0, 13).reduce((sum, step) => sum + (step.sweeps[0]?.quantity ?? 0), 0)).toBe(13_000);
    expect(steps[1]?.sweeps[0]?.side).toBe("sell");
    expect(steps[5]?.sweeps[0]?.side).toBe("buy");
    expect(steps.slice(0, 13).reduce((sum, step) => sum + step.afterMs, 0)).toBeCloseTo(60_000, 6);
    expect(source.next()).toBeNull();
    const again = openRecording(join(folder, "bars.csv"), listing("ETH_USDC_PERP"));
    expect(again.resume({ ...source.progress(), steps: 20 })).toBe(true);
    expect(take(again, 100)).toEqual(steps.slice(20));
  });

  it("joins trades of one millisecond and guesses an unknown side by the price", () => {
    const rows = ["ts_ms,price,qty,side,id", "5,100,1,B,1", "5,101,2,S,2", "9,101,0.5,,3", "12,100.5,1,,4"];
    const steps = take(openRecording(file("trades.csv", rows), listing("ETH_USDC_PERP")), 10);
    expect(steps.map((step) => [step.afterMs, step.price, step.sweeps.map((sweep) => [sweep.side, sweep.quantity])])).toEqual([
      [
        0,
        10_100,
        [
          ["buy", 10_000],
          ["sell", 20_000],
        ],
      ],
      [4, 10_100, [["buy", 5_000]]],
      [3, 10_050, [["sell", 10_000]]],
    ]);
  });

  it("rebuilds a recorded book, levels and orders alike, and leaves out what is locked", () => {
    const header = "local_ns,exch_ms,type,side,price,qty,id";
    const levels = [header, "1000000,1,S,B,99,1,1", "1000000,1,S,S,101,2,1", "1000000,1,S,S,99,5,1", "200000000,1,D,S,99,0,2"];
    const [first, second] = take(openRecording(file("l2.csv", levels), listing("ETH_USDC_PERP")), 10);
    expect(second).toBeUndefined();
    expect(first).toMatchObject({ price: 10_000, ladder: { bids: [[9_900, 10_000]], asks: [[10_100, 20_000]] } });
    const orders = [header, "1,1,C,B,99,1,7", "1,1,C,B,99,2,8", "1,1,C,S,100,1,9", "1,1,X,B,99,1,7", "1,1,U,B,98,1.5,8", "2,,T,,98,0.5,10"];
    const [step] = take(openRecording(file("l3.csv", orders), listing("ETH_USDC_PERP")), 10).slice(-1);
    expect(step).toMatchObject({ ladder: { bids: [[9_800, 15_000]] }, sweeps: [{ price: 9_800, quantity: 5_000 }] });
  });

  it.each([
    [["time,price"], /line 1: found "time,price", expected one of the headers/],
    [["ts_ms,price,qty,side,id"], /line 2: found "", expected at least one row/],
    [["ts_ms,price,qty,side,id", "1,2,3,B"], /line 2: .*expected 5 fields/],
    [["ts_ms,price,qty,side,id", "1,2,3,B,4", "2,x,3,B,4"], /line 3: found "x", expected a price as a decimal/],
    [["ts_ms,price,qty,side,id", "2,2,3,B,4", "1,2,3,B,4"], /line 3: found "1", expected no earlier time/],
    [["ts_ms,price,qty,side,id", "1,0.0001,3,B,4"], /line 2: .*at least one step/],
    [["ts_ms,price,qty,side,id", "1,1,3,Q,4"], /line 2: found "Q", expected one of B, S, nothing/],
    [["ts_ms,open,high,low,close,volume", "1,5,4,3,4,1"], /line 2: found "4", expected a high/],
    [["ts_ms,open,high,low,close,volume", "1,5,6,5.5,6,1"], /line 2: found "5.5", expected a low/],
    [["ts_ms,open,high,low,close,volume", "1e3,5,6,5,6,1"], /line 2: found "1e3", expected the bar's open time/],
  ])("names the fault in %j", (lines, fault) => {
    const open = () => openRecording(file("bad.csv", lines), listing("ETH_USDC_PERP"));
    expect(open).toThrow(UserError);
    expect(open).toThrow(fault);
  });

  it("names a file that is missing or damaged", () => {
    expect(() => openRecording(join(folder, "nowhere.csv"), listing("ETH_USDC_PERP"))).toThrow(/nowhere.csv cannot be read/);
    const broken = join(folder, "broken.csv.gz");
    writeFileSync(broken, gzipSync("some text").subarray(0, 15));
    expect(() => openRecording(broken, listing("ETH_USDC_PERP"))).toThrow(/damaged/);
  });

  it.each([
    ["a/binance-usdm_ETHUSDT_1m_20250504-20250615.csv.gz", "ETH_USDC_PERP"],
    ["binance-spot_BTCUSDT_l2trades_20240808.csv.gz", "BTC_USDC"],
    ["hyperliquid-spot_UETHUSDC_1m_20250721-20250726.csv.gz", "ETH_USDC"],
    ["hyperliquid-perp_SOL_l2trades_20250904.csv.gz", "SOL_USDC_PERP"],
    ["standx-perp_BTC-USD_l2trades_20260106_11-17.csv.gz", "BTC_USDC_PERP"],
    ["SOL_USDC=whatever.csv", "SOL_USDC"],
  ])("knows that %s is %s", (entry, id) => {
    expect(listingFor(parseDataEntry(entry), LISTINGS).id).toBe(id);
  });

  it("asks for the symbol that a name does not tell", () => {
    expect(() => listingFor(parseDataEntry("binance-spot_XRPETH_aggtrades_20191011-13.csv.gz"), LISTINGS)).toThrow(/SYMBOL=FILE/);
    expect(() => listingFor(parseDataEntry("DOGE_USDC=x.csv"), LISTINGS)).toThrow(/DOGE_USDC is not listed/);
  });
});

describe.skipIf(!existsSync(join(DATA, "ohlcv")))(`recorded markets (skipped when BOTSWAIN_SHARED_DATA, here ${DATA}, is missing)`, () => {
  it("plays 60191 bars of ETH exactly between their lows and highs", () => {
    const path = join(DATA, "ohlcv/binance-usdm_ETHUSDT_1m_20250504-20250615.csv.gz");
    const source = openRecording(path, listingFor({ file: path }, LISTINGS));
    const first = source.next();
    expect(first?.price).toBe(182_729);
    let low: number = first?.price ?? 0;
    let high = 0;
    let count = 1;
    for (let step = source.next(); step !== null; step = source.next()) {
      low = Math.min(low, step.price);
      high = Math.max(high, step.price);
      count += 1;
    }
    expect([count, low, high]).toEqual([60_191 * 13, 175_000, 287_900]);
  });

  it("plays every trade of BTC", () => {
    const path = join(DATA, "trades/binance-usdm_BTCUSDT_trades_20200222.csv.gz");
    const steps = take(openRecording(path, listingFor({ file: path }, LISTINGS)), 1e9);
    expect(steps.reduce((sum, step) => sum + step.sweeps.length, 0)).toBe(9_999);
    expect(steps[0]).toMatchObject({ price: 96_820, sweeps: [{ side: "buy", quantity: 13_200 }] });
  });

  it.each([
    ["l2/binance-usdm_BTCUSDT_l2trades_20240808.csv.gz", 21_313],
    ["l2/hyperliquid-perp_SOL_l2trades_20250904.csv.gz", 4_437],
    ["l2/bitstamp-spot_BTCUSD_l3trades_20150501.csv.gz", 571],
  ])("plays the book of %s with its %i trades of at least one lot, never crossed", (name, trades) => {
    const path = join(DATA, name);
    const source = openRecording(path, listingFor({ file: path }, LISTINGS));
    let seen = 0;
    let books = 0;
    for (let step = source.next(); step !== null; step = source.next()) {
      seen += step.sweeps.length;
      const [bid, ask] = [step.ladder?.bids[0]?.[0], step.ladder?.asks[0]?.[0]];
      if (bid === undefined || ask === undefined) continue;
      books += 1;
      if (bid >= ask) throw new Error(`crossed: ${bid} ${ask}`);
    }
    expect(seen).toBe(trades);
    expect(books).toBeGreaterThan(1_000);
  });
});
