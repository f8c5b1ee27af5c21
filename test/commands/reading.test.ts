// The commands that only look: what people read of a bot, and what programs parse.

import { beforeAll, describe, expect, test } from "vitest";
import { loadCommands } from "../../src/commands/index.ts";
import type { AnyCommand } from "../../src/core/command.ts";
import type { BotStatus } from "../../src/core/status.ts";
import { plain } from "../../src/core/text.ts";
import { botConfig, botStatus, createHarness, wordsOf } from "../memory-fleet.ts";

let commands: readonly AnyCommand[];
beforeAll(async () => {
  commands = await loadCommands();
});

describe("/status, /bots, /orders, /fills", () => {
  const running: Partial<BotStatus> = {
    state: "running",
    desired: "running",
    epoch: 7,
    position: "0.3",
    averageEntryPrice: "1795.5",
    lastPrice: "1801.25",
    realizedPnl: "12.3456789",
    unrealizedPnl: "-1.5",
    gridProfit: "13",
    pairs: 9,
    fees: "0.8",
    funding: "-0.1",
    netPnl: "9.9456789",
    openOrders: 20,
    fills: 19,
    lower: "1700",
    upper: "1900",
    lastTickAgeMs: 340,
    host: "deck",
    pid: 4242,
    startedAt: Date.UTC(2025, 4, 4, 11, 0, 0),
    note: { en: "the recording has ended; the last price holds", "zh-TW": "錄製行情已播放完畢" },
  };

  test("of one bot: everything, and the exact status as data", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.setStatus("eth_grid", running);
    const reply = await type("/status eth_grid");
    const expected = { ...botStatus(botConfig("eth_grid")), ...running };
    expect(reply.data).toEqual({ bots: [expected] });
    const words = wordsOf(reply);
    for (const line of [
      "eth_grid [sim]: running",
      "Mode: sim",
      "Desired: running",
      "Market: backpack/sim ETH/USDC:USDC",
      "Position: 0.3 ETH at 1795.5",
      "Price: 1801.25",
      "Range: 1700 – 1900",
      "Open orders: 20",
      "Fills: 19 (9 pairs)",
      "Last tick: 340 ms ago",
      "Realized PnL: +12.3457 USDC",
      "Unrealized PnL: -1.5 USDC",
      "Grid profit: +13 USDC",
      "Fees: 0.8 USDC",
      "Net PnL: +9.9457 USDC",
      "Epoch: 7",
      "Process: deck pid 4242, 2025-05-04 11:00:00 UTC",
      "Last error: -",
      "Note: the recording has ended; the last price holds",
    ])
      expect(words.split("\n")).toContain(line);
    expect(wordsOf(reply, "zh-TW")).toContain("淨損益: +9.9457 USDC");
  });

  test("of one bot: volume and what it cost, fees without a price, other legs and the strategy's own values", async () => {
    const { type, fleet } = createHarness(commands);
    const own = { exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", base: "ETH", price: "1801.25" };
    fleet.setStatus("eth_grid", {
      ...{ ...running, volume: "52340.5", wearRate: "0.0123", unpairedPnl: "-1.5", residual: "0.002", otherFees: { BNB: "0.01" } },
      values: [{ label: { en: "Reference", "zh-TW": "參考價" }, value: "1800.7" }],
      legs: [
        { ...own, position: "0.3" },
        { ...own, account: "hedge", position: "-0.3" },
      ],
    });
    const reply = await type("/status eth_grid");
    for (const line of [
      "On backpack/hedge ETH/USDC:USDC: -0.3 ETH",
      "To hedge: 0.002",
      "Unpaired PnL: -1.5 USDC",
      "Fees: 0.8 USDC, and 0.01 BNB not converted",
      "Volume: 52340.5 USDC",
      "Wear rate: 0.0123%",
      "Reference: 1800.7",
    ])
      expect(wordsOf(reply).split("\n")).toContain(line);
    expect(wordsOf(reply, "zh-TW")).toContain("磨損率: 0.0123%");
    expect(wordsOf(reply, "zh-TW")).toContain("參考價: 1800.7");
    expect(wordsOf(reply)).not.toContain("On backpack/sim");
  });

  test("of all: a table in the caller's language, with a panic that stands", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.setStatus("eth_grid", running);
    expect(wordsOf(await type("/status"))).toContain("eth_grid | sim | running | 0.3 | 1801.25 | +9.9457 USDC | 20 | 19 | 340 ms");
    expect(wordsOf(await type("/status", { language: "zh-TW" }), "zh-TW")).toContain("eth_grid | 模擬 | 執行中");
    await type("/panic");
    const reply = await type("/status");
    expect(reply.tone).toBe("bad");
    expect(wordsOf(reply)).toContain("Panic since 2025-05-04 12:00:00 UTC by local");
    expect(Object.keys(reply.data as object)).toEqual(["bots"]);
  });

  test("a bot nobody hears from is shown with the age of what is known, and a halted one with the reason", async () => {
    const { type, fleet, clock } = createHarness(commands);
    fleet.setStatus("eth_grid", { state: "unreachable" });
    fleet.setStatus("btc_grid", { state: "halted", haltReason: plain("panic by anna"), lastError: "boom" });
    clock.advance(34_000);
    expect((await type("/status eth_grid")).title.en).toBe("eth_grid [sim]: unreachable (last heard 34 s ago)");
    const halted = await type("/status btc_grid");
    expect(halted.tone).toBe("bad");
    expect(wordsOf(halted)).toContain("Halted because: panic by anna");
    expect(wordsOf(halted)).toContain("Last error: boom");
  });

  test("/bots and /list are the same", async () => {
    const { type } = createHarness(commands);
    const reply = await type("/bots");
    expect(await type("/list")).toEqual(reply);
    expect(wordsOf(reply)).toContain("btc_grid | sim | stopped | stopped | grid | backpack/sim | BTC/USDC:USDC");
    expect(reply.data).toMatchObject({ bots: [{ id: "eth_grid", mode: "sim", state: "stopped", desired: "stopped" }, {}, {}] });
  });

  test("/orders shows fifty and counts the rest", async () => {
    const { type, fleet } = createHarness(commands);
    const order = {
      botId: "eth_grid",
      exchange: "backpack",
      account: "sim",
      symbol: "ETH/USDC:USDC",
      clientOrderId: "16777217",
      exchangeOrderId: "9",
      epoch: 1,
      leg: "main",
      slot: "level3:entry",
      side: "sell",
      price: "1810",
      quantity: "0.1",
      filledQuantity: "0",
      timeInForce: "gtc",
      postOnly: true,
      reduceOnly: false,
      status: "open",
      isUnknown: true,
      reason: "entry",
      decision: 1,
      createdAt: 0,
      updatedAt: 0,
    } as const;
    fleet.setOrders("eth_grid", Array(60).fill(order));
    const reply = await type("/orders eth_grid");
    expect(reply.title.en).toBe("eth_grid [sim]: 60 open orders");
    expect(wordsOf(reply)).toContain("sell | 1810 | 0.1 | 0 | open ? | level3:entry");
    expect(wordsOf(reply)).toContain("and 10 more");
    expect(wordsOf(await type("/orders btc_grid"))).toBe("btc_grid [sim]: 0 open orders");
  });

  test("/fills takes a limit from 1 to 1000", async () => {
    const { type, fleet } = createHarness(commands);
    const fill = {
      botId: "eth_grid",
      exchange: "backpack",
      account: "sim",
      symbol: "ETH/USDC:USDC",
      tradeId: "1",
      exchangeOrderId: "9",
      clientOrderId: null,
      epoch: 1,
      slot: "level3:entry",
      side: "buy",
      price: "1790",
      quantity: "0.1",
      fee: "0.0358",
      feeCurrency: "USDC",
      liquidity: "maker",
      realizedPnl: "0.5",
      at: Date.UTC(2025, 4, 4, 12, 33, 21),
    } as const;
    fleet.setFills("eth_grid", Array(30).fill(fill));
    expect((await type("/fills eth_grid")).title.en).toBe("eth_grid [sim]: newest 10 fills");
    expect(wordsOf(await type("/fills eth_grid 25"))).toContain("2025-05-04 12:33:21 | buy | 1790 | 0.1 | 0.0358 USDC | +0.5");
    for (const wrong of ["0", "1001", "-1", "1e1", "ten"])
      expect((await type(`/fills eth_grid ${wrong}`)).title.en).toBe(
        `/fills: limit "${wrong}" is not right (give a whole number from 1 to 1000).`,
      );
    expect((await type("/fills")).title.en).toBe("/fills: bot is missing (give a bot's name such as eth_grid).");
  });
});
