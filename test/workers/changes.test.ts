// How a change of a bot ends: judged from how the bot is, begun once, answered once.

import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { botConfigSchema } from "../../src/core/bot-config.ts";
import type { ChangeOutcome, FleetChange } from "../../src/core/command.ts";
import type { BotRecord } from "../../src/storage/bots.ts";
import type { ChangeRow } from "../../src/storage/changes.ts";
import { emptyStatus } from "../../src/workers/bot-status.ts";
import type { BotView } from "../../src/workers/bot-view.ts";
import { judgeChange, PATIENCE_MS, type RunningChange, replaces } from "../../src/workers/change-judge.ts";
import { createChangeRunner } from "../../src/workers/change-runner.ts";
import { ManualClock } from "./manual-clock.ts";

const CONFIG = botConfigSchema.parse({
  id: "eth_grid",
  strategy: "grid",
  params: {},
  exchange: "backpack",
  account: "sim",
  symbol: "ETH/USDC:USDC",
  mode: "sim",
  risk: { maxPosition: "1" },
});

const RECORD: BotRecord = {
  id: "eth_grid",
  number: 1,
  config: CONFIG,
  configVersion: 1,
  desired: "running",
  halt: null,
  flatten: false,
  epoch: 4,
  holder: "me",
  host: "here",
  pid: 100,
  firstStartedAt: 1,
  fillCount: 0,
  lastStatus: null,
};
const HALT = { kind: "strategy", reason: JSON.stringify({ en: "too far", "zh-TW": "太遠" }), at: 1 } as const;
const FACTS = {
  config: CONFIG,
  desired: "running",
  epoch: 4,
  host: "here",
  pid: 100,
  startedAt: 1,
  lastError: null,
  note: null,
  at: 1,
} as const;

function view(some: Partial<BotView> = {}, state: Parameters<typeof emptyStatus>[1] = "running", record: Partial<BotRecord> = {}): BotView {
  return {
    record: { ...RECORD, ...record },
    isElsewhere: false,
    status: { ...emptyStatus(FACTS, state), openOrders: 20, position: "0.1" },
    recoveredEpoch: 4,
    isFollowed: true,
    rest: null,
    refusal: null,
    lastError: null,
    appliedVersion: 1,
    refusedVersion: null,
    isIdle: false,
    ...some,
  };
}

function running(change: FleetChange, some: Partial<RunningChange> = {}): RunningChange {
  return { change, forMs: 0, epochBefore: 3, replacedBy: null, configVersion: null, ...some };
}

const OUTSIDE = { en: "outside its hours until 09:00 (UTC)", "zh-TW": "不在執行時段內" };
const START: FleetChange = { type: "start", botId: "eth_grid" };
const RESTART: FleetChange = { type: "restart", botId: "eth_grid" };
const PAUSE: FleetChange = { type: "pause", botId: "eth_grid" };
const STOP: FleetChange = { type: "stop", botId: "eth_grid", flatten: false };
const FLATTEN: FleetChange = { type: "stop", botId: "eth_grid", flatten: true };
const PANIC: FleetChange = { type: "panic", botId: "eth_grid", flatten: false };

const ADJUST: FleetChange = { type: "adjust", botId: "eth_grid", params: {} };
const ADJUSTED = { configVersion: 3 };
const REFUSED = { en: "the range leaves open lots outside", "zh-TW": "範圍外仍有持倉" };

describe("judgeChange", () => {
  it.each<[string, RunningChange, BotView, string]>([
    ["a start is done when the bot runs and its first orders are answered", running(START), view(), "done"],
    ["not before it has recovered", running(START), view({ recoveredEpoch: null }), "wait"],
    ["not while its first orders are under way", running(START), view({ isFollowed: false }), "wait"],
    ["but at the latest after four seconds of running", running(START, { forMs: 4_000 }), view({ isFollowed: false }), "done"],
    ["not by the status of an earlier life", running(START), view({ recoveredEpoch: 5 }), "wait"],
    ["waiting for a trigger is running", running(START), view({}, "waiting"), "done"],
    ["a refused start has failed", running(START), view({ refusal: { en: "taken", "zh-TW": "已占用" } }), "failed"],
    ["a start that ends in a halt has failed", running(START), view({}, "halted", { halt: HALT }), "failed"],
    ["a start outside the bot's hours is done: it waits for them", running(START), view({ outside: OUTSIDE }, "paused"), "done"],
    ["not before it has recovered, hours or not", running(START), view({ outside: OUTSIDE, recoveredEpoch: null }, "paused"), "wait"],
    ["a restart waits for a new epoch", running(RESTART, { epochBefore: 4 }), view(), "wait"],
    ["and is done under it", running(RESTART, { epochBefore: 3 }), view(), "done"],
    ["a paused bot is restarted paused", running(RESTART), view({}, "paused", { desired: "paused" }), "done"],
    ["a stopped bot is not restarted", running(RESTART), view({}, "stopped", { desired: "stopped" }), "failed"],
    ["a pause is done when its cancels are answered", running(PAUSE), view({}, "paused"), "done"],
    ["not while they are under way", running(PAUSE), view({ isFollowed: false }, "paused"), "wait"],
    ["a stop waits for the proof", running(STOP), view({}, "stopping"), "wait"],
    ["and is done with it", running(STOP), view({ rest: { isFlat: false } }, "stopped"), "done"],
    ["flatten wants the position closed as well", running(FLATTEN), view({ rest: { isFlat: false } }, "stopped"), "wait"],
    ["and is done when it is", running(FLATTEN), view({ rest: { isFlat: true } }, "stopped"), "done"],
    ["a panic is done with the same proof", running(PANIC), view({ rest: { isFlat: false } }, "halted"), "done"],
    ["an adjustment waits for the process", running(ADJUST, ADJUSTED), view({ appliedVersion: 2 }), "wait"],
    ["and is done when its parameters, or later ones, are in force", running(ADJUST, ADJUSTED), view({ appliedVersion: 3 }), "done"],
    ["not before the process has recovered", running(ADJUST, ADJUSTED), view({ appliedVersion: null }), "wait"],
    ["it has failed when it is refused", running(ADJUST, ADJUSTED), view({ refusedVersion: { version: 3, reason: REFUSED } }), "failed"],
    ["not by the refusal of another", running(ADJUST, ADJUSTED), view({ refusedVersion: { version: 2, reason: REFUSED } }), "wait"],
    ["a bot that rests keeps it for the next start", running(ADJUST, ADJUSTED), view({ appliedVersion: null, isIdle: true }), "done"],
    ["another worker's bot is forwarded", running(STOP), view({ isElsewhere: true }), "forward"],
    ["what a later command replaced has failed", running(START, { replacedBy: "stop" }), view({}, "stopping"), "failed"],
    ["what is done is done even so", running(START, { replacedBy: "stop" }), view(), "done"],
    ["after its time it is unconfirmed and goes on", running(STOP, { forMs: PATIENCE_MS }), view({}, "stopping"), "unconfirmed"],
  ])("%s", (_, change, bot, verdict) => {
    expect(judgeChange(change, bot).verdict).toBe(verdict);
  });

  it("says in both languages what is left", () => {
    const verdict = judgeChange(running(STOP), view({ rest: { isFlat: false } }, "stopped"));
    expect(verdict).toMatchObject({
      message: { en: "stopped: 20 open orders, position 0.1 ETH", "zh-TW": "已停止：掛單 20 筆，部位 0.1 ETH" },
    });
  });

  it("names the last error when it could not confirm", () => {
    const verdict = judgeChange(
      running(START, { forMs: PATIENCE_MS }),
      view({ recoveredEpoch: null, lastError: "Redis is away" }, "starting"),
    );
    expect(verdict).toMatchObject({ message: { en: "the bot is starting with 20 orders not proven gone; last error: Redis is away" } });
  });

  it.each([
    ["stop", "start", true],
    ["start", "stop", true],
    ["start", "start", false],
    ["panic", "stop", false],
    ["stop", "panic", false],
    ["panicClear", "start", false],
  ] as const)("a later %s replaces a %s: %s", (later, earlier, expected) => {
    expect(replaces(later, earlier)).toBe(expected);
  });
});

describe("the change runner", () => {
  let bot: BotView;
  let asked: string[];
  let finished: ChangeOutcome[];
  let announced: string[];
  let forwarded: string[];
  let isDatabaseDown: boolean;
  let clock: ManualClock;
  let runner: ReturnType<typeof createChangeRunner>;

  beforeEach(() => {
    bot = view({}, "stopping");
    asked = [];
    finished = [];
    announced = [];
    forwarded = [];
    isDatabaseDown = false;
    clock = new ManualClock();
    runner = createChangeRunner({
      changes: {
        finish: async (_, outcome) => {
          if (isDatabaseDown) throw new Error("locked");
          finished.push(outcome);
        },
      },
      bot: (id) =>
        id === "eth_grid"
          ? {
              get view() {
                return bot;
              },
              requestStart: () => asked.push("start"),
              requestRestart: () => asked.push("restart"),
              requestFlatten: () => asked.push("flatten"),
            }
          : undefined,
      forward: (row, holder) => forwarded.push(`${row.id} to ${holder}`),
      announce: (id) => announced.push(id),
      clock,
      log: pino({ level: "silent" }),
    });
  });

  function row(change: FleetChange, number = 1, more: Partial<ChangeRow> = {}): ChangeRow {
    return {
      id: `c${number}`,
      botId: "eth_grid",
      number,
      change,
      configVersion: null,
      state: "pending",
      expiresAt: 0,
      outcome: null,
      ...more,
    };
  }

  async function check(): Promise<void> {
    runner.check();
    await new Promise((resolve) => setImmediate(resolve));
  }

  it("begins a change once, however often it is seen, and answers it once", async () => {
    expect(runner.run(row(RESTART))).toBe(true);
    expect(runner.run(row(RESTART))).toBe(false);
    expect(asked).toEqual(["restart"]);
    bot = view({ recoveredEpoch: 5, status: { ...view().status, epoch: 5 } });
    await check();
    expect(finished).toMatchObject([{ botId: "eth_grid", outcome: "done", status: { epoch: 5 } }]);
    expect(announced).toEqual(["c1"]);
    expect(runner.run(row(RESTART))).toBe(false);
    await check();
    expect(finished).toHaveLength(1);
  });

  it("asks for the flattening of a stop and of a panic", () => {
    runner.run(row(FLATTEN, 1));
    runner.run(row({ ...PANIC, flatten: true }, 2));
    runner.run(row(STOP, 3));
    expect(asked).toEqual(["flatten", "flatten"]);
  });

  it("answers an earlier change when a later one asks for something else", async () => {
    bot = view({ recoveredEpoch: null }, "starting");
    runner.run(row(START, 1));
    runner.run(row(STOP, 2));
    await check();
    expect(finished).toMatchObject([{ outcome: "failed", message: { en: "a later command (/stop) replaced it" } }]);
    expect(runner.running).toBe(1);
  });

  it("leaves a change alone whose bot another worker holds, and forwards one that it loses", async () => {
    bot = view({ isElsewhere: true });
    expect(runner.run(row(STOP))).toBe(false);
    bot = view({}, "stopping");
    runner.run(row(STOP));
    bot = view({ isElsewhere: true }, "stopping", { holder: "other/1-a" });
    await check();
    expect(forwarded).toEqual(["c1 to other/1-a"]);
    expect(finished).toEqual([]);
  });

  it("says unconfirmed when its time is up", async () => {
    runner.run(row(STOP));
    clock.advance(PATIENCE_MS - 1);
    await check();
    expect(finished).toEqual([]);
    clock.advance(1);
    await check();
    expect(finished).toMatchObject([{ outcome: "unconfirmed" }]);
  });

  it("keeps an outcome that could not be stored, without carrying the change out again", async () => {
    runner.run(row(RESTART));
    bot = view({ recoveredEpoch: 5, status: { ...view().status, epoch: 5 } });
    isDatabaseDown = true;
    await check();
    isDatabaseDown = false;
    await check();
    expect(finished).toHaveLength(1);
    expect(asked).toEqual(["restart"]);
  });

  it("ignores what is answered already and bots it does not know", () => {
    expect(runner.run(row(START, 1, { state: "done" }))).toBe(false);
    expect(runner.run(row(START, 2, { botId: "nobody" }))).toBe(false);
  });
});
