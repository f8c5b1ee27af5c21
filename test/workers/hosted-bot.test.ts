// A hosted bot with a fake process: starts, crashes, restarts, gives up, rescues, and what it says meanwhile.

import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { AlertBody } from "../../src/core/alert.ts";
import { botConfigSchema } from "../../src/core/bot-config.ts";
import type { OrderRow } from "../../src/core/ports.ts";
import type { BotStatus } from "../../src/core/status.ts";
import { defineStrategy, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import type { BotRecord, Bots } from "../../src/storage/bots.ts";
import { emptyStatus } from "../../src/workers/bot-status.ts";
import { HostedBot } from "../../src/workers/hosted-bot.ts";
import type { InstanceEvents, InstanceProcess } from "../../src/workers/instance-process.ts";
import type { MissingLeases } from "../../src/workers/lease-watch.ts";
import { orderRow } from "../../src/workers/ledger-rows.ts";
import { type Begin, type Directive, LEASE_TTL_MS } from "../../src/workers/protocol.ts";
import { identityOf } from "../../src/workers/worker-identity.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { ManualClock } from "./manual-clock.ts";
import { order, ownId } from "./scripted-kernel.ts";

const CONFIG = botConfigSchema.parse({
  id: "eth_grid",
  strategy: "plain",
  params: {},
  ...{ exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", mode: "sim" },
  risk: { maxPosition: "1" },
  restart: { maxAttempts: 2, delayMs: 1_000, windowMs: 600_000 },
});

const PLAIN = defineStrategy<unknown, Record<string, never>>({
  ...{ name: "plain", version: 1, summary: plain("plain"), params: z.unknown(), example: {} },
  legs: (_params, home) => ({ main: home }),
  preview: () => {
    throw new Error("not asked for here");
  },
  init: () => ({}),
  decide: () => [],
  adapt: (state) => state,
}) as Strategy;

const NOON = Date.UTC(2027, 0, 20, 12);

class FakeProcess implements InstanceProcess {
  readonly epoch: number;
  hasSpoken = true;
  refusal = null;
  isLeaving = false;
  silence = 0;
  rss: number | null = null;
  killed = 0;
  left: string[] = [];
  directives: Directive[] = [];
  adjusted: { readonly version: number; readonly params: unknown }[] = [];
  readonly pid: number;
  readonly begin: Begin;
  readonly events: InstanceEvents;

  constructor(begin: Begin, events: InstanceEvents, pid: number) {
    this.begin = begin;
    this.events = events;
    this.epoch = begin.epoch;
    this.pid = pid;
  }

  silentMs(): number {
    return this.silence;
  }

  direct(directive: Directive): void {
    this.directives.push(directive);
  }

  adjust(version: number, params: unknown): void {
    this.adjusted.push({ version, params });
  }

  ledgerTrouble(): void {}

  leave(orders: "cancel" | "keep"): void {
    this.left.push(orders);
  }

  kill(): void {
    this.killed += 1;
  }
}

describe("a hosted bot", () => {
  let clock: ManualClock;
  let record: BotRecord;
  let processes: FakeProcess[];
  let alerts: AlertBody[];
  let published: BotStatus[];
  let openOrders: OrderRow[];
  let claimHolder: string | null;
  let released: number;
  let leaseFault: Error | null;
  let accessFault: Error | null;
  let mode: "sim" | "live";
  let url: string;
  let dropped: number[];
  let flattened: number;
  let room: number;
  let bot: HostedBot;

  beforeEach(() => {
    clock = new ManualClock();
    processes = [];
    alerts = [];
    published = [];
    openOrders = [];
    claimHolder = null;
    released = 0;
    leaseFault = null;
    accessFault = null;
    mode = "sim";
    url = "http://127.0.0.1:1";
    dropped = [];
    flattened = 0;
    room = 1;
    record = {
      ...{ id: "eth_grid", number: 1, config: CONFIG, configVersion: 1, desired: "running", halt: null, flatten: false, epoch: 0 },
      ...{ holder: null, host: null, pid: null, firstStartedAt: 1, fillCount: 0, lastStatus: null },
    };
    bot = newBot();
  });

  function newBot(): HostedBot {
    return new HostedBot(record, {
      identity: identityOf("worker", 1, "a"),
      host: "here",
      bots: fakeBots(),
      leases: {
        acquire: async () => true,
        renew: async () => true,
        release: async () => undefined,
        holder: async () => {
          if (leaseFault !== null) throw leaseFault;
          return null;
        },
      },
      clock,
      log: pino({ level: "silent" }),
      strategies: new Map([["plain", PLAIN]]),
      strategyFolders: [],
      timezone: "Asia/Taipei",
      redisUrl: "",
      limits: {},
      fork: (begin, events) => {
        const made = new FakeProcess(begin, events, 100 + processes.length);
        processes.push(made);
        return made;
      },
      accounts: async (exchange, account) => {
        if (accessFault !== null) throw accessFault;
        return { exchange, account, mode, credentials: {}, url };
      },
      mirrorEpoch: async () => undefined,
      isPidAlive: () => false,
      writer: {
        commit: async (rows) => rows.map(() => "stored"),
        isInTrouble: false,
        onTrouble: () => undefined,
        close: async () => undefined,
      },
      status: { publish: (status) => void published.push(status) },
      raise: (alert) => void alerts.push(alert),
      hasRoom: (more = 0) => room + more > 0,
      poke: () => undefined,
      onView: () => undefined,
    });
  }

  function fakeBots(): Bots {
    const unused = async (): Promise<never> => {
      throw new Error("not asked for here");
    };
    return {
      list: async () => [record],
      get: async () => record,
      create: unused,
      takeEpoch: async (_, expected, { workerId, host }) => {
        if (expected !== record.epoch) return null;
        record = { ...record, epoch: record.epoch + 1, holder: workerId, host };
        return record.epoch;
      },
      setProcess: async (_, __, pid) => {
        record = { ...record, pid };
      },
      endRun: async (_, epoch) => {
        if (epoch === record.epoch) record = { ...record, holder: null, host: null, pid: null };
      },
      setDesired: async (_, desired) => {
        record = { ...record, desired };
      },
      halt: async (_, kind, reason) => {
        record = { ...record, halt: { kind, reason: JSON.stringify(reason), at: 1 } };
      },
      claim: async () => (claimHolder === null ? { ok: true } : { ok: false, ref: ETH_PERP.ref, holder: claimHolder }),
      releaseClaims: async () => {
        released += 1;
      },
      numbers: async (_, accounts) => new Map(accounts.map(({ exchange, account }) => [`${exchange}:${account}`, 7])),
      flattened: async () => {
        flattened += 1;
        record = { ...record, flatten: false };
      },
      dropVersion: async (_, version) => {
        dropped.push(version);
        record = { ...record, config: CONFIG, configVersion: version - 1 };
      },
      stored: async () => ({ state: null, openOrders, lastCounter: null, lastFillAt: null, claims: [] }),
      saveStatus: async () => undefined,
      openOrders: async () => openOrders,
      fills: unused,
    };
  }

  async function look(missing: MissingLeases = new Map()): Promise<void> {
    await bot.look(record, missing, clock.monotonic());
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  function newest(): FakeProcess {
    const found = processes.at(-1);
    if (found === undefined) throw new Error("no process was made");
    return found;
  }

  async function crash(cause = "ended by SIGKILL"): Promise<void> {
    const { pid, events } = newest();
    events.onEnd({ pid, reason: null, cause });
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** As many crashes as it takes, each after a minute's run. */
  async function crashAll(): Promise<void> {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await look();
      expect(processes).toHaveLength(attempt);
      clock.advance(60_000);
      await crash(`crash ${attempt}`);
      clock.advance(60_000);
    }
  }

  it("of a dead worker has its opening orders taken off by a full one, which then waits for room without a process", async () => {
    room = 0;
    record = { ...record, epoch: 3, holder: "other:9:x", host: "there", pid: 9 };
    openOrders = [orderRow({ botId: "eth_grid", epoch: 3 }, ETH_PERP, order(ownId(1), { slot: "bid", status: "open" }))];
    bot = newBot();
    await look();
    expect(processes).toHaveLength(0);
    await look(new Map([["eth_grid", LEASE_TTL_MS - 1]]));
    expect(processes).toHaveLength(0);
    await look(new Map([["eth_grid", LEASE_TTL_MS]]));
    expect(processes).toHaveLength(0);
    clock.advance(LEASE_TTL_MS);
    await look(new Map([["eth_grid", 2 * LEASE_TTL_MS]]));
    expect(newest().begin).toMatchObject({ epoch: 4, directive: { desired: "paused" } });
    expect(record.desired).toBe("running");
    newest().events.onFollowed(newest().begin.directive.sequence);
    await look();
    expect(newest().left).toEqual(["keep"]);
    newest().events.onEnd({ pid: newest().pid, reason: "asked", cause: "exit code 0 (asked)" });
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance(LEASE_TTL_MS);
      await look();
    }
    expect(processes).toHaveLength(1);
    room = 1;
    await look();
    expect(newest().begin).toMatchObject({ epoch: 5, directive: { desired: "running" } });
  });

  it("that is stopped while it is only covered is taken off whole", async () => {
    room = 0;
    record = { ...record, epoch: 3 };
    openOrders = [orderRow({ botId: "eth_grid", epoch: 3 }, ETH_PERP, order(ownId(1), { slot: "bid", status: "open" }))];
    bot = newBot();
    await look();
    clock.advance(LEASE_TTL_MS);
    await look();
    record = { ...record, desired: "stopped" };
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ desired: "stopped" });
    newest().events.onFollowed(newest().directives.at(-1)?.sequence ?? 0);
    await look();
    expect(newest().left).toEqual([]);
  });

  it("pauses outside its hours and goes on within them, by itself", async () => {
    const hours = { windows: [{ from: "09:00", to: "17:00" }], outside: "pause" as const, timezone: "UTC" };
    record = { ...record, config: { ...CONFIG, schedule: hours } };
    clock.advance(NOON - clock.now());
    bot = newBot();
    await look();
    expect(newest().begin.directive).toMatchObject({ desired: "running" });
    clock.advance(5 * 3_600_000);
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ desired: "paused", outside: { en: "outside its hours until 09:00 (UTC)" } });
    expect(bot.view.outside?.["zh-TW"]).toContain("不在執行時段內");
    expect(record.desired).toBe("running");
    await look();
    expect(newest().directives).toHaveLength(1);
    clock.advance(16 * 3_600_000);
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ desired: "running" });
    expect(newest().directives.at(-1)).not.toHaveProperty("outside");
    expect(processes).toHaveLength(1);
  });

  it("its hours override no stop, pause, panic or halt of a person, within or outside of them", async () => {
    const hours = { windows: [{ from: "09:00", to: "17:00" }], outside: "stop" as const, timezone: "UTC" };
    record = { ...record, config: { ...CONFIG, schedule: hours } };
    clock.advance(NOON - clock.now() + 8 * 3_600_000);
    bot = newBot();
    await look();
    expect(newest().begin.directive.desired).toBe("draining");
    record = { ...record, desired: "paused" };
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ desired: "paused" });
    record = { ...record, desired: "stopped" };
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ desired: "stopped", halt: null });
    record = { ...record, desired: "running", halt: { kind: "panic", reason: JSON.stringify({ en: "panic", "zh-TW": "緊急" }), at: 1 } };
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ halt: { en: "panic" } });
    clock.advance(14 * 3_600_000);
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ halt: { en: "panic" } });
  });

  it("takes a reset of the drawdown's peak to its process in the same word that lifts the halt", async () => {
    record = { ...record, halt: { kind: "risk", reason: JSON.stringify({ en: "fell", "zh-TW": "回落" }), at: 1 } };
    openOrders = [{} as OrderRow];
    await look();
    record = { ...record, halt: null, configVersion: 2, config: { ...CONFIG, risk: { ...CONFIG.risk, drawdownSince: 77 } } };
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ halt: null, desired: "running", drawdownSince: 77 });
    newest().events.onRecovered(1);
    await look();
    expect(newest()).toMatchObject({ left: [], adjusted: [] });
    expect(bot.view.appliedVersion).toBe(2);
  });

  it("begins anew under other limits, orders kept; hours and loudness cost no process", async () => {
    await look();
    newest().events.onRecovered(3);
    record = { ...record, configVersion: 2, config: { ...CONFIG, notify: { filled: "off" } } };
    await look();
    expect(bot.view.appliedVersion).toBe(2);
    record = { ...record, configVersion: 3, config: { ...CONFIG, risk: { ...CONFIG.risk, maxOpenOrders: 7 } } };
    await look();
    expect(newest()).toMatchObject({ left: ["keep"], adjusted: [] });
    expect(bot.view.appliedVersion).toBe(2);
    newest().events.onEnd({ pid: newest().pid, reason: "asked", cause: "exit code 0" });
    await look();
    await look();
    expect(processes).toHaveLength(2);
    expect(newest().begin.config.risk.maxOpenOrders).toBe(7);
    newest().events.onRecovered(3);
    expect(bot.view.appliedVersion).toBe(3);
    expect(alerts).toEqual([]);
  });

  it("warns of memory near its quota, and begins anew at it with its orders kept", async () => {
    await look();
    newest().events.onRecovered(3);
    newest().rss = 420 * 1_048_576;
    await look();
    await look();
    expect(alerts).toMatchObject([{ type: "resource", message: { en: expect.stringContaining("420 MiB") } }]);
    newest().rss = 520 * 1_048_576;
    await look();
    expect(newest().left).toEqual(["keep"]);
    expect(alerts).toHaveLength(2);
  });

  it("starts under a new epoch, with what is wanted and what is stored", async () => {
    await look();
    expect(newest().begin).toMatchObject({ epoch: 1, holder: "worker/1-a", directive: { desired: "running", halt: null, flatten: false } });
    expect(record).toMatchObject({ epoch: 1, holder: "worker/1-a", pid: 100 });
    await look();
    expect(processes).toHaveLength(1);
  });

  it("tells of a crash with its pid, epoch and pause, restarts after the pause, and tells of that too", async () => {
    await look();
    newest().events.onRecovered(3);
    expect(alerts).toEqual([]);
    await crash();
    expect(alerts).toEqual([{ type: "crashed", cause: "ended by SIGKILL", pid: 100, epoch: 1, restartInMs: 1_000 }]);
    clock.advance(900);
    await look();
    expect(processes).toHaveLength(1);
    expect(bot.view.status).toMatchObject({ state: "starting", lastError: "ended by SIGKILL", pid: null });
    clock.advance(100);
    await look();
    expect(newest()).toMatchObject({ epoch: 2, pid: 101 });
    newest().events.onRecovered(3);
    expect(alerts.at(-1)).toEqual({ type: "restarted", pid: 101, epoch: 2, openOrders: 3 });
  });

  it("gives up after its attempts however long the runs were, keeps the claims, and takes the orders off", async () => {
    await crashAll();
    expect(alerts.map((alert) => alert.type)).toEqual(["crashed", "crashed", "crashed"]);
    expect(alerts.at(-1)).toMatchObject({ restartInMs: null });
    openOrders = [{} as OrderRow];
    await look();
    expect(alerts.at(-1)).toEqual({ type: "failed", attempts: 3, cause: "crash 3" });
    expect(record.halt?.kind).toBe("crash");
    await look();
    expect(bot.view.status.state).toBe("failed");
    expect(newest().begin.directive.halt?.en).toContain("crashed 3 times");
    expect(released).toBe(0);
  });

  it("forgives crashes when an operator clears the halt", async () => {
    await crashAll();
    await look();
    await look();
    record = { ...record, halt: null };
    await look();
    expect(processes).toHaveLength(4);
    await crash();
    expect(alerts.at(-1)).toMatchObject({ type: "crashed", restartInMs: 1_000 });
  });

  it("kills a process that is silent for the life of a lease", async () => {
    await look();
    newest().silence = 5_001;
    await look();
    expect(newest().killed).toBe(1);
  });

  it("tells of no crash when somebody else took the bot", async () => {
    await look();
    record = { ...record, epoch: 2, holder: "other/9-b", host: "there" };
    await look();
    expect(newest().killed).toBe(1);
    const before = published.length;
    await crash();
    expect(alerts).toEqual([]);
    await look();
    expect(processes).toHaveLength(1);
    expect(bot.view.isElsewhere).toBe(true);
    expect(published).toHaveLength(before);
  });

  it("takes over what another worker let die, after watching its lease for a TTL", async () => {
    record = { ...record, epoch: 5, holder: "other/9-b", host: "there", pid: 7 };
    await look(new Map());
    await look(null);
    await look(new Map([["eth_grid", 4_999]]));
    expect(processes).toHaveLength(0);
    await look(new Map([["eth_grid", 5_000]]));
    expect(newest().epoch).toBe(6);
  });

  it("does not wait for a process of this machine that is dead", async () => {
    record = { ...record, epoch: 5, holder: "other/9-b", host: "here", pid: 7 };
    await look(new Map([["eth_grid", 0]]));
    expect(processes).toHaveLength(1);
  });

  it("takes its own former life's bots at once", async () => {
    record = { ...record, epoch: 5, holder: "worker/999-z", host: "here", pid: 7 };
    await look(new Map());
    expect(newest().epoch).toBe(6);
  });

  it("refuses a start whose symbol another bot holds, and wants it no more", async () => {
    claimHolder = "sol_grid";
    await look();
    expect(processes).toHaveLength(0);
    expect(bot.view.refusal?.en).toBe("eth_grid cannot trade backpack:sim:ETH/USDC:USDC: sol_grid holds it; stop sol_grid flat first");
    expect(record.desired).toBe("stopped");
    expect(record.epoch).toBe(0);
  });

  it("raises no epoch while Redis is away, and tries again", async () => {
    leaseFault = new Error("Redis is away");
    await look();
    clock.advance(1_000);
    await look();
    expect(record.epoch).toBe(0);
    expect(bot.view.lastError).toBe("Redis is away");
    leaseFault = null;
    clock.advance(1_000);
    await look();
    expect(processes).toHaveLength(1);
  });

  it("directs a stop, lets the process go once it has settled, and gives the claims back when flat", async () => {
    await look();
    record = { ...record, desired: "stopped" };
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ desired: "stopped", sequence: 2 });
    expect(bot.view.rest).toBeNull();
    newest().events.onSettled({ sequence: 1, at: 1, position: "0", isFlat: true });
    await look();
    expect(newest().left).toEqual([]);
    newest().events.onSettled({ sequence: 2, at: 1, position: "0", isFlat: true });
    await look();
    expect(newest().left).toEqual(["keep"]);
    newest().events.onEnd({ pid: 100, reason: "asked", cause: "exit code 0 (asked)" });
    await look();
    expect(released).toBe(1);
    expect(alerts).toEqual([]);
    expect(bot.view).toMatchObject({ rest: { isFlat: true }, status: { state: "stopped", openOrders: 0, pid: null } });
    expect(processes).toHaveLength(1);
  });

  it("rescues a halted bot with open orders, and rests without a process when there are none", async () => {
    record = { ...record, desired: "stopped", halt: { kind: "panic", reason: JSON.stringify(plain("panic")), at: 1 } };
    await look();
    expect(processes).toHaveLength(0);
    expect(bot.view).toMatchObject({ rest: { isFlat: false }, status: { state: "halted" } });
    bot.requestFlatten();
    expect(bot.view.rest).toBeNull();
    await look();
    expect(newest().begin.directive).toMatchObject({ desired: "stopped", flatten: true, halt: plain("panic") });
  });

  it("needs no process to prove that a bot rests which never ran", async () => {
    record = { ...record, desired: "stopped", firstStartedAt: null };
    await look();
    bot.requestFlatten();
    await look();
    expect(processes).toHaveLength(0);
    expect(bot.view.rest).toEqual({ isFlat: true });
  });

  it("forgets a flattening once it is done", async () => {
    await look();
    record = { ...record, halt: { kind: "strategy", reason: JSON.stringify(plain("too far")), at: 1 } };
    await look();
    bot.requestFlatten();
    const { sequence } = newest().directives.at(-1) ?? { sequence: 0 };
    newest().events.onSettled({ sequence, at: 1, position: "0", isFlat: true });
    record = { ...record, halt: null };
    await look();
    expect(newest().directives.at(-1)).toMatchObject({ desired: "running", halt: null, flatten: false });
  });

  it("closes what a bot that finished by itself asked to close, then lets it go and gives the claims back", async () => {
    await look();
    record = { ...record, desired: "stopped", flatten: true };
    newest().events.onOver({ botId: "eth_grid", epoch: 1, kind: "finished", reason: plain("done"), flatten: true, at: 1 });
    await look();
    const directive = newest().directives.at(-1);
    expect(directive).toMatchObject({ desired: "stopped", flatten: true });
    newest().events.onSettled({ sequence: directive?.sequence ?? 0, at: 1, position: "0", isFlat: true });
    await look();
    newest().events.onEnd({ pid: 100, reason: "asked", cause: "exit code 0 (asked)" });
    await look();
    await look();
    expect([flattened, released]).toEqual([1, 1]);
    expect(processes).toHaveLength(1);
  });

  it("goes on closing it after a crash of the worker", async () => {
    record = { ...record, desired: "stopped", flatten: true, halt: null };
    bot = newBot();
    await look();
    expect(newest().begin.directive).toMatchObject({ desired: "stopped", flatten: true });
  });

  it("hands a process that has recovered the newest parameters, once, and takes back what it refuses", async () => {
    await look();
    record = { ...record, config: { ...CONFIG, params: { gridNum: 12 } }, configVersion: 2 };
    await look();
    expect(newest().adjusted).toEqual([]);
    newest().events.onRecovered(0);
    await look();
    await look();
    expect(newest().adjusted).toEqual([{ version: 2, params: { gridNum: 12 } }]);
    newest().events.onAdjusted(2, null);
    expect(bot.view).toMatchObject({ appliedVersion: 2, refusedVersion: null });
    record = { ...record, config: { ...CONFIG, params: { gridNum: 1 } }, configVersion: 3 };
    await look();
    newest().events.onAdjusted(3, plain("too few levels"));
    await look();
    expect(bot.view).toMatchObject({ appliedVersion: 2, refusedVersion: { version: 3, reason: plain("too few levels") } });
    expect(dropped).toEqual([3]);
    await look();
    expect(newest().adjusted).toHaveLength(2);
  });

  it("begins anew, which is no crash, when its exchange has come back elsewhere", async () => {
    await look();
    newest().events.onRecovered(0);
    accessFault = new Error("the exchange is not up yet");
    clock.advance(6_000);
    await look();
    expect(newest().left).toEqual([]);
    accessFault = null;
    clock.advance(6_000);
    await look();
    expect(newest().left).toEqual([]);
    url = "http://127.0.0.1:2";
    clock.advance(6_000);
    await look();
    expect(newest().left).toEqual(["keep"]);
    newest().events.onEnd({ pid: 100, reason: "asked", cause: "exit code 0 (asked)" });
    await look();
    await look();
    expect(newest().begin.accounts).toMatchObject([{ url: "http://127.0.0.1:2" }]);
    expect(alerts).toEqual([]);
  });

  it("starts no bot on an account of another mode", async () => {
    mode = "live";
    await look();
    await look();
    expect(processes).toEqual([]);
    expect(bot.view.refusal?.en).toBe(
      "eth_grid runs in mode sim, but its account backpack:sim is in mode live; every account of a bot must have its mode",
    );
  });

  it("tells its process the bot's number on every account", async () => {
    await look();
    expect(newest().begin).toMatchObject({ number: 1, numbers: { "backpack:sim": 7 }, configVersion: 1, timezone: "Asia/Taipei" });
  });

  it("stops what has drained", async () => {
    record = { ...record, desired: "draining" };
    await look();
    const { sequence } = newest().begin.directive;
    newest().events.onSettled({ sequence, at: 1, position: "0", isFlat: true });
    await look();
    expect(record.desired).toBe("stopped");
  });

  it("restarts with its orders kept, which is no crash", async () => {
    await look();
    bot.requestRestart();
    expect(newest().left).toEqual(["keep"]);
    newest().events.onEnd({ pid: 100, reason: "asked", cause: "exit code 0 (asked)" });
    await look();
    await look();
    expect(newest()).toMatchObject({ epoch: 2, pid: 101 });
    expect(alerts).toEqual([]);
  });

  it("shows the process's own status while that process speaks for the bot", async () => {
    await look();
    const facts = {
      config: CONFIG,
      desired: "running",
      epoch: 1,
      host: "here",
      pid: 100,
      startedAt: 1,
      lastError: null,
      note: null,
      at: 1,
    } as const;
    newest().events.onStatus({ ...emptyStatus(facts, "running"), openOrders: 20 });
    expect(bot.view.status).toMatchObject({ state: "running", openOrders: 20 });
    expect(published.at(-1)).toMatchObject({ openOrders: 20 });
    const before = published.length;
    record = { ...record, epoch: 2, holder: "other/9-b", host: "there" };
    await look();
    newest().events.onStatus({ ...emptyStatus(facts, "paused") });
    expect(published).toHaveLength(before);
  });
});
