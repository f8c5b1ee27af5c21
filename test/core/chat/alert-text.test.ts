// Every alert is worded in both languages, names its bot and mode, and stays one short line.

import { describe, expect, test } from "vitest";
import type { Alert, AlertBody } from "../../../src/core/alert.ts";
import { alertBody, alertText, alertTitle } from "../../../src/core/chat/alert-text.ts";
import { plain } from "../../../src/core/text.ts";

const SYMBOL = "ETH/USDC:USDC";

/** One of each; the type makes a missing variant a compile error. */
const BODIES: { readonly [Type in AlertBody["type"]]: Extract<AlertBody, { readonly type: Type }> } = {
  filled: {
    type: "filled",
    symbol: SYMBOL,
    side: "buy",
    price: "1820.5",
    quantity: "0.1",
    fee: "0.036410001",
    feeCurrency: "USDC",
    liquidity: "maker",
    position: "0.3",
    realizedPnl: "1.25",
    currency: "USDC",
    tradeId: "77",
  },
  orderRejected: { type: "orderRejected", symbol: SYMBOL, code: "INSUFFICIENT_FUNDS", message: "not enough", clientOrderId: "16777217" },
  orderDenied: { type: "orderDenied", symbol: SYMBOL, code: "staleEpoch", message: "epoch 3 is over" },
  crashed: { type: "crashed", cause: "SIGKILL", pid: 41, epoch: 3, restartInMs: 500 },
  restarted: { type: "restarted", pid: 42, epoch: 4, openOrders: 12 },
  failed: { type: "failed", attempts: 5, cause: "strategy threw" },
  halted: { type: "halted", reason: { en: "panic by anna", "zh-TW": "anna 觸發緊急停機" } },
  riskBreached: { type: "riskBreached", code: "maxPosition", message: { en: "position 11 of 10", "zh-TW": "部位 11，上限 10" } },
  feedStale: { type: "feedStale", symbol: SYMBOL, ageMs: 3_200 },
  rateLimited: { type: "rateLimited", exchange: "backpack", account: "sim", untilMs: Date.UTC(2025, 4, 4, 12, 30, 5) },
  mismatch: { type: "mismatch", symbol: SYMBOL, ours: "1", theirs: "1.5" },
  boundary: { type: "boundary", symbol: SYMBOL, message: { en: "the price left the range", "zh-TW": "價格離開區間" } },
  residual: { type: "residual", symbol: SYMBOL, quantity: "0.0004" },
  resource: { type: "resource", message: { en: "disk is 95 % full", "zh-TW": "磁碟已使用 95 %" } },
  note: { type: "note", message: { en: "the recording has ended", "zh-TW": "錄製資料已播放完畢" } },
};

function alertOf(body: AlertBody, overrides: Partial<Alert> = {}): Alert {
  return { ...body, botId: "eth_grid", mode: "sim", at: 0, ...overrides } as Alert;
}

describe.each(Object.values(BODIES))("$type", (body) => {
  test("names bot and mode in both languages, in one line each", () => {
    const alert = alertOf(body);
    for (const text of [alertTitle(alert), alertText(alert)]) {
      expect(text.en).toMatch(/^eth_grid \[sim\]: \S/);
      expect(text["zh-TW"]).toMatch(/^eth_grid［模擬］：\S/);
      expect(`${text.en}${text["zh-TW"]}`).not.toMatch(/\n|undefined|null|\[object/);
      expect(text["zh-TW"]).toMatch(/\p{Script=Han}/u);
    }
    expect(alertText(alert).en).toBe(`eth_grid [sim]: ${alertBody(alert).en}`);
    expect(alertTitle(alert).en.length).toBeLessThanOrEqual(100);
  });
});

test("live is shouted, and what concerns no bot is the fleet's", () => {
  expect(alertTitle(alertOf(BODIES.crashed, { mode: "live" })).en).toBe("eth_grid [LIVE]: crashed");
  expect(alertTitle(alertOf(BODIES.resource, { botId: null })).en).toBe("fleet [sim]: resources");
});

test.each([
  ["filled", "eth_grid [sim]: buy 0.1 ETH/USDC:USDC at 1820.5 (maker, fee 0.0364 USDC); position 0.3, realized +1.25 USDC"],
  ["crashed", "eth_grid [sim]: pid 41 (epoch 3) ended: SIGKILL; restart in 0.5 s"],
  ["feedStale", "eth_grid [sim]: no market data of ETH/USDC:USDC for 3.2 s"],
  ["rateLimited", "eth_grid [sim]: backpack/sim is rate limited until 12:30:05 UTC"],
] as const)("%s reads well", (type, sentence) => {
  expect(alertText(alertOf(BODIES[type])).en).toBe(sentence);
});

test("a crash that is not followed by a restart says so", () => {
  expect(alertText(alertOf({ ...BODIES.crashed, restartInMs: null })).en).toContain("it is not restarted");
});

test("an exchange's hostile message stays one line of bounded length without direction marks", () => {
  const message = `\u202e\n<b>*_\`${"x".repeat(5_000)}`;
  const text = alertText(alertOf({ ...BODIES.orderRejected, message }));
  expect(text.en.length).toBeLessThan(500);
  expect(text.en).not.toMatch(/[\n\u202e]/);
  expect(alertText(alertOf({ type: "note", message: plain("a\nb") })).en).toBe("eth_grid [sim]: a b");
});
