// A halt is sticky until a person resumes: crashes at every point between a kernel's halt and its worker's answer, on real storage.

import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import type { LedgerRow, LedgerStore, RowResult } from "../../src/core/ports.ts";
import { defineStrategy, type Intent, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { type BotRecord, type Bots, createBots } from "../../src/storage/bots.ts";
import { type Changes, createChanges } from "../../src/storage/changes.ts";
import type { Database } from "../../src/storage/database.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { HostedBot } from "../../src/workers/hosted-bot.ts";
import { type Instance, startInstance } from "../../src/workers/instance.ts";
import type { InstanceEvents, InstanceProcess } from "../../src/workers/instance-process.ts";
import { pause } from "../../src/workers/pause.ts";
import type { Begin, Directive, FromInstance } from "../../src/workers/protocol.ts";
import { systemClock } from "../../src/workers/system-clock.ts";
import { identityOf } from "../../src/workers/worker-identity.ts";
import type { Writer } from "../../src/workers/writer.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { botConfig } from "../memory-fleet.ts";
import { onEachDatabase } from "../storage/databases.ts";
import { actor } from "../storage/rows.ts";
import { ScriptedPort } from "./scripted-port.ts";

const ID = "eth_grid";
const LEG = "main";
const SILENT = pino({ level: "silent" });
const DEADLINE_MS = 10_000;
const QUOTES: readonly Intent[] = [
  { type: "quote", leg: LEG, orders: [{ slot: "bid", side: "buy", price: ticks(249_000), quantity: lots(10), reason: "test" }] },
];
const HALTS: readonly Intent[] = [{ type: "halt", reason: { en: "too far", "zh-TW": "太遠" } }];
const LEASES = { acquire: async () => true, renew: async () => true, release: async () => undefined, holder: async () => null };

/** What goes wrong between an instance and its worker. */
interface Weather {
  /** Rows that never reach the worker. */
  isLost: (rows: readonly LedgerRow[]) => boolean;
  /** The process is gone before it can say that it ended. */
  isMute: boolean;
}

/** An instance with a real kernel in this process, which can be cut off like one that was killed. */
class Life implements InstanceProcess {
  readonly port = new ScriptedPort();
  readonly hasSpoken = true;
  readonly refusal = null;
  readonly isLeaving = false;
  readonly directives: Directive[] = [];
  readonly pid: number;
  readonly epoch: number;
  hasSaidItsEnd = false;
  readonly #events: InstanceEvents;
  readonly #weather: Weather;
  readonly #instance: Instance;
  #isDead = false;

  constructor(begin: Begin, events: InstanceEvents, pid: number, strategy: Strategy, weather: Weather) {
    this.pid = pid;
    this.epoch = begin.epoch;
    this.#events = events;
    this.#weather = weather;
    this.port.lookupOutcome = ({ clientOrderId }) => {
      return { found: "closed", status: "canceled", exchangeOrderId: `x${clientOrderId}`, filledQuantity: lots(0) };
    };
    this.#instance = startInstance(begin, {
      send: (message) => this.#say(message),
      connect: async () => this.port,
      leases: LEASES,
      ledger: { commit: (rows) => this.#commit(rows) },
      strategies: new Map([["grid", strategy]]),
      ...{ clock: systemClock, log: SILENT, pid },
    });
    void this.#instance.ended.then((reason) => {
      if (!this.#isDead) this.#events.onEnd({ pid, reason, cause: "it left" });
    });
    this.book();
  }

  async #commit(rows: readonly LedgerRow[]): Promise<readonly RowResult[]> {
    if (this.#isDead || this.#weather.isLost(rows)) return await new Promise(() => undefined);
    const results = await this.#events.onRows(rows);
    return this.#isDead ? await new Promise(() => undefined) : results;
  }

  #say(message: FromInstance): void {
    if (this.#isDead) return;
    if (message.type === "status") this.#events.onStatus(message.status);
    if (message.type === "recovered") this.#events.onRecovered(message.openOrders);
    if (message.type === "settled") this.#events.onSettled(message.settled);
    if (message.type === "ended" && !this.#weather.isMute) {
      this.#events.onOver(message.end);
      this.hasSaidItsEnd = true;
    }
  }

  book(): void {
    const { symbol } = ETH_PERP.ref;
    this.port.emit({ type: "book", symbol, bestBid: ticks(250_000), bestAsk: ticks(250_010), at: 1, receivedAt: 1 });
  }

  get places(): number {
    return this.port.calls.filter((call) => call.startsWith("place")).length;
  }

  /** SIGKILL: nothing comes out of it any more. */
  crash(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#events.onEnd({ pid: this.pid, reason: null, cause: "ended by SIGKILL" });
    this.end();
  }

  /** Stops its timers. */
  end(): void {
    this.#instance.shutdown("keep");
  }

  silentMs(): number {
    return 0;
  }

  direct(directive: Directive): void {
    this.directives.push(directive);
    if (!this.#isDead) this.#instance.directive(directive);
  }

  adjust(): void {}
  ledgerTrouble(): void {}

  leave(orders: "cancel" | "keep"): void {
    this.#instance.shutdown(orders);
  }

  kill(): void {
    this.crash();
  }
}

onEachDatabase("halts over restarts", ({ open }) => {
  let db: Database;
  let bots: Bots;
  let changes: Changes;
  let store: LedgerStore;
  let hosted: HostedBot;
  let lives: Life[];
  let wishes: readonly Intent[];
  let weather: Weather;
  /** Ends that the writer holds back until it is let go. */
  let held: number;
  let letGo: () => void;
  let gate: Promise<void>;
  let words: number;

  beforeEach(async () => {
    db = await open();
    bots = createBots(db);
    changes = createChanges(db);
    store = createLedgerStore(db);
    lives = [];
    wishes = QUOTES;
    weather = { isLost: () => false, isMute: false };
    held = 0;
    words = 0;
    letGo = () => undefined;
    gate = Promise.resolve();
    await bots.create(botConfig(ID, { restart: { maxAttempts: 50, delayMs: 0, windowMs: 600_000 } }));
    await bots.setDesired(ID, "running");
    hosted = hostedBot(await record());
    await until(() => placesOf(lives) === 1);
  });
  afterEach(async () => {
    letGo();
    for (const life of lives) life.end();
    await hosted.shutdown();
    // The end of the last run is stored after the process has gone; before that the database must not be closed.
    const deadline = Date.now() + DEADLINE_MS;
    while ((await record()).holder !== null && Date.now() < deadline) await pause(10);
  });

  function strategy(): Strategy {
    return defineStrategy<unknown, Record<string, never>>({
      ...{ name: "grid", version: 1, summary: plain("scripted"), params: z.unknown(), example: {} },
      legs: (_params, home) => ({ [LEG]: home }),
      preview: () => {
        throw new Error("not asked for here");
      },
      init: () => ({}),
      decide: () => wishes,
      adapt: (state) => state,
    }) as Strategy;
  }

  /** Stores batches in their order; one that holds an end waits behind the gate, with all that follow. */
  function writer(): Writer {
    let last: Promise<unknown> = Promise.resolve();
    return {
      commit: (rows) => {
        const result = last.then(async () => {
          if (rows.some((row) => row.type === "end")) {
            held += 1;
            await gate;
          }
          return await store.commit(rows);
        });
        last = result.catch(() => undefined);
        return result;
      },
      isInTrouble: false,
      onTrouble: () => undefined,
      close: async () => undefined,
    };
  }

  function hostedBot(first: BotRecord): HostedBot {
    return new HostedBot(first, {
      ...{ identity: identityOf("worker", 1, "a"), host: "here", bots, leases: LEASES, clock: systemClock, log: SILENT },
      ...{ strategies: new Map([["grid", strategy()]]), strategyFolders: [], timezone: "UTC", redisUrl: "", limits: {} },
      fork: (begin, events) => {
        const life = new Life(begin, events, 100 + lives.length, strategy(), weather);
        lives.push(life);
        return life;
      },
      accounts: async (exchange, account) => ({ exchange, account, mode: "sim", credentials: {} }),
      ...{ mirrorEpoch: async () => undefined, isPidAlive: () => false, writer: writer(), status: { publish: () => undefined } },
      ...{ raise: () => undefined, hasRoom: () => true, poke: () => undefined, onView: () => undefined },
    });
  }

  async function record(): Promise<BotRecord> {
    const found = await bots.get(ID);
    if (found === null) throw new Error("no bot");
    return found;
  }

  async function look(): Promise<void> {
    const readAt = systemClock.monotonic();
    await hosted.look(await record(), new Map(), readAt);
  }

  async function until(isThere: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!(await isThere())) {
      if (Date.now() > deadline) throw new Error("it never came to that");
      await look();
      await pause(5);
    }
  }

  function newest(): Life {
    const life = lives.at(-1);
    if (life === undefined) throw new Error("no life yet");
    return life;
  }

  function placesOf(some: readonly Life[]): number {
    return some.reduce((sum, life) => sum + life.places, 0);
  }

  function hold(): void {
    gate = new Promise((resolve) => {
      letGo = resolve;
    });
  }

  /** The strategy halts the bot at the next book. */
  function haltItself(): void {
    wishes = HALTS;
    newest().book();
  }

  async function say(type: "resume" | "start" | "panic" | "panicClear"): Promise<void> {
    words += 1;
    const change = type === "panic" ? { type, botId: ID, flatten: false } : { type, botId: ID };
    await changes.commit(change, actor(`key${words}`), [ID], Date.now());
  }

  async function isHalted(): Promise<boolean> {
    return (await record()).halt !== null;
  }

  async function haltAlerts(): Promise<number> {
    return (await db.prisma.alert.findMany()).filter(({ json }) => json.includes('"halted"')).length;
  }

  /** Nothing was placed since `before`, whatever lives came and however often the worker looks. */
  async function staysHalted(before: number): Promise<void> {
    wishes = QUOTES;
    for (let count = 0; count < 30; count += 1) {
      await look();
      for (const life of lives) life.book();
      await pause(10);
    }
    expect(await isHalted()).toBe(true);
    expect(placesOf(lives)).toBe(before);
  }

  async function runsAfterResume(): Promise<void> {
    const before = placesOf(lives);
    wishes = QUOTES;
    await say("resume");
    await until(() => placesOf(lives) > before);
    expect(await isHalted()).toBe(false);
  }

  it("stores a halt that was handed over before the crash, and only then begins the next life", async () => {
    hold();
    haltItself();
    await until(() => held === 1);
    newest().crash();
    for (let count = 0; count < 50; count += 1) {
      await look();
      await pause(10);
    }
    expect(lives).toHaveLength(1);
    letGo();
    await until(isHalted);
    await staysHalted(1);
    await runsAfterResume();
  });

  it("begins as if nothing had been when the halt died with its process, which nobody was told of", async () => {
    let isGone = false;
    weather.isLost = (rows) => {
      isGone ||= rows.some((row) => row.type === "end");
      return isGone;
    };
    haltItself();
    await until(() => isGone);
    newest().crash();
    weather.isLost = () => false;
    expect(await haltAlerts()).toBe(0);
    wishes = QUOTES;
    await until(() => lives.length === 2 && newest().places === 1);
    haltItself();
    await until(isHalted);
    expect(await haltAlerts()).toBe(1);
    await staysHalted(2);
  });

  it("stays halted when the crash comes after the end was stored and before the worker heard of it", async () => {
    weather.isMute = true;
    const before = await record();
    const readAt = systemClock.monotonic();
    haltItself();
    await until(isHalted);
    newest().crash();
    await pause(20);
    wishes = QUOTES;
    // The worker starts it by what it read before the end, twice as often as it may.
    for (let count = 0; count < 5; count += 1) {
      await hosted.look({ ...before, holder: null, epoch: (await record()).epoch }, new Map(), readAt);
      await pause(300);
    }
    await staysHalted(1);
    await runsAfterResume();
  });

  it("lifts a halt that a person resumed before the worker looked at the bot again", async () => {
    haltItself();
    const deadline = Date.now() + DEADLINE_MS;
    while (!newest().hasSaidItsEnd && Date.now() < deadline) await pause(5);
    wishes = QUOTES;
    await say("resume");
    await until(() => placesOf(lives) === 2);
    expect(await isHalted()).toBe(false);
    expect(lives).toHaveLength(1);
  });

  it("does not take a record from before the end for a resume", async () => {
    const before = await record();
    const readAt = systemClock.monotonic();
    haltItself();
    await until(() => newest().directives.at(-1)?.halt?.en === "too far");
    wishes = QUOTES;
    await hosted.look(before, new Map(), readAt);
    newest().book();
    await pause(50);
    expect(newest().directives.at(-1)?.halt?.en).toBe("too far");
    expect(newest().places).toBe(1);
    await say("resume");
    await until(() => placesOf(lives) === 2);
    expect(await isHalted()).toBe(false);
  });

  it("is lifted by one resume once, also when the state that it made is lost, and halts anew as before", async () => {
    haltItself();
    await until(isHalted);
    newest().crash();
    await staysHalted(1);
    // No state is stored any more: the one in the database is that of the halted kernel.
    weather.isLost = (rows) => rows.every((row) => row.type === "state");
    await runsAfterResume();
    newest().crash();
    await until(() => placesOf(lives) === 3);
    weather.isLost = () => false;
    haltItself();
    await until(isHalted);
    newest().crash();
    await staysHalted(3);
  });

  it("keeps a panic that came while it was down, through its clearing, until a person starts it", async () => {
    newest().crash();
    await say("panic");
    await staysHalted(1);
    await say("panicClear");
    for (let count = 0; count < 20; count += 1) {
      await look();
      await pause(10);
    }
    expect(placesOf(lives)).toBe(1);
    await say("start");
    await until(() => placesOf(lives) === 2);
  });

  it("keeps a halt that somebody else put on the bot's row alone, over a restart", async () => {
    await bots.halt(ID, "risk", { en: "the fleet lost 500", "zh-TW": "機隊虧損 500" });
    newest().crash();
    await staysHalted(1);
    await runsAfterResume();
  });
});
