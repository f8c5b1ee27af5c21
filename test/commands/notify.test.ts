// `/notify` and `/resume … reset-peak`: alerts made silent or turned off, for a while or for good; a drawdown that counts anew.

import { beforeEach, describe, expect, test } from "vitest";
import { loadCommands } from "../../src/commands/index.ts";
import { notifyLevel, notifySchema } from "../../src/core/notify.ts";
import { ADMIN, as, botConfig, createHarness, type Harness, wordsOf } from "../memory-fleet.ts";

const commands = await loadCommands();
const OPERATOR = { frontend: "telegram", id: "7", name: "Op", role: "operator" } as const;

let harness: Harness;
beforeEach(() => {
  harness = createHarness(commands, [ADMIN, OPERATOR]);
});

function lastFields(): unknown {
  const change = harness.fleet.changes.at(-1)?.change;
  return change?.type === "adjust" ? change.fields : undefined;
}

describe("/notify", () => {
  test("changes one kind of one bot, by its name or an everyday word, through an adjustment", async () => {
    const reply = await harness.type("/notify eth_grid fills silent");
    expect(reply.title.en).toBe("eth_grid [sim]: alerts changed.");
    expect(wordsOf(reply)).toContain("filled: silent");
    expect(harness.fleet.changes[0]?.change).toEqual({
      ...{ type: "adjust", botId: "eth_grid", params: {} },
      fields: { notify: { filled: "silent" } },
    });
    await harness.type("/notify eth_grid ORDERREJECTED off");
    expect(lastFields()).toEqual({ notify: { orderRejected: "off" } });
  });

  test("without a bot's name all are meant; a time makes it a mute that ends by itself", async () => {
    await harness.type("/notify fills silent 2h");
    expect(harness.fleet.changes.map(({ change }) => change.botId)).toEqual(["eth_grid", "btc_grid", "sol_grid"]);
    const until = harness.clock.now() + 7_200_000;
    expect(lastFields()).toEqual({ notify: { filled: { level: "silent", until } } });
    expect(notifyLevel({ filled: { level: "silent", until } }, "filled", until - 1)).toBe("silent");
    expect(notifyLevel({ filled: { level: "silent", until } }, "filled", until)).toBe("on");
  });

  test("what a kind had before comes back when the time is over", async () => {
    harness.fleet.add(botConfig("eth_grid", { notify: { filled: "off", "*": "silent" } }));
    await harness.type("/notify eth_grid fills on 30m");
    const until = harness.clock.now() + 1_800_000;
    expect(lastFields()).toEqual({ notify: { filled: { level: "on", until, after: "off" }, "*": "silent" } });
    await harness.type("/notify eth_grid notes on 30m");
    expect(notifyLevel({ note: { level: "on", until }, "*": "silent" }, "note", until)).toBe("silent");
  });

  test("crashes, halts and risk can be silent, never off, and it says why; * off leaves them silent", async () => {
    for (const kind of ["crashes", "halts", "risk", "failed", "mismatch"]) {
      const reply = await harness.type(`/notify eth_grid ${kind} off`);
      expect(reply.tone).toBe("bad");
      expect(reply.title.en).toContain("must not be off, because money may be at risk unseen; silent is allowed");
      expect(reply.title["zh-TW"]).toContain("資金風險");
      expect((await harness.type(`/notify eth_grid ${kind} silent`)).tone).toBe("good");
    }
    expect((await harness.type("/notify eth_grid * off")).tone).toBe("good");
    expect(notifyLevel({ "*": "off" }, "crashed", 0)).toBe("silent");
    expect(notifyLevel({ "*": "off" }, "filled", 0)).toBe("off");
    expect(notifySchema.safeParse({ crashed: { level: "silent", until: 5, after: "off" } }).success).toBe(false);
  });

  test("each wrong word is named with what would be right", async () => {
    expect((await harness.type("/notify eth_grid fils off")).title.en).toContain('kind "fils" is not right (give one of *, filled');
    expect((await harness.type("/notify eth_grid fills loud")).title.en).toContain('level "loud" is not right (give on, silent or off)');
    expect((await harness.type("/notify eth_grid fills off soon")).title.en).toContain('time "soon" is not right');
    expect((await harness.type("/notify eth_grd fills off")).title.en).toContain("did you mean eth_grid?");
    expect(harness.fleet.changes).toEqual([]);
  });

  test("lists every kind with its level", async () => {
    harness.fleet.add(botConfig("eth_grid", { notify: { filled: "off" } }));
    const words = wordsOf(await harness.type("/notify eth_grid"));
    expect(words).toContain("filled: off");
    expect(words).toContain("crashed: on");
  });
});

describe("/resume reset-peak", () => {
  beforeEach(() => {
    const risk = { ...botConfig("x").risk, maxDrawdown: "4" };
    harness.fleet.add(botConfig("eth_grid", { risk }), { desired: "running", state: "halted", peakPnl: "5", netPnl: "-1" });
  });

  test("asks an admin with the numbers, then resumes from the net profit of now", async () => {
    const question = await harness.type("/resume eth_grid --reset-peak");
    expect(question.asks).toBe(true);
    expect(wordsOf(question)).toContain("eth_grid [sim]: peak +5, now -1 USDC: 6 below it, the limit is 4");
    expect(wordsOf(question, "zh-TW")).toContain("回落 6");
    expect(harness.fleet.changes).toEqual([]);
    expect((await harness.press(question, 0)).tone).toBe("good");
    expect(harness.fleet.changes[0]?.change).toEqual({ type: "resume", botId: "eth_grid", resetPeak: true });
  });

  test("is an admin's decision; a plain resume stays an operator's, and phones' dashes are understood", async () => {
    const refused = await harness.type("/resume eth_grid reset-peak", as("telegram", "7"));
    expect(refused.title.en).toBe("Only an admin may reset the peak that the drawdown counts from.");
    await harness.type("/resume eth_grid", as("telegram", "7"));
    expect(harness.fleet.changes.map(({ change }) => change)).toEqual([{ type: "resume", botId: "eth_grid" }]);
    expect((await harness.type("/resume eth_grid —reset-peak")).asks).toBe(true);
    expect((await harness.type("/resume eth_grid everything")).title.en).toContain("give reset-peak or nothing");
  });
});
