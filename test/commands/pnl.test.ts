// `/pnl`: what people read of profit per day, in both languages, and what programs get.

import { beforeAll, describe, expect, test } from "vitest";
import { loadCommands } from "../../src/commands/index.ts";
import type { AnyCommand } from "../../src/core/command.ts";
import type { PnlReport } from "../../src/core/statistics.ts";
import { createHarness, wordsOf } from "../memory-fleet.ts";

let commands: readonly AnyCommand[];
beforeAll(async () => {
  commands = await loadCommands();
});

const GROUP = { mode: "sim", currency: "USDC", exchange: "backpack", account: "sim", botId: "eth_grid" } as const;
const SUMS = {
  ...{ realizedPnl: "12.34567", fees: "0.8", funding: "-0.1", netPnl: "11.44567", volume: "18005", wearRate: "0" },
  ...{ trades: 12, maxDrawdown: "1.5", maxEquityDrawdown: "3.25" },
};
const LOSS = { ...SUMS, realizedPnl: "-2", netPnl: "-2.9", wearRate: "0.016107" };
const REPORT: PnlReport = {
  timezone: "Asia/Taipei",
  days: [
    { day: "2025-05-03", ...GROUP, ...LOSS },
    { day: "2025-05-04", ...GROUP, ...SUMS },
  ],
  totals: [{ ...GROUP, ...SUMS, days: 2 }],
};

describe("/pnl", () => {
  test("of a bot: totals, then the newest day first, with its mode and the zone of its days", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.setPnl(REPORT);
    const reply = await type("/pnl eth_grid 2");
    expect(reply.title.en).toBe("eth_grid [sim]: profit, last 2 days (Asia/Taipei)");
    const words = wordsOf(reply);
    expect(words).toContain("Net: +11.4457 USDC");
    expect(words).toContain("Largest drawdown: 3.25 USDC");
    expect(words).toContain("2025-05-04 | +11.4457 | +12.3457 | 0.8 | -0.1 | 18005 | 0% | 12");
    expect(words.indexOf("2025-05-04 |")).toBeLessThan(words.indexOf("2025-05-03 | -2.9 | -2 | 0.8 | -0.1 | 18005 | 0.016107% | 12"));
    expect(reply.data).toEqual({ bot: "eth_grid", ...REPORT });
    expect(wordsOf(await type("/pnl eth_grid 2", { language: "zh-TW" }), "zh-TW")).toContain("磨損率");
  });

  test("of all: currencies and modes apart", async () => {
    const { type, fleet } = createHarness(commands);
    const all = { exchange: null, account: null, botId: null } as const;
    const live = { ...GROUP, ...all, ...SUMS, mode: "live", currency: "USDT" } as const;
    fleet.setPnl({
      timezone: "UTC",
      days: [{ day: "2025-05-04", ...live }],
      totals: [
        { ...GROUP, ...all, ...LOSS, days: 1 },
        { ...live, days: 1 },
      ],
    });
    const words = wordsOf(await type("/pnl"));
    expect(words).toContain("all bots: profit, last 7 days (UTC)");
    expect(words).toContain("Mode: LIVE");
    expect(words).toContain("2025-05-04 | LIVE | USDT | +11.4457");
    await type("/pnl all 30");
    expect(fleet.pnlAsked).toEqual([
      { botId: null, days: 7 },
      { botId: null, days: 30 },
    ]);
  });

  test("says when nothing was traded, and refuses what is wrong", async () => {
    const { type, fleet } = createHarness(commands);
    expect(wordsOf(await type("/pnl eth_grid 1"))).toBe("eth_grid [sim]: nothing was traded, today");
    expect(wordsOf(await type("/pnl eth_grid 400"))).toContain("a whole number from 1 to 366");
    expect(wordsOf(await type("/pnl nobody"))).toContain("There is no bot nobody");
    expect(fleet.pnlAsked).toHaveLength(1);
  });
});
