// Profit per day: sums that equal the position ledger to the last digit, currencies and modes apart, drawdowns and wear.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Instrument, toPrice, toQuantity } from "../../src/core/instrument.ts";
import { createLocalTime } from "../../src/core/local-time.ts";
import { money, text } from "../../src/core/money.ts";
import { applyFill, applyFunding, emptyLedger, totalsOf } from "../../src/core/position-ledger.ts";
import { createStatistics, type Grouping, type StatisticsEvent } from "../../src/core/statistics.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { ETH_PERP } from "./instruments.ts";

const NEW_YORK = createLocalTime("America/New_York");
const OWNER = { botId: "eth_grid", mode: "sim", exchange: "backpack", account: "main", symbol: "ETH/USDC:USDC" } as const;
const AT = Date.UTC(2026, 9, 31, 12);
const HOUR = 3_600_000;

function fill(overrides: Partial<Extract<StatisticsEvent, { type: "fill" }>> = {}): StatisticsEvent {
  return {
    type: "fill",
    ...OWNER,
    at: AT,
    price: "2000",
    quantity: "0.5",
    fee: "0.2",
    feeCurrency: "USDC",
    realizedPnl: "0",
    ...overrides,
  };
}

function reportOf(events: readonly StatisticsEvent[], grouping: Grouping = "bot", calendar = NEW_YORK) {
  const statistics = createStatistics(calendar, grouping);
  for (const event of events) statistics.add(event);
  return statistics.report();
}

/** One thing that happens to a bot some time after the one before. */
const happening = fc.record({
  afterMs: fc.integer({ min: 0, max: 9 * HOUR }),
  kind: fc.constantFrom("fill", "fill", "fill", "funding"),
  isBuy: fc.boolean(),
  price: fc.integer({ min: 100_000, max: 300_000 }),
  quantity: fc.integer({ min: 1, max: 900 }),
  fee: fc.integer({ min: -50, max: 999 }),
  feeCurrency: fc.constantFrom("USDC", "ETH", "BNB"),
  amount: fc.integer({ min: -9_999, max: 9_999 }),
});

describe("daily statistics", () => {
  test("add up to what the position ledger holds, exactly, whatever the days", () => {
    fc.assert(
      fc.property(fc.array(happening, { minLength: 1, maxLength: 60 }), (happenings) => {
        const instrument: Instrument = ETH_PERP;
        const ledger = emptyLedger(instrument);
        const statistics = createStatistics(NEW_YORK, "bot");
        let at = AT;
        for (const [index, { afterMs, kind, isBuy, price, quantity, fee, feeCurrency, amount }] of happenings.entries()) {
          at += afterMs;
          if (kind === "funding") {
            const paid = text(money(amount).div(10_000));
            applyFunding(ledger, `f${index}`, paid);
            statistics.add({ type: "funding", ...OWNER, at, currency: instrument.settle, amount: paid });
            continue;
          }
          const told = { side: isBuy ? "buy" : "sell", fee: text(money(fee).div(1_000)), feeCurrency } as const;
          const realized = applyFill(ledger, instrument, { ...told, price: ticks(price), quantity: lots(quantity) });
          const amounts = { price: toPrice(instrument, ticks(price)), quantity: toQuantity(instrument, lots(quantity)) };
          statistics.add(fill({ at, ...amounts, fee: told.fee, feeCurrency, realizedPnl: text(realized) }));
        }
        const { days, totals } = statistics.report();
        const expected = totalsOf(ledger, instrument, null);
        const own = totals.find(({ currency }) => currency === "USDC");
        const sums = {
          realizedPnl: own?.realizedPnl ?? "0",
          fees: own?.fees ?? "0",
          funding: own?.funding ?? "0",
          netPnl: own?.netPnl ?? "0",
          volume: own?.volume ?? "0",
        };
        const wanted = Object.fromEntries(Object.keys(sums).map((key) => [key, text(expected[key as keyof typeof sums])]));
        expect(sums).toEqual(wanted);
        expect(totals.find(({ currency }) => currency === "BNB")?.fees ?? "0").toBe(ledger.otherFees.BNB ?? "0");
        for (const total of totals) {
          const parts = days.filter(({ currency }) => currency === total.currency);
          for (const key of ["realizedPnl", "fees", "funding", "netPnl", "volume"] as const)
            expect(text(parts.reduce((sum, part) => sum.plus(part[key]), money(0)))).toBe(total[key]);
          expect(parts.reduce((sum, { trades }) => sum + trades, 0)).toBe(total.trades);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("belong to the operator's day, which may have 25 hours", () => {
    const at = (hour: number, minute: number) => Date.UTC(2026, 10, 1, hour, minute);
    const days = reportOf([fill({ at: at(3, 59) }), fill({ at: at(4, 0) }), fill({ at: at(28, 59) }), fill({ at: at(29, 0) })]).days;
    expect(days.map(({ day, trades }) => [day, trades])).toEqual([
      ["2026-10-31", 1],
      ["2026-11-01", 2],
      ["2026-11-02", 1],
    ]);
  });

  test("never add currencies or modes, and group as asked", () => {
    const events = [
      fill(),
      fill({ botId: "btc", symbol: "BTC/USDT:USDT", feeCurrency: "USDT" }),
      fill({ botId: "live", mode: "live" }),
      fill({ botId: "other", account: "second" }),
    ];
    const keys = (grouping: Grouping) =>
      reportOf(events, grouping).totals.map(({ mode, currency, account, botId, trades }) => [mode, currency, account, botId, trades]);
    expect(keys("currency")).toEqual([
      ["live", "USDC", null, null, 1],
      ["sim", "USDC", null, null, 2],
      ["sim", "USDT", null, null, 1],
    ]);
    expect(keys("account")).toContainEqual(["sim", "USDC", "second", null, 1]);
    expect(keys("bot")).toContainEqual(["sim", "USDT", "main", "btc", 1]);
  });

  test("count a fee as the ledger does: quote as paid, base at the fill's price, anything else apart and unpriced", () => {
    const totals = reportOf([
      fill({ fee: "0.001", feeCurrency: "ETH" }),
      fill({ fee: "0.05", feeCurrency: "BNB" }),
      fill({ fee: "0", feeCurrency: "BNB" }),
    ]).totals;
    expect(totals.map(({ currency, fees, netPnl, volume, trades }) => [currency, fees, netPnl, volume, trades])).toEqual([
      ["BNB", "0.05", "-0.05", "0", 0],
      ["USDC", "2", "-2", "3000", 3],
    ]);
  });

  test("tell how much a unit of volume cost, and nothing when something was earned", () => {
    expect(reportOf([fill({ realizedPnl: "-1.8" })]).totals[0]?.wearRate).toBe("0.2");
    expect(reportOf([fill({ realizedPnl: "5" })]).totals[0]?.wearRate).toBe("0");
    expect(reportOf([{ type: "funding", ...OWNER, at: AT, currency: "USDC", amount: "-1" }]).totals[0]).toMatchObject({
      wearRate: "0",
      netPnl: "-1",
      trades: 0,
    });
  });

  test("find the deepest fall of a day from its beginning or its highest point, and of all days together", () => {
    const earn = (realizedPnl: string, hours: number) => fill({ realizedPnl, fee: "0", at: AT + hours * HOUR });
    const { days, totals } = reportOf([earn("-2", 0), earn("10", 1), earn("-4", 2), earn("-3", 24), earn("1", 25)]);
    expect(days.map(({ maxDrawdown }) => maxDrawdown)).toEqual(["4", "3"]);
    expect(totals.map(({ maxDrawdown, maxEquityDrawdown }) => [maxDrawdown, maxEquityDrawdown])).toEqual([["7", null]]);
  });

  test("value open positions where equity is stored, for a bot by itself only", () => {
    const worth = (netPnl: string, hours: number): StatisticsEvent => ({
      type: "equity",
      ...OWNER,
      at: AT + hours * HOUR,
      currency: "USDC",
      netPnl,
    });
    const events = [worth("100", 0), fill({ at: AT + HOUR }), worth("92.5", 2), worth("120", 3), worth("119", 4)];
    expect(reportOf(events).days).toMatchObject([{ maxEquityDrawdown: "7.5", trades: 1, maxDrawdown: "0.2" }]);
    expect(reportOf(events, "account").days).toMatchObject([{ maxEquityDrawdown: null, trades: 1 }]);
  });
});
