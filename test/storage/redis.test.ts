// Leases, statuses, signals and queues on a private Redis, and what they do while it is away.

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LeaseStore } from "../../src/core/ports.ts";
import { UserError } from "../../src/core/text.ts";
import { createLeaseStore } from "../../src/storage/lease.ts";
import { type ChangeJob, consume, createQueues } from "../../src/storage/queue.ts";
import { connectRedis, type RedisRole } from "../../src/storage/redis.ts";
import { createSignals } from "../../src/storage/signals.ts";
import { createStatusBoard } from "../../src/storage/status-board.ts";
import { until } from "../cli/until.ts";
import { hasRedis, type PrivateRedis, startPrivateRedis } from "../exchanges/private-redis.ts";
import { botConfig, botStatus } from "../memory-fleet.ts";

/** Longer than any test: an expiry is made to happen by deleting the key, never by waiting. */
const TTL_MS = 60_000;

describe("an address of Redis", () => {
  it("of another machine is refused without a password, or when it cannot be read", () => {
    for (const url of ["redis://example.com:6379", "rediss://10.0.0.5", "redis://user@example.com"])
      expect(() => connectRedis(url, "command")).toThrow(/without a password/);
    for (const url of ["http://localhost", "localhost:6379", "redis.sock"]) expect(() => connectRedis(url, "command")).toThrow(UserError);
  });

  it("of this machine, or with a password, is taken", () => {
    for (const url of ["redis://127.0.0.1:1", "redis://localhost:1", "redis://[::1]:1", "redis://:secret@127.0.0.2:1"])
      connectRedis(url, "command").disconnect();
  });
});

const suite = hasRedis ? "Redis" : "Redis (skipped: no redis-server found)";
describe.skipIf(!hasRedis)(suite, () => {
  let server: PrivateRedis;
  let url = "";
  const closing: (() => unknown)[] = [];
  const connect = (role: RedisRole) => {
    const redis = connectRedis(url, role);
    closing.push(() => redis.disconnect());
    return redis;
  };
  beforeAll(async () => {
    server = await startPrivateRedis();
    url = `unix://${server.socket}`;
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await server.connect().flushall();
  });

  describe("a lease", () => {
    const lose = async () => {
      await server.connect().del("{botswain}:lease:eth");
    };
    const store = (): LeaseStore => createLeaseStore(connect("command"));

    it("cannot be stolen while it is alive, whatever the epoch", async () => {
      const leases = store();
      expect(await leases.acquire("eth", 2, "w1", TTL_MS)).toBe(true);
      for (const epoch of [1, 2, 3, 99]) expect(await leases.acquire("eth", epoch, "w2", TTL_MS)).toBe(false);
      await leases.release("eth", 2, "w2");
      await leases.release("eth", 1, "w1");
      expect(await leases.holder("eth")).toEqual({ epoch: 2, holder: "w1" });
    });

    it("goes to one of many who want it when it is free", async () => {
      const results = await Promise.all(Array.from({ length: 10 }, (_, n) => store().acquire("eth", 1, `w${n}`, TTL_MS)));
      expect(results.filter((taken) => taken)).toHaveLength(1);
    });

    it("is renewed, and taken again, by its holder; a later life of the holder may take it over", async () => {
      const leases = store();
      await leases.acquire("eth", 2, "w1", TTL_MS);
      expect(await leases.acquire("eth", 2, "w1", TTL_MS)).toBe(true);
      expect(await leases.renew("eth", 2, "w1", TTL_MS)).toBe(true);
      expect(await leases.acquire("eth", 1, "w1", TTL_MS)).toBe(false);
      expect(await leases.acquire("eth", 3, "w1", TTL_MS)).toBe(true);
      expect(await leases.renew("eth", 2, "w1", TTL_MS)).toBe(false);
    });

    it("expires by itself", async () => {
      const leases = store();
      await leases.acquire("eth", 1, "w1", 40);
      await until(async () => (await leases.holder("eth")) === null);
      expect(await leases.acquire("eth", 2, "w2", TTL_MS)).toBe(true);
      expect(await leases.renew("eth", 1, "w1", TTL_MS)).toBe(false);
    });

    it("is taken up again by its holder after Redis lost it", async () => {
      const leases = store();
      await leases.acquire("eth", 2, "w1", TTL_MS);
      await lose();
      expect(await leases.renew("eth", 2, "w1", TTL_MS)).toBe(true);
      expect(await leases.holder("eth")).toEqual({ epoch: 2, holder: "w1" });
    });

    it("is not taken up again, nor renewed, once a newer epoch asked for it", async () => {
      const leases = store();
      await leases.acquire("eth", 2, "w1", TTL_MS);
      expect(await leases.acquire("eth", 3, "w2", TTL_MS)).toBe(false);
      expect(await leases.renew("eth", 2, "w1", TTL_MS)).toBe(false);
      await lose();
      expect(await leases.renew("eth", 2, "w1", TTL_MS)).toBe(false);
      expect(await leases.acquire("eth", 2, "w1", TTL_MS)).toBe(false);
      expect(await leases.acquire("eth", 3, "w2", TTL_MS)).toBe(true);
    });
  });

  it("keeps one status per bot", async () => {
    const board = createStatusBoard(connect("command"));
    const status = botStatus(botConfig("eth_grid"), { position: "0.5" });
    await board.put({ ...status, position: "0.4" });
    await board.put(status);
    expect(await board.get(["btc_grid", "eth_grid"])).toEqual([null, status]);
    expect(await board.get([])).toEqual([]);
    // A process that lost the bot, and writes once more, hides nothing of its successor.
    const successor = { ...status, epoch: 4 };
    await board.put(successor);
    await board.put({ ...status, epoch: 3 });
    expect(await board.get(["eth_grid"])).toEqual([successor]);
    await server.connect().set("{botswain}:status:eth_grid", "not json");
    await board.put(status);
    expect(await board.get(["eth_grid"])).toEqual([status]);
    expect(await server.connect().keys("*")).toEqual(["{botswain}:status:eth_grid"]);
  });

  it("carries signals by topic to everyone who listens", async () => {
    const one = createSignals(connect("command"), connect("subscriber"));
    const other = createSignals(connect("command"), connect("subscriber"));
    closing.push(
      () => one.close(),
      () => other.close(),
    );
    const heard: string[] = [];
    const stop = one.on("changeFinished", (id) => heard.push(`one ${id}`));
    other.on("changeFinished", (id) => heard.push(`other ${id}`));
    one.on("alertRaised", (id) => heard.push(`alert ${id}`));
    await until(async () => {
      await one.publish("changeFinished", "c1");
      return heard.includes("one c1") && heard.includes("other c1");
    });
    stop();
    await one.publish("alertRaised", "eth");
    await other.publish("changeFinished", "c2");
    await until(() => heard.includes("alert eth") && heard.includes("other c2"));
    expect(heard).not.toContain("one c2");
  });

  describe("a queue", () => {
    const job = (changeId: string): ChangeJob => ({ changeId, botId: "eth_grid", expiresAt: 1 });
    const queues = () => {
      const made = createQueues(url);
      closing.push(() => made.close());
      return made;
    };
    const take = (target: Parameters<typeof consume>[1], handler: (job: ChangeJob) => Promise<void>, onError?: (error: Error) => void) => {
      const consumer = consume(url, target, handler, onError);
      closing.push(() => consumer.close());
    };

    it("hands each job to its target, ids only", async () => {
      const seen: string[] = [];
      const made = queues();
      await made.enqueue("fleet", job("c1"));
      await made.enqueue({ workerId: "host:7" }, job("c2"));
      await made.enqueue({ workerId: "host:7" }, job("c2"));
      take("fleet", async ({ changeId }) => void seen.push(`fleet ${changeId}`));
      take({ workerId: "host:7" }, async ({ changeId, botId, expiresAt }) => void seen.push(`host:7 ${changeId} ${botId} ${expiresAt}`));
      await until(() => seen.length === 2);
      expect(seen.sort()).toEqual(["fleet c1", "host:7 c2 eth_grid 1"]);
      const keys = await server.connect().keys("*");
      expect(keys.every((key) => key.startsWith("{botswain}:"))).toBe(true);
    });

    it("takes a change again after its job ended, well or badly", async () => {
      let runs = 0;
      const errors: string[] = [];
      const fail = async () => {
        runs += 1;
        if (runs === 1) throw new Error("the handler fell over");
      };
      take("fleet", fail, (error) => errors.push(error.message));
      const made = queues();
      for (const wanted of [1, 2, 3])
        await until(async () => {
          await made.enqueue("fleet", job("c1"));
          return runs >= wanted;
        });
      expect(errors).toEqual(["the handler fell over"]);
    });
  });

  it("fails fast while Redis is away, and works again when it is back", async () => {
    const queues = createQueues(url);
    const never = createQueues(url);
    const leases = createLeaseStore(connect("command"));
    const board = createStatusBoard(connect("command"));
    const signals = createSignals(connect("command"), connect("subscriber"));
    closing.push(
      () => queues.close(),
      () => never.close(),
    );
    const job: ChangeJob = { changeId: "c1", botId: "eth_grid", expiresAt: 1 };
    await queues.enqueue("fleet", job);
    await server.kill();
    const since = performance.now();
    const calls = [
      () => queues.enqueue("fleet", job),
      () => never.enqueue("fleet", job),
      () => leases.renew("eth", 1, "w1", TTL_MS),
      () => leases.holder("eth"),
      () => board.get(["eth_grid"]),
      () => signals.publish("changeFinished", "c1"),
    ];
    const results = await Promise.allSettled(calls.map((call) => call()));
    expect(results.map((result) => result.status)).toEqual(calls.map(() => "rejected"));
    expect(performance.now() - since).toBeLessThan(2_500);
    await server.start();
    const seen: string[] = [];
    const consumer = consume(url, "fleet", async ({ changeId }) => void seen.push(changeId));
    closing.push(() => consumer.close());
    const works = (call: () => Promise<unknown>) => until(() => call().then(() => true, () => false)); // biome-ignore format: one line
    for (const call of calls) await works(call);
    await works(() => queues.enqueue("fleet", { ...job, changeId: "c2" }));
    await until(() => seen.includes("c2"));
  });
});
