// The commands that change bots: what they ask, what they change, and how honestly they say how it ended.

import { beforeAll, describe, expect, test } from "vitest";
import { loadCommands } from "../../src/commands/index.ts";
import type { AnyCommand, ChangeOutcome, Reply } from "../../src/core/command.ts";
import { plain } from "../../src/core/text.ts";
import { botConfig, botStatus, createHarness, wordsOf } from "../memory-fleet.ts";

let commands: readonly AnyCommand[];
beforeAll(async () => {
  commands = await loadCommands();
});

describe("/start", () => {
  test("without a bot it says hello and lists what you may do", async () => {
    const { type } = createHarness(commands);
    const reply = await type("/start");
    expect(wordsOf(reply)).toContain("Hello local, I am Botswain. You are admin.");
    expect(wordsOf(reply)).toContain("eth_grid, btc_grid, sol_grid");
    expect(wordsOf(reply)).toContain("/users");
    expect(wordsOf(reply, "zh-TW")).toContain("你好");
  });

  test("a simulated bot starts without a question and says how it ended", async () => {
    const { type, fleet } = createHarness(commands);
    const progress: Reply[] = [];
    const reply = await type("/start ETH_grid", { onProgress: (step) => void progress.push(step) });
    expect(progress[0]?.title.en).toBe("Starting eth_grid [sim]…");
    expect(reply.title).toEqual({ en: "eth_grid [sim]: started.", "zh-TW": "eth_grid［模擬］：已啟動。" });
    expect(reply.tone).toBe("good");
    expect(fleet.changes[0]?.change).toEqual({ type: "start", botId: "eth_grid" });
    expect(fleet.changes[0]?.by).toMatchObject({ userId: "local", frontend: "terminal", line: "/start ETH_grid" });
  });

  test("an unknown bot is answered with the bots there are", async () => {
    const { type } = createHarness(commands);
    expect((await type("/start eht_grid")).title.en).toBe(
      "There is no bot eht_grid (did you mean eth_grid?); the bots are eth_grid, btc_grid, sol_grid.",
    );
    expect((await type("/start ../etc")).title.en).toBe('/start: bot "../etc" is not right (give a bot\'s name such as eth_grid, or all).');
  });

  test("real money is asked about with its preview; a preview that cannot be made is admitted", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.add(botConfig("real_grid", { mode: "live" }));
    expect(wordsOf(await type("/start real_grid"))).toContain("No preview");
    fleet.setPreview({
      currency: "USDC",
      orders: 20,
      notional: "1000",
      margin: "200",
      maxPosition: "0.5",
      worstLoss: "87.123456",
      leverage: "5",
      lossAtLower: "87.123456",
      lossAtUpper: null,
      lossAtStop: null,
      liquidationBelow: "1600",
      liquidationAbove: null,
      breakEvenStep: "0.0004",
      breakEvenStepTaker: "0.0007",
      profitPerPair: "0.12",
      warnings: [{ en: "the range is narrow", "zh-TW": "區間過窄" }],
    });
    const question = wordsOf(await type("/start real_grid"));
    expect(question).toContain("Worst loss: 87.1235 USDC");
    expect(question).toContain("Break-even step: 0.04 %");
    expect(question).toContain("! the range is narrow");
    expect(question).toContain("[Start]");
  });

  test("`all` starts every bot; one refusal does not hide the others", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.answerWith((_change, botId): ChangeOutcome => {
      const status = botStatus(botConfig(botId), { state: "running" });
      if (botId === "btc_grid") return { botId, outcome: "failed", message: plain("the account is unknown"), status: null };
      return { botId, outcome: botId === "sol_grid" ? "unconfirmed" : "done", message: plain(""), status };
    });
    const reply = await type("/start all");
    expect(reply.tone).toBe("bad");
    expect(wordsOf(reply)).toBe(
      [
        "1 of 3 bots: started.",
        "eth_grid [sim]: started.",
        "btc_grid [sim]: was not started: the account is unknown",
        "sol_grid [sim]: not confirmed yet; it is stored and goes on, look with /status sol_grid.",
      ].join("\n"),
    );
  });

  test("a panic stands in the way until it is cleared", async () => {
    const { type } = createHarness(commands);
    await type("/panic");
    expect((await type("/start eth_grid")).title.en).toBe("A panic stands; /panic clear ends it.");
    expect((await type("/panic clear")).tone).toBe("good");
    expect((await type("/start eth_grid")).tone).toBe("good");
  });
});

describe("/stop, /pause, /resume, /restart", () => {
  test("a flat bot stops without a question", async () => {
    const { type, fleet } = createHarness(commands);
    expect((await type("/stop eth_grid")).title.en).toBe("eth_grid [sim]: stopped.");
    expect(fleet.changes[0]?.change).toEqual({ type: "stop", botId: "eth_grid", flatten: false });
  });

  test("a bot that holds a position is asked about: keep first, then flatten", async () => {
    const { type, press, fleet } = createHarness(commands);
    fleet.setStatus("eth_grid", { position: "-0.5", lastPrice: "1800" });
    const question = await type("/stop eth_grid");
    expect(wordsOf(question)).toBe(
      [
        "Stop: keep the position, or flatten it?",
        "eth_grid [sim] holds -0.5 ETH; flattening may cost about 5.4 USDC.",
        "[Keep the position]",
        "[Flatten]",
      ].join("\n"),
    );
    expect(question.data).toMatchObject({ choices: [{ line: "/stop eth_grid keep" }, { line: "/stop eth_grid flatten" }] });
    await press(question, 1);
    expect(fleet.changes.map(({ change }) => change)).toEqual([{ type: "stop", botId: "eth_grid", flatten: true }]);
  });

  test("`keep` typed is not asked about, `flatten` typed is", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.setStatus("eth_grid", { position: "1" });
    expect((await type("/stop eth_grid keep")).tone).toBe("good");
    fleet.setStatus("eth_grid", { position: "1" });
    const question = await type("/stop eth_grid flatten");
    expect(question.asks).toBe(true);
    expect(fleet.changes).toHaveLength(1);
    expect((await type("/stop eth_grid flatten", { yes: true })).tone).toBe("good");
    expect(fleet.changes.at(-1)?.change).toEqual({ type: "stop", botId: "eth_grid", flatten: true });
  });

  test.each([
    ["/pause eth_grid", "pause", "eth_grid [sim]: paused."],
    ["/resume eth_grid", "resume", "eth_grid [sim]: resumed."],
    ["/restart eth_grid", "restart", "eth_grid [sim]: restarted."],
  ])("%s", async (line, type, title) => {
    const harness = createHarness(commands);
    harness.fleet.setStatus("eth_grid", { desired: "running", state: "running" });
    expect((await harness.type(line)).title.en).toBe(title);
    expect(harness.fleet.changes.map(({ change }) => change)).toEqual([{ type, botId: "eth_grid" }]);
  });

  test.each(["pause", "resume", "restart"])("/%s of a stopped bot is refused, and of all only the started ones change", async (name) => {
    const { type, fleet } = createHarness(commands);
    expect((await type(`/${name} eth_grid`)).title.en).toBe("eth_grid is stopped; /start eth_grid starts it.");
    expect((await type(`/${name} all`)).title.en).toBe("Every bot is stopped; /start all starts it.");
    fleet.setStatus("btc_grid", { desired: "running", state: "running" });
    expect((await type(`/${name} all`)).tone).toBe("good");
    expect(fleet.changes.map(({ change }) => change)).toEqual([{ type: name, botId: "btc_grid" }]);
  });

  test("an expired change is answered as not carried out", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.setStatus("eth_grid", { desired: "running", state: "running" });
    fleet.answerWith((_change, botId) => ({ botId, outcome: "expired", message: plain(""), status: null }));
    const reply = await type("/pause eth_grid");
    expect(reply.tone).toBe("bad");
    expect(reply.title.en).toBe("eth_grid [sim]: was not paused, because nobody took the command in time; send it again.");
  });

  test("the reply shows what is proven at the exchange", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.answerWith((_change, botId) => ({
      botId,
      outcome: "done",
      message: { en: "orders left 0, position flat", "zh-TW": "剩餘掛單 0，無部位" },
      status: botStatus(botConfig(botId), { unknownOrders: 1 }),
    }));
    const words = wordsOf(await type("/stop eth_grid"));
    expect(words).toContain("orders left 0, position flat");
    expect(words).toContain("Open orders: 0 (1 unknown)");
  });
});

describe("/panic", () => {
  test("without words it halts every bot and says per bot what is proven", async () => {
    const { type, fleet } = createHarness(commands);
    const reply = await type("/panic");
    expect(fleet.changes.map(({ change }) => change)).toEqual([{ type: "panic", botId: null, flatten: false }]);
    expect(reply.tone).toBe("good");
    expect(reply.asks).toBeUndefined();
    expect(wordsOf(reply)).toContain("Panic: 3 halted, orders left 0 (verified).");
    expect(wordsOf(reply)).toContain("sol_grid [sim]: halted, orders left 0 (verified), position 0 SOL.");
    expect(wordsOf(reply)).not.toContain("[Flatten");
  });

  test.each([
    ["/panic eth_grid", { botId: "eth_grid", flatten: false }],
    ["/panic all", { botId: null, flatten: false }],
    ["/panic flatten", { botId: null, flatten: true }],
    ["/panic all flatten", { botId: null, flatten: true }],
    ["/panic eth_grid flatten", { botId: "eth_grid", flatten: true }],
    ["/panic bot=eth_grid action=flatten", { botId: "eth_grid", flatten: true }],
    ["/panic action=flatten", { botId: null, flatten: true }],
  ])("%s", async (line, expected) => {
    const { type, fleet } = createHarness(commands);
    await type(line);
    expect(fleet.changes.map(({ change }) => change)).toEqual([{ type: "panic", ...expected }]);
  });

  test.each([
    ["/panic clear", null],
    ["/panic clear eth_grid", "eth_grid"],
    ["/panic eth_grid clear", "eth_grid"],
  ])("%s", async (line, botId) => {
    const { type, fleet } = createHarness(commands);
    await type(line);
    expect(fleet.changes.map(({ change }) => change)).toEqual([{ type: "panicClear", botId }]);
  });

  test("nonsense halts nothing and says what would be right", async () => {
    const { type, fleet } = createHarness(commands);
    expect((await type("/panic eth_grid btc_grid")).title.en).toMatch(/^\/panic: "eth_grid btc_grid" is not right/);
    expect((await type("/panic clear flatten")).tone).toBe("bad");
    expect((await type("/panic nosuch")).title.en).toContain("the bots are eth_grid");
    expect(fleet.changes).toEqual([]);
  });

  test("a position that is left carries one Flatten button with the estimated loss", async () => {
    const { type, press, fleet } = createHarness(commands);
    fleet.setStatus("eth_grid", { position: "2", lastPrice: "1800" });
    const reply = await type("/panic eth_grid");
    expect(wordsOf(reply)).toContain("[Flatten (estimated loss 21.6 USDC)]");
    const flattened = await press(reply, 0);
    expect(fleet.changes.at(-1)?.change).toEqual({ type: "panic", botId: "eth_grid", flatten: true });
    expect(wordsOf(flattened)).toContain("position 0 ETH (flat)");
    expect(wordsOf(flattened)).not.toContain("[Flatten");
  });

  test("what nobody could prove is called unconfirmed", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.answerWith((_change, botId): ChangeOutcome => {
      const status = botStatus(botConfig(botId), { openOrders: 3, unknownOrders: 1 });
      if (botId === "btc_grid") return { botId, outcome: "failed", message: plain("the exchange is away"), status: null };
      return botId === "eth_grid"
        ? { botId, outcome: "unconfirmed", message: plain(""), status }
        : { botId, outcome: "done", message: plain(""), status: { ...status, openOrders: 0, unknownOrders: 0 } };
    });
    const reply = await type("/panic");
    expect(reply.tone).toBe("bad");
    expect(wordsOf(reply)).toContain("Panic: 1 of 3 proven halted; orders left 4 (unconfirmed). It goes on; look with /status.");
    expect(wordsOf(reply)).toContain("eth_grid [sim]: the halt is stored and goes on; orders left 4 (unconfirmed)");
    expect(wordsOf(reply)).toContain("btc_grid [sim]: failed: the exchange is away");
  });
});
