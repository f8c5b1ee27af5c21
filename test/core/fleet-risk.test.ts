// Limits of accounts and of the fleet: each code with its numbers, what counts together, and what no sequence of figures can do.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Mode } from "../../src/core/alert.ts";
import {
  type BotFigures,
  type FleetBreach,
  type FleetRiskLook,
  type FleetRiskState,
  lookAtFleet,
  NO_RISK_STATE,
} from "../../src/core/fleet-risk.ts";
import { type FleetRiskLimits, parseFleetRisk } from "../../src/core/fleet-risk-limits.ts";
import { money } from "../../src/core/money.ts";

const DAY = "2026-11-20";
const NOW = 1_800_000_000_000;

function bot(id: string, some: Partial<BotFigures> = {}): BotFigures {
  return {
    ...{ id, account: "backpack/sim", mode: "sim", currency: "USDC", netPnl: "0", holdings: [], epoch: 1, at: NOW },
    ...{ isWanted: true, isHalted: false, ...some },
  };
}

function eth(quantity: string, account = "backpack/sim"): { account: string; base: string; quantity: string } {
  return { account, base: "ETH", quantity };
}

/** Limits as an operator writes them. */
function limitsOf(value: unknown): FleetRiskLimits {
  const parsed = parseFleetRisk(JSON.stringify(value));
  if (parsed === null || !("limits" in parsed)) throw new Error(`limits are wrong: ${JSON.stringify(parsed)}`);
  return parsed.limits;
}

/** A machine that remembers its state between looks. */
class Machine {
  state: FleetRiskState = NO_RISK_STATE;
  readonly #limits: FleetRiskLimits;
  constructor(limits: unknown) {
    this.#limits = limitsOf(limits);
  }

  look(bots: readonly BotFigures[], some: Partial<FleetRiskLook> = {}): readonly FleetBreach[] {
    const verdict = lookAtFleet(this.state, { limits: this.#limits, bots, equity: [], day: DAY, now: NOW, ...some });
    this.state = JSON.parse(JSON.stringify(verdict.state));
    return verdict.breaches;
  }
}

function onAccount(limits: unknown): unknown {
  return { accounts: { "backpack/sim": limits } };
}

describe("each limit, with its numbers", () => {
  it("maxDailyLoss is broken at the limit, not before, and counts from the day's start", () => {
    const machine = new Machine(onAccount({ maxDailyLoss: "500" }));
    expect(machine.look([bot("a", { netPnl: "-2000" })])).toEqual([]);
    expect(machine.look([bot("a", { netPnl: "-2499.99" })])).toEqual([]);
    expect(machine.look([bot("a", { netPnl: "-2500" })])).toEqual([
      {
        ...{ scope: "backpack/sim", code: "maxDailyLoss", mode: "sim", value: "500", limit: "500", unit: "USDC" },
        ...{ bots: ["a"], toHalt: ["a"], stale: [] },
        message: {
          en: "account backpack/sim lost 500 USDC today, the limit is 500",
          "zh-TW": "帳戶 backpack/sim 本日虧損 500 USDC，上限為 500",
        },
      },
    ]);
  });

  it("a new day begins with the last total of the day before, and days never go back", () => {
    const machine = new Machine(onAccount({ maxDailyLoss: "500" }));
    machine.look([bot("a", { netPnl: "0" })]);
    machine.look([bot("a", { netPnl: "-450" })]);
    expect(machine.look([bot("a", { netPnl: "-900" })], { day: "2026-11-21" })).toEqual([]);
    expect(machine.look([bot("a", { netPnl: "-949.9" })], { day: DAY })).toEqual([]);
    expect(machine.look([bot("a", { netPnl: "-950" })], { day: DAY })).toMatchObject([{ code: "maxDailyLoss", value: "500" }]);
  });

  it("maxDrawdown counts from the highest total ever stored, over days", () => {
    const machine = new Machine(onAccount({ maxDrawdown: "1000" }));
    machine.look([bot("a", { netPnl: "0" })]);
    machine.look([bot("a", { netPnl: "700.5" })]);
    expect(machine.look([bot("a", { netPnl: "-299.4" })], { day: "2026-12-01" })).toEqual([]);
    expect(machine.look([bot("a", { netPnl: "-299.5" })], { day: "2026-12-02" })).toMatchObject([
      {
        code: "maxDrawdown",
        value: "1000",
        limit: "1000",
        unit: "USDC",
        message: { en: expect.stringContaining("1000 USDC below its peak") },
      },
    ]);
  });

  it("minEquity takes the capital plus everything the bots ever earned, or what the exchange tells", () => {
    const machine = new Machine(onAccount({ capital: "10000", minEquity: "9000" }));
    expect(machine.look([bot("a", { netPnl: "-400" }), bot("b", { netPnl: "-600" })])).toEqual([]);
    const figures = [bot("a", { netPnl: "-400" }), bot("b", { netPnl: "-600.01" })];
    expect(machine.look(figures)).toMatchObject([{ code: "minEquity", value: "8999.99", limit: "9000", unit: "USDC", toHalt: ["a", "b"] }]);
    const told = { account: "backpack/sim", mode: "sim", currency: "USDC" } as const;
    expect(machine.look(figures, { equity: [{ ...told, amount: "9000" }] })).toEqual([]);
    expect(machine.look(figures, { equity: [{ ...told, amount: "8999" }] })).toMatchObject([{ code: "minEquity", value: "8999" }]);
    expect(machine.look(figures, { equity: [{ ...told, mode: "live", amount: "1" }] })).toMatchObject([{ value: "8999.99" }]);
  });

  it.each([
    ["maxGrossExposure", ["3", "-2.1"], "5", "5.1"],
    ["maxNetExposure", ["-3", "0.9"], "2", "-2.1"],
  ] as const)("%s adds the holdings of one base asset", (code, [first, second], limit, value) => {
    const machine = new Machine(onAccount({ [code]: { ETH: limit } }));
    const btc = { account: "backpack/sim", base: "BTC", quantity: "50" };
    const breaches = machine.look([
      bot("a", { holdings: [eth(first)] }),
      bot("b", { holdings: [eth(second), btc] }),
      bot("only_btc", { holdings: [btc] }),
      bot("elsewhere", { account: "aster/sim", holdings: [eth("9", "aster/sim")] }),
    ]);
    expect(breaches).toMatchObject([{ code, value, limit, unit: "ETH", bots: ["a", "b"], toHalt: ["a", "b"] }]);
    expect(breaches[0]?.message.en).toContain(`${value} ETH`);
  });

  it("exposure at its limit is no breach", () => {
    const machine = new Machine(onAccount({ maxGrossExposure: { ETH: "2" }, maxNetExposure: { ETH: "2" } }));
    expect(machine.look([bot("a", { holdings: [eth("2")] })])).toEqual([]);
  });

  it("a hedge on another account is net zero for the fleet, and a holding for each account", () => {
    const machine = new Machine({
      fleet: { maxNetExposure: { ETH: "1" }, maxGrossExposure: { ETH: "3" } },
      accounts: { "aster/sim": { maxNetExposure: { ETH: "1" } } },
    });
    const hedged = bot("hedge", { holdings: [eth("2"), eth("-2", "aster/sim")] });
    expect(machine.look([hedged])).toMatchObject([
      { scope: "fleet", code: "maxGrossExposure", value: "4" },
      { scope: "aster/sim", code: "maxNetExposure", value: "-2", toHalt: ["hedge"] },
    ]);
  });
});

describe("what counts together", () => {
  it("an account's loss concerns its bots alone; the fleet's concerns all", () => {
    const limits = { fleet: { maxDailyLoss: "900" }, accounts: { "backpack/sim": { maxDailyLoss: "500" } } };
    const machine = new Machine(limits);
    const other = { account: "aster/sim" };
    machine.look([bot("a"), bot("b"), bot("c", other)]);
    const lost = [bot("a", { netPnl: "-300" }), bot("b", { netPnl: "-200" }), bot("c", { ...other, netPnl: "-399" })];
    expect(machine.look(lost)).toMatchObject([{ scope: "backpack/sim", toHalt: ["a", "b"] }]);
    const more = [...lost.slice(0, 2), bot("c", { ...other, netPnl: "-400" })];
    expect(machine.look(more)).toMatchObject([
      { scope: "fleet", value: "900", toHalt: ["a", "b", "c"], message: { en: "the fleet lost 900 USDC today, the limit is 900" } },
      { scope: "backpack/sim", value: "500" },
    ]);
  });

  it("play money and other currencies offset nothing", () => {
    const machine = new Machine({ fleet: { maxDailyLoss: "100" } });
    const figures = (live: string, sim: string, usdt: string): BotFigures[] => [
      bot("live", { mode: "live", netPnl: live }),
      bot("sim", { netPnl: sim }),
      bot("usdt", { mode: "live", currency: "USDT", netPnl: usdt }),
    ];
    machine.look(figures("0", "0", "0"));
    expect(machine.look(figures("-100", "5000", "5000"))).toMatchObject([{ mode: "live", unit: "USDC", value: "100", toHalt: ["live"] }]);
  });

  it("a bot that comes with a history or goes away is no gain and no loss", () => {
    const machine = new Machine({ fleet: { maxDailyLoss: "100", maxDrawdown: "100", capital: "1000", minEquity: "800" } });
    machine.look([bot("a")]);
    expect(machine.look([bot("a"), bot("old", { netPnl: "-180" })])).toEqual([]);
    expect(machine.look([bot("a"), bot("old", { netPnl: "500" })])).toEqual([]);
    expect(machine.look([bot("a")])).toEqual([]);
    expect(machine.look([bot("a", { netPnl: "-99" })])).toEqual([]);
    expect(machine.look([bot("a", { netPnl: "-100" })])).toMatchObject([{ code: "maxDrawdown", value: "100" }]);
  });

  it("what nobody can tell now counts as it was last known, and is named with its age", () => {
    const machine = new Machine(onAccount({ maxDailyLoss: "100", maxGrossExposure: { ETH: "1" } }));
    machine.look([bot("a"), bot("b", { holdings: [eth("1")] })]);
    machine.look([bot("a"), bot("b", { netPnl: "-60", holdings: [eth("1")] })]);
    const later = { now: NOW + 42_000 };
    const silent = bot("b", { netPnl: null, holdings: null, epoch: 0, at: 0 });
    const breaches = machine.look([bot("a", { netPnl: "-40", holdings: [eth("0.5")], at: NOW + 42_000 }), silent], later);
    expect(breaches).toMatchObject([
      { code: "maxDailyLoss", value: "100", stale: ["b"] },
      { code: "maxGrossExposure", value: "1.5", stale: ["b"] },
    ]);
    expect(breaches[0]?.message).toEqual({
      en: "account backpack/sim lost 100 USDC today, the limit is 100; last known numbers count for b (42 s old)",
      "zh-TW": "帳戶 backpack/sim 本日虧損 100 USDC，上限為 100；以下以最後已知數字計算：b（42 秒前）",
    });
  });

  it("an open position without a price keeps the last profit but the new holding", () => {
    const machine = new Machine(onAccount({ maxDailyLoss: "100", maxNetExposure: { ETH: "1" } }));
    machine.look([bot("a", { netPnl: "50" })]);
    expect(machine.look([bot("a", { netPnl: null, holdings: [eth("1.5")] })])).toMatchObject([{ code: "maxNetExposure", value: "1.5" }]);
    expect(machine.look([bot("a", { netPnl: "-50" })])).toMatchObject([{ code: "maxDailyLoss", value: "100" }]);
  });

  it("older numbers never replace newer ones; a later run's do", () => {
    const machine = new Machine(onAccount({ maxDailyLoss: "100" }));
    machine.look([bot("a")]);
    expect(machine.look([bot("a", { netPnl: "-100", at: NOW - 1 })])).toEqual([]);
    expect(machine.look([bot("a", { netPnl: "-100", at: NOW - 1, epoch: 2 })])).toHaveLength(1);
    expect(machine.look([bot("a", { netPnl: "0", at: NOW + 1, epoch: 1 })])).toHaveLength(1);
  });

  it("a bot at rest and flat is never called stale, and a stopped or halted one is not halted again", () => {
    const machine = new Machine(onAccount({ maxDailyLoss: "100" }));
    const bots = (net: string): BotFigures[] => [
      bot("a", { netPnl: net }),
      bot("stopped", { isWanted: false }),
      bot("halted", { isHalted: true }),
      bot("holding", { isHalted: true, holdings: [eth("1")] }),
    ];
    machine.look(bots("0"));
    expect(machine.look(bots("-100"), { now: NOW + 60_000 })).toMatchObject([
      { bots: ["a", "halted", "holding", "stopped"], toHalt: ["a"], stale: ["a", "holding"] },
    ]);
  });
});

// ---- for any sequence -----------------------------------------------------------------------------------------------

const MODES: readonly Mode[] = ["sim", "live"];
const ACCOUNTS = ["backpack/sim", "aster/main"] as const;
const LIMITS = {
  fleet: { maxDailyLoss: "60", maxDrawdown: "90", capital: "1000", minEquity: "850", maxGrossExposure: { ETH: "6" } },
  accounts: { "backpack/sim": { maxDailyLoss: "40", maxNetExposure: { ETH: "2" } }, "aster/main": { maxDrawdown: "50" } },
};

const decimal = (most: number) => fc.integer({ min: -most, max: most }).map((cents) => String(money(cents).div(100)));
/** What the world shows of one bot at one look, and whether a person resumes it just before. */
const shown = fc.record({
  netPnl: fc.option(decimal(12_000)),
  quantity: fc.option(decimal(400)),
  isThere: fc.boolean(),
  isWanted: fc.boolean(),
  isResumed: fc.boolean(),
  ageMs: fc.integer({ min: 0, max: 40_000 }),
});
const sequence = fc.array(fc.record({ bots: fc.array(shown, { minLength: 4, maxLength: 4 }), nextDay: fc.boolean() }), { maxLength: 9 });

type Shown = typeof sequence extends fc.Arbitrary<infer T> ? T : never;

/** Plays a sequence against a machine that is restarted at some looks; calls back after each look. */
function play(
  looks: Shown,
  isRestarted: (look: number) => boolean,
  onLook: (breaches: readonly FleetBreach[], state: FleetRiskState, before: FleetRiskState, halted: ReadonlySet<string>) => void,
): string {
  const limits = limitsOf(LIMITS);
  const halted = new Set<string>();
  const said: unknown[] = [];
  let state = NO_RISK_STATE;
  let day = 1;
  looks.forEach(({ bots, nextDay }, index) => {
    if (nextDay) day += 1;
    const now = NOW + index * 1_000;
    const figures = bots.flatMap((one, n): BotFigures[] => {
      const id = `bot${n}`;
      if (one.isResumed) halted.delete(id);
      if (!one.isThere) return [];
      const account = ACCOUNTS[n % 2] ?? "backpack/sim";
      const holdings = one.quantity === null ? null : [eth(one.quantity, account)];
      const told = { account, mode: MODES[n >> 1] ?? "sim", netPnl: one.netPnl, holdings, at: now - one.ageMs };
      return [bot(id, { ...told, isWanted: one.isWanted, isHalted: halted.has(id) })];
    });
    const before = isRestarted(index) ? (JSON.parse(JSON.stringify(state)) as FleetRiskState) : state;
    const verdict = lookAtFleet(before, { limits, bots: figures, equity: [], day: `2026-11-${String(day).padStart(2, "0")}`, now });
    for (const breach of verdict.breaches) for (const id of breach.toHalt) halted.add(id);
    state = verdict.state;
    said.push(verdict);
    onLook(verdict.breaches, state, before, halted);
    const wanted = new Set(figures.filter(({ isWanted }) => isWanted).map(({ id }) => id));
    for (const breach of verdict.breaches) for (const id of breach.bots) if (wanted.has(id)) expect(halted).toContain(id);
  });
  return JSON.stringify(said);
}

describe("for any sequence of figures", () => {
  it("a resume is answered by a halt while the breach holds, and changes nothing of what is broken", () => {
    let looksHalted = 0;
    const broken = (breaches: readonly FleetBreach[]): unknown =>
      breaches.map(({ scope, code, mode, value, unit, bots }) => ({ scope, code, mode, value, unit, bots }));
    fc.assert(
      fc.property(sequence, (looks) => {
        const untouched = looks.map((look) => ({ ...look, bots: look.bots.map((one) => ({ ...one, isResumed: false })) }));
        const found: unknown[] = [];
        const foundUntouched: unknown[] = [];
        // That every wanted bot concerned is halted after each look, resumed or not, is checked by the play itself.
        play(
          looks,
          () => false,
          (breaches) => found.push(broken(breaches)),
        );
        play(
          untouched,
          () => false,
          (breaches, _state, _before, halted) => {
            foundUntouched.push(broken(breaches));
            looksHalted += halted.size > 0 ? 1 : 0;
          },
        );
        expect(found).toEqual(foundUntouched);
      }),
      { numRuns: 1_000 },
    );
    expect(looksHalted).toBeGreaterThan(1_000);
  });

  it("the peak never falls and is never below the total", () => {
    fc.assert(
      fc.property(sequence, (looks) => {
        play(
          looks,
          () => false,
          (_breaches, state, before) => {
            for (const [key, baseline] of Object.entries(state.baselines)) {
              expect(money(baseline.peak).gte(baseline.total)).toBe(true);
              expect(money(baseline.peak).gte(before.baselines[key]?.peak ?? "0")).toBe(true);
              expect(baseline.day >= (before.baselines[key]?.day ?? "")).toBe(true);
            }
            for (const key of Object.keys(before.baselines)) expect(state.baselines).toHaveProperty([key]);
          },
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it("a restart from what was stored decides the same", () => {
    fc.assert(
      fc.property(sequence, fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }), (looks, restarts) => {
        const straight = play(
          looks,
          () => false,
          () => undefined,
        );
        const restarted = play(
          looks,
          (index) => restarts[index] === true,
          () => undefined,
        );
        expect(restarted).toBe(straight);
      }),
      { numRuns: 1_000 },
    );
  });

  it("the order of the bots decides nothing", () => {
    fc.assert(
      fc.property(fc.array(decimal(9_000), { minLength: 5, maxLength: 5 }), (nets) => {
        const limits = limitsOf(LIMITS);
        const figures = nets.map((netPnl, n) => bot(`bot${n}`, { netPnl, account: ACCOUNTS[n % 2] ?? "" }));
        const first = lookAtFleet(NO_RISK_STATE, {
          limits,
          bots: nets.map((_, n) => bot(`bot${n}`, { account: ACCOUNTS[n % 2] ?? "" })),
          equity: [],
          day: DAY,
          now: NOW,
        });
        const look = { limits, equity: [], day: DAY, now: NOW };
        const forth = lookAtFleet(first.state, { ...look, bots: figures });
        const back = lookAtFleet(first.state, { ...look, bots: [...figures].reverse() });
        expect(back).toEqual(forth);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("limits as they are written", () => {
  it("numbers and strings are taken, and nothing set limits nothing", () => {
    expect(parseFleetRisk("{}")).toEqual({ limits: { accounts: {} } });
    expect(parseFleetRisk('{"fleet":{"maxDailyLoss":500},"accounts":{"backpack/sim":{"maxNetExposure":{"1INCH":"2"}}}}')).toEqual({
      limits: { fleet: { maxDailyLoss: "500" }, accounts: { "backpack/sim": { maxNetExposure: { "1INCH": "2" } } } },
    });
    expect(parseFleetRisk("{")).toBeNull();
  });

  it("every fault is told at once, with its path, value and rule", () => {
    const parsed = parseFleetRisk(
      JSON.stringify({
        fleet: { maxDailyLoss: "-5", maxDrawdwn: "1", minEquity: "5" },
        accounts: { backpack: {}, "a/b": { minEquity: "11", capital: 10, maxNetExposure: { eth: "1", ETH: "NaN" }, maxDrawdown: "1e-18" } },
      }),
    );
    const clauses = parsed !== null && "faults" in parsed ? parsed.faults.map((fault) => fault.en) : [];
    expect(clauses).toEqual([
      "fleet.maxDailyLoss -5 must be above 0",
      "fleet.maxDrawdwn 1 is no field that exists here; did you mean maxDrawdown?",
      "fleet.minEquity: minEquity 5 needs capital, the money paid in, to be counted from",
      'accounts names "backpack" but should name exchange/account, e.g. backpack/sim',
      "accounts.a/b.maxDrawdown 1e-18 must be 0 or between 1e-15 and 1e15 in size",
      'accounts.a/b.maxNetExposure names "eth" but should name a base asset as in the symbol, e.g. ETH',
      "accounts.a/b.maxNetExposure.ETH NaN must be a decimal number such as 0.05",
    ]);
  });

  it("an equity floor must leave room below the capital", () => {
    const parsed = parseFleetRisk('{"fleet":{"capital":"10","minEquity":"10"}}');
    expect(parsed).toEqual({
      faults: [
        { en: "fleet.minEquity: minEquity 10 must be below capital 10", "zh-TW": "fleet.minEquity：minEquity 10 必須低於 capital 10" },
      ],
    });
  });
});
