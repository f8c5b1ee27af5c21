// `/adjust` and `/preview`: what would change and what it would mean, asked first; every fault at once; the change as it is stored.

import { beforeEach, describe, expect, test } from "vitest";
import { loadCommands } from "../../src/commands/index.ts";
import type { ChangeOutcome } from "../../src/core/command.ts";
import type { Preview } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { as, botConfig, createHarness, type Harness, wordsOf } from "../memory-fleet.ts";

const commands = await loadCommands();
const PARAMS = { gridNum: 20, lowerPrice: "2400", upperPrice: "2600", orderQuantity: "0.05" };
const PREVIEW: Preview = {
  ...{ currency: "USDC", orders: 24, notional: "3000", margin: "1500", leverage: "1", maxPosition: "0.6" },
  ...{ lossAtLower: "70", lossAtUpper: "71", lossAtStop: null, worstLoss: "71", liquidationBelow: null, liquidationAbove: null },
  ...{ breakEvenStep: "0.0004", breakEvenStepTaker: "0.0007", profitPerPair: "0.3", warnings: [] },
};

let harness: Harness;
beforeEach(() => {
  harness = createHarness(commands);
  harness.fleet.add(botConfig("eth", { params: PARAMS }));
  harness.fleet.setPreview(PREVIEW);
});

describe("/adjust", () => {
  test("asks with old → new and the preview, then changes all parameters as one", async () => {
    const question = await harness.type("/adjust eth gridNum=24 orderquantity=0.1");
    expect(question.asks).toBe(true);
    expect(question.title.en).toBe("Change eth [sim] like this?");
    expect(wordsOf(question)).toContain("gridNum: 20 → 24");
    expect(wordsOf(question)).toContain("orderQuantity: 0.05 → 0.1");
    expect(wordsOf(question)).toContain("Worst loss: 71 USDC");
    expect(wordsOf(question, "zh-TW")).toContain("最大可能虧損");
    expect(harness.fleet.changes).toEqual([]);

    const reply = await harness.press(question, 0);
    expect(reply.title.en).toBe("eth [sim]: adjusted.");
    expect(wordsOf(reply)).toContain("gridNum: 20 → 24");
    expect(harness.fleet.changes[0]?.change).toEqual({
      type: "adjust",
      botId: "eth",
      params: { ...PARAMS, gridNum: 24, orderQuantity: "0.1" },
    });
    expect(reply.data).toMatchObject({ changes: [{ name: "gridNum", before: "20", after: "24" }, { name: "orderQuantity" }] });
  });

  test("`--yes` takes the question's answer; the preview is made with the new parameters", async () => {
    const asked: unknown[] = [];
    const { preview } = harness.fleet;
    harness.fleet.preview = async (id, params) => {
      asked.push(params);
      return preview(id);
    };
    const reply = await harness.type("/adjust eth gridNum=24", { yes: true });
    expect(reply.tone).toBe("good");
    expect(asked).toEqual([{ ...PARAMS, gridNum: 24 }]);
  });

  test("a parameter goes back to its default, which is shown", async () => {
    const question = await harness.type("/adjust eth gridNum=default");
    expect(wordsOf(question)).toContain("gridNum: 20 → 10");
    await harness.press(question, 0);
    const { gridNum: _, ...rest } = PARAMS;
    expect(harness.fleet.changes[0]?.change).toEqual({ type: "adjust", botId: "eth", params: rest });
  });

  test("every fault is told at once and nothing changes", async () => {
    const reply = await harness.type("/adjust eth gridNum=1 lowerPrice=3100 orderQuantity=lots");
    expect(reply.tone).toBe("bad");
    expect(reply.asks).toBeUndefined();
    const text = reply.title.en;
    expect(text).toMatch(/^Nothing was changed: /);
    expect(text).toContain("params.gridNum 1 must be at least 2");
    expect(text).toContain("lowerPrice 3100 must be below upperPrice 2600");
    expect(text).toContain("params.orderQuantity lots must be a decimal number such as 0.05");
    expect(reply.title["zh-TW"]).toContain("沒有任何變更：");
    const unknown = await harness.type("/adjust eth gridNun=24 fast");
    expect(unknown.title.en).toContain("there is no parameter gridnun (did you mean gridNum?)");
    expect((await harness.type("/adjust eth fast")).title.en).toContain('"fast" is no change; write name=value');
    expect(harness.fleet.changes).toEqual([]);
  });

  test("what is so already is said, not stored", async () => {
    expect((await harness.type("/adjust eth gridNum=20")).title.en).toBe("Nothing would change: eth has these values already.");
    expect(harness.fleet.changes).toEqual([]);
  });

  test("a change that the bot refuses is told with its reason", async () => {
    harness.fleet.answerWith((_change, botId): ChangeOutcome => {
      return { botId, outcome: "failed", message: plain("the range would lose open lots"), status: null };
    });
    const reply = await harness.type("/adjust eth gridNum=24", { yes: true });
    expect(reply.tone).toBe("bad");
    expect(reply.title.en).toBe("eth [sim]: was not adjusted, everything is as it was: the range would lose open lots");
  });

  test("without changes it explains every parameter of the strategy with its value", async () => {
    const reply = await harness.type("/adjust eth");
    expect(reply.asks).toBeUndefined();
    expect(wordsOf(reply)).toContain("gridNum: 20 (number of price levels");
    expect(wordsOf(reply)).toContain("gridMode: arithmetic (");
    expect(wordsOf(reply)).toContain("name=default goes back to the default");
    expect(reply.data).toMatchObject({ strategy: "grid", params: expect.arrayContaining([expect.objectContaining({ name: "gridType" })]) });
  });

  test("a bot whose strategy is not installed is said to be so; a viewer may not adjust", async () => {
    harness.fleet.add(botConfig("own", { strategy: "two-quotes" }));
    expect((await harness.type("/adjust own gridNum=3")).title.en).toBe("own runs the strategy two-quotes, which is not installed here.");
    const viewer = createHarness(commands, [{ frontend: "telegram", id: "7", name: "eye", role: "viewer" }]);
    expect((await viewer.type("/adjust eth_grid gridNum=3", as("telegram", "7"))).title.en).toContain("needs the role operator");
  });
});

describe("/adjust beyond parameters", () => {
  test("limits, running time, hours and alerts, together with parameters, shown as old → new", async () => {
    const line = "/adjust eth gridNum=24 risk.maxOpenOrders=40 runfor=8h notify.fills=silent";
    const question = await harness.type(`${line} schedule="mon-fri 9:00-17:00; sat 10:00-12:00" schedule.outside=stop`);
    const words = wordsOf(question);
    expect(words).toContain("gridNum: 20 → 24");
    expect(words).toContain("risk.maxOpenOrders: 100 → 40");
    expect(words).toContain("runFor: - → 8h");
    expect(words).toContain("notify.filled: on → silent");
    expect(words).toContain("schedule: - → mon,tue,wed,thu,fri 09:00-17:00; sat 10:00-12:00");
    expect(words).toContain("schedule.outside: - → stop");
    expect((await harness.press(question, 0)).tone).toBe("good");
    const change = harness.fleet.changes[0]?.change;
    expect(change).toMatchObject({
      params: { gridNum: 24 },
      fields: { risk: { maxOpenOrders: 40, maxPosition: "10" }, runFor: "8h", notify: { filled: "silent" }, schedule: { outside: "stop" } },
    });
    expect((change?.type === "adjust" ? change.fields?.schedule?.windows : null)?.length).toBe(2);
  });

  test("what is optional goes away with default", async () => {
    harness.fleet.add(
      botConfig("eth", { params: PARAMS, runFor: "8h", schedule: { windows: [{ from: "09:00", to: "10:00" }], outside: "pause" } }),
    );
    await harness.type("/adjust eth runFor=default schedule=default", { yes: true });
    expect(harness.fleet.changes[0]?.change).toEqual({
      type: "adjust",
      botId: "eth",
      params: PARAMS,
      fields: { runFor: null, schedule: null },
    });
  });

  test("an operator tightens limits, only an admin loosens them", async () => {
    const people = createHarness(commands, [{ frontend: "telegram", id: "7", name: "Op", role: "operator" }]);
    people.fleet.add(botConfig("eth", { params: PARAMS, risk: { ...botConfig("x").risk, maxDailyLoss: "5" } }));
    const asOperator = (line: string) => people.type(line, { ...as("telegram", "7"), yes: true });
    for (const loosening of ["maxPosition=11", "maxDailyLoss=6", "maxDailyLoss=default", "maxOpenOrders=101", "maxBookAgeMs=5001"]) {
      const reply = await asOperator(`/adjust eth risk.${loosening}`);
      expect(reply.title.en, loosening).toMatch(/^Only an admin may loosen risk\.max/);
    }
    expect(people.fleet.changes).toEqual([]);
    expect((await asOperator("/adjust eth risk.maxPosition=9 risk.maxDailyLoss=4 risk.minLiquidationDistanceBps=300")).tone).toBe("good");
    harness.fleet.add(botConfig("eth", { params: PARAMS }));
    expect((await harness.type("/adjust eth risk.maxPosition=11", { yes: true })).tone).toBe("good");
  });

  test("every fault at once, with the field, the value and what would be right", async () => {
    const reply = await harness.type("/adjust eth risk.maxOpenOrders=0 runFor=soon notify.halts=off gridNum=1", { yes: true });
    const text = reply.title.en;
    expect(text).toContain("risk.maxOpenOrders 0 must be at least 1");
    expect(text).toContain("runFor soon must be a duration such as 90s, 45m, 8h or 7d");
    expect(text).toContain("halted must not be off");
    expect(text).toContain("params.gridNum 1 must be at least 2");
    expect((await harness.type("/adjust eth schedule=often", { yes: true })).title.en).toContain(
      "schedule often must be hours such as mon-fri 09:00-17:00",
    );
    expect((await harness.type("/adjust eth risk.maxOpenOrder=5")).title.en).toContain("did you mean risk.maxOpenOrders?");
    expect((await harness.type("/adjust eth risk.drawdownSince=5")).title.en).toContain("there is no parameter risk.drawdownSince");
    expect(harness.fleet.changes).toEqual([]);
  });
});

describe("/preview", () => {
  test("shows what a start would mean, to a viewer too", async () => {
    const viewer = createHarness(commands, [{ frontend: "telegram", id: "7", name: "eye", role: "viewer" }]);
    viewer.fleet.setPreview(PREVIEW);
    const reply = await viewer.type("/preview eth_grid", as("telegram", "7"));
    expect(reply.title.en).toBe("eth_grid [sim]: grid on ETH/USDC:USDC, as configured");
    expect(wordsOf(reply)).toContain("Margin: 1500 USDC");
    expect(reply.data).toEqual({ bot: "eth_grid", preview: PREVIEW });
  });

  test("a market that cannot be read is admitted", async () => {
    harness.fleet.setPreview(null);
    expect(wordsOf(await harness.type("/preview eth"))).toContain("No preview");
    expect((await harness.type("/preview nobody")).title.en).toContain("There is no bot nobody");
  });
});

test("/list is another name of /bots", async () => {
  expect((await harness.type("/list")).data).toEqual((await harness.type("/bots")).data);
});
