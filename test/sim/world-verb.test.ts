// `botswain simulate`: what it prints and how it ends.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EXIT } from "../../src/cli/exit-code.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { createProgressBar } from "../../src/cli/progress-bar.ts";

/** Runs the verb here and gathers what it prints. */
async function simulate(...flags: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = "";
  let err = "";
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    err += String(chunk);
    return true;
  });
  try {
    process.exitCode = undefined;
    return { code: await runCommandLine(["simulate", ...flags]), out, err };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
    process.exitCode = undefined;
  }
}

const folders: string[] = [];

afterEach(() => {
  delete process.env.BOTSWAIN_STRATEGIES;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder with a strategy of a user's own, which forgets that a book can be missing and falls over its first fill. */
function brokenStrategy(): void {
  const folder = mkdtempSync(join(tmpdir(), "strategies-"));
  folders.push(folder);
  const source = `export default ({ defineStrategy, z, lots, ticks, previewLadder }) => {
    const quotes = ({ bestBid, bestAsk }) => ({ bid: ticks(bestBid - 1), ask: ticks(bestAsk + 1), quantity: lots(10) });
    return defineStrategy({
      name: "fragile", version: 1, summary: { en: "Fragile", "zh-TW": "脆弱" }, params: z.strictObject({}), example: {},
      legs: (_value, home) => ({ main: home }),
      preview(_value, { legs: { main } }) {
        const { bid, ask, quantity } = quotes(main);
        return previewLadder({
          instrument: main.instrument, mid: main.bestBid, buys: [{ price: bid, quantity }], sells: [{ price: ask, quantity }],
          lower: bid, upper: ask, stopBelow: null, stopAbove: null, leverage: "1", pairStep: 4, pairQuantity: quantity,
        });
      },
      init: () => ({}),
      decide(_state, event, { legs: { main } }) {
        if (event.type === "fill") throw new Error("fell over a fill");
        if (main.bestBid === null) return [];
        const { bid, ask, quantity } = quotes(main);
        const order = { quantity, reason: "quote" };
        const orders = [{ slot: "bid", side: "buy", price: bid, ...order }, { slot: "ask", side: "sell", price: ask, ...order }];
        return [{ type: "quote", leg: "main", orders }];
      },
      adapt: (state) => state,
    });
  };`;
  writeFileSync(join(folder, "fragile.mjs"), source);
  process.env.BOTSWAIN_STRATEGIES = folder;
}

describe("botswain simulate", () => {
  it("reports clean seeds for programs", async () => {
    const { code, out } = await simulate("--seeds", "1..3", "--strategy", "grid", "--steps", "100", "--json");
    expect(code).toBe(EXIT.success);
    const report = JSON.parse(out) as Record<string, unknown>;
    expect(report).toMatchObject({ ok: true, seeds: 3, strategies: ["grid"], failures: [], runs: 3 });
    expect(report.tracesHash).toMatch(/^[0-9a-f]{16}$/);
    for (const name of ["fills", "restarts", "elapsedMs", "simulatedMs"]) expect(report[name]).toBeTypeOf("number");
    const again = await simulate("--seeds", "1..3", "--strategy", "grid", "--steps", "100", "--json");
    expect(JSON.parse(again.out)).toMatchObject({ tracesHash: report.tracesHash });
  });

  it("fails over a broken strategy of the user's own and says how to see it again", async () => {
    brokenStrategy();
    const { code, out, err } = await simulate("--seeds", "1..4", "--strategy", "fragile");
    expect(code).toBe(EXIT.failure);
    expect(err).toContain("the kernel threw: Error: fell over a fill");
    const [, seed] = /\$ botswain simulate --strategy fragile --verbose-seed (\d)/.exec(err) ?? [];
    expect(seed).toBeDefined();
    expect(out).toMatch(/4 runs, [1-4] with faults/);
    const told = await simulate("--strategy", "fragile", "--verbose-seed", seed ?? "");
    expect(told.code).toBe(EXIT.failure);
    expect(told.out).toContain(`# fragile, seed ${seed}`);
    expect(told.out).toContain('> {"type":"fill"');
  });

  it("counts a planted bug that is found as a success", async () => {
    const { code, out } = await simulate("--sabotage", "freeTrades", "--strategy", "grid", "--seeds", "1..2");
    expect(code).toBe(EXIT.success);
    expect(out).toContain("freeTrades was found");
    const missed = await simulate("--sabotage", "freeTrades", "--strategy", "grid", "--seeds", "1", "--steps", "1", "--json");
    expect(JSON.parse(missed.out)).toMatchObject({ sabotage: "freeTrades", ok: missed.code === EXIT.success });
  });

  it.each([
    [["--seeds", "9..3"], "--seeds 9..3 must be a seed or a range"],
    [["--seeds", "1..99999999999"], "--seeds 1..99999999999"],
    [["--strategy", "gird"], "--strategy gird is none of grid"],
    [["--steps", "0"], "--steps 0 must be a whole number"],
    [["--sabotage", "none"], "--sabotage none is none of reusedIds"],
    [["--verbose-seed", "-1"], "--verbose-seed -1"],
  ])("refuses %j in one sentence", async (flags, sentence) => {
    const { code, err } = await simulate(...flags);
    expect(code).not.toBe(EXIT.success);
    expect(err).toContain(sentence);
    expect(err.trim().split("\n")).toHaveLength(1);
  });
});

describe("progress bar", () => {
  it("appears on a terminal only, and only once the work takes long", () => {
    for (const isTTY of [true, false]) {
      let now = 0;
      let written = "";
      const bar = createProgressBar({ isTTY, write: (text) => (written += text) }, 10, () => now);
      bar.show(1, "grid 1");
      expect(written).toBe("");
      now = 2_500;
      bar.show(5, "grid 5");
      bar.end();
      if (isTTY) expect(written).toContain("[###############---------------] 5/10 grid 5");
      else expect(written).toBe("");
    }
  });
});
