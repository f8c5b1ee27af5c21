// The shared bucket on a real Redis: never above the limit, cancels first, epochs, blocks, loss of state, Redis away.

import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PermitClass, PermitGrant, Permits } from "../../src/core/ports.ts";
import {
  BucketModel,
  type BucketPlan,
  HORIZON_US,
  PROBE_US,
  planOf,
  STEP_BACK_US,
  type TakeRequest,
} from "../../src/exchanges/bucket-model.ts";
import type { BucketLimit } from "../../src/exchanges/limits.ts";
import { runScript, scriptOf } from "../../src/exchanges/redis-script.ts";
import { createPermits, mirrorEpoch, type PermitOptions } from "../../src/exchanges/token-bucket.ts";
import { systemClock } from "./clock.ts";
import { hasRedis, type PrivateRedis, startPrivateRedis } from "./private-redis.ts";
import { mostIn } from "./window-count.ts";

const BOT = "eth_grid";
const EXACT: BucketLimit = { name: "requests", limit: 20, windowMs: 1_000 };
const RATE: BucketLimit = { name: "requests", limit: 400, windowMs: 1_000 };

const SCRIPT = scriptOf(readFileSync(new URL("../../src/exchanges/token-bucket.lua", import.meta.url), "utf8"));

/** Keys and arguments of one raw call of the script. */
function takeOf(
  tag: string,
  plans: readonly BucketPlan[],
  request: { readonly epoch: number; readonly known?: string; readonly expectState?: boolean },
): { keys: string[]; args: string[] } {
  const keys = [`${tag}:state`, `${tag}:epochs`, `${tag}:blocks`];
  for (const plan of plans) keys.push(`${tag}:${plan.name}`, `${tag}:${plan.name}:emergency`);
  const { epoch, expectState = false, known = "" } = request;
  const head = ["take", BOT, epoch, expectState ? 1 : 0, known, HORIZON_US, PROBE_US, STEP_BACK_US, plans.length];
  const rows = plans.flatMap((p) => [
    p.name,
    p.kind,
    p.windowUs,
    p.capacity,
    p.intervalUs,
    p.toleranceUs,
    p.toleranceMaxUs,
    p.emergency,
    p.cost,
  ]);
  return { keys, args: [...head, ...rows].map(String) };
}

describe.skipIf(!hasRedis)("token bucket (needs redis-server)", () => {
  let server: PrivateRedis;
  let run = 0;
  let exchange = "";

  beforeAll(async () => {
    server = await startPrivateRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    run += 1;
    exchange = `test${run}`;
  });

  function permits(limits: readonly BucketLimit[], overrides: Partial<PermitOptions> = {}): Permits {
    const base = { redis: server.connect(), exchange, account: "main", botId: BOT, epoch: 1, clock: systemClock };
    return createPermits({ ...base, limits, expectState: false, ...overrides });
  }
  function ask(from: Permits, permitClass: PermitClass, buckets: readonly string[] = ["requests"]): Promise<PermitGrant> {
    return from.take({ class: permitClass, buckets, cost: 1 });
  }
  async function mirror(epoch = 1, botId = BOT): Promise<void> {
    await mirrorEpoch(server.connect(), exchange, botId, epoch);
  }

  it.each([
    ["an exact log", EXACT],
    ["a rate with a burst", RATE],
  ])("keeps four connections together under the limit: %s", async (_name, limit) => {
    await mirror();
    const fleet = [1, 2, 3, 4].map(() => permits([limit], { maxQueue: 1_000 }));
    const times: number[] = [];
    const until = performance.now() + 2_600;
    const loop = async (from: Permits, permitClass: PermitClass): Promise<void> => {
      while (performance.now() < until) {
        const grant = await ask(from, permitClass);
        if (grant.granted) times.push(performance.now());
        else await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await Promise.all(fleet.flatMap((from) => [loop(from, "place"), loop(from, "place"), loop(from, "cancel"), loop(from, "market")]));
    // Seen from here a grant can be late by a stall of this process: that much shorter is the window.
    expect(mostIn(times, limit.windowMs - 200)).toBeLessThanOrEqual(limit.limit);
    // Not by starving everyone: at least half of what two and a half windows allow.
    expect(times.length).toBeGreaterThan(limit.limit * 2.5 * 0.5);
  });

  it("keeps separate processes together under the limit", async () => {
    await mirror();
    const limit = { name: "requests", limit: 40, windowMs: 1_000 };
    const worker = new URL("./bucket-worker.mjs", import.meta.url);
    const request = takeOf(`{botswain:rl:${exchange}}`, [planOf(limit, "cancel")], { epoch: 1 });
    const options = JSON.stringify({ socket: server.socket, script: SCRIPT.text, forMs: 2_300, ...request });
    const results = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise<number[]>((resolve, reject) => {
            const child = fork(worker, [options]);
            child.once("message", (message) => resolve(message as number[]));
            child.once("error", reject);
            child.once("exit", (code) => reject(new Error(`the process ended with ${code} and no grants`)));
          }),
      ),
    );
    const times = results.flat();
    expect(results.every((grants) => grants.length > 0)).toBe(true);
    expect(mostIn(times, limit.windowMs)).toBeLessThanOrEqual(limit.limit);
    expect(times.length).toBeGreaterThan(limit.limit);
  }, 20_000);

  it("lets a cancel through when places have used up their share, and lets it overtake", async () => {
    await mirror();
    const limit = { name: "requests", limit: 20, windowMs: 60_000 };
    const from = permits([limit], { maxWaitMs: { place: 50 } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(from, "place")));
    const granted = answers.filter((answer) => answer.granted).length;
    expect(granted).toBe(16);
    expect(answers.find((answer) => !answer.granted)).toMatchObject({ code: "queueFull" });
    const cancel = await ask(from, "cancel");
    expect(cancel).toMatchObject({ granted: true });
    expect(cancel.granted && cancel.waitedMs).toBeLessThan(500);
    expect(await ask(from, "panic")).toMatchObject({ granted: true });
    expect((await Promise.all([1, 2].map(() => ask(from, "place")))).every((answer) => !answer.granted)).toBe(true);
  });

  it("takes all buckets of a request or none", async () => {
    await mirror();
    const history = { name: "history", limit: 2, windowMs: 60_000, reserve: 0, headroom: 0 };
    const requests = { name: "requests", limit: 10, windowMs: 60_000, reserve: 0, headroom: 0 };
    const from = permits([requests, history], { maxWaitMs: { reconcile: 20, place: 20 } });
    const both = await Promise.all(Array.from({ length: 6 }, () => ask(from, "reconcile", ["requests", "history"])));
    expect(both.filter((answer) => answer.granted).length).toBe(2);
    const single = await Promise.all(Array.from({ length: 12 }, () => ask(from, "place")));
    expect(single.filter((answer) => answer.granted).length).toBe(8);
  });

  it("refuses a stale epoch at once, asks for a missing one, and an epoch only rises", async () => {
    const old = permits([EXACT], { epoch: 1 });
    expect(await ask(old, "place")).toMatchObject({ granted: false, code: "epochMissing" });
    await mirror(1);
    expect(await ask(old, "place")).toMatchObject({ granted: true });
    const next = permits([EXACT], { epoch: 2, expectState: false });
    expect(await ask(next, "place")).toMatchObject({ granted: false, code: "epochMissing" });
    await mirror(2);
    await mirror(1);
    expect(await ask(next, "place")).toMatchObject({ granted: true });
    for (const permitClass of ["place", "cancel", "panic", "reconcile"] as const)
      expect(await ask(old, permitClass)).toMatchObject({ granted: false, code: "staleEpoch" });
  });

  it("shares a block with the whole fleet and sends one probe after it", async () => {
    await mirror();
    const first = permits([EXACT]);
    const second = permits([EXACT], { maxWaitMs: { place: 30, cancel: 5_000 } });
    await first.block(["requests"], Date.now() + 400);
    const blockedAt = performance.now();
    expect(await ask(second, "place")).toMatchObject({ granted: false, code: "blocked" });
    const answers = await Promise.all([ask(second, "cancel"), ask(second, "cancel")]);
    expect(answers.every((answer) => answer.granted)).toBe(true);
    const waits = answers.map((answer) => (answer.granted ? answer.waitedMs : 0)).sort((a, b) => a - b);
    expect(waits[0]).toBeGreaterThan(300);
    // The second one waited for the probe's second to pass.
    expect((waits[1] ?? 0) - (waits[0] ?? 0)).toBeGreaterThan(800);
    expect(performance.now() - blockedAt).toBeGreaterThan(1_200);
  });

  it("counts lost state as an empty bucket for one window, with a trickle for cancels", async () => {
    await mirror();
    const limit = { name: "requests", limit: 40, windowMs: 1_000 };
    const from = permits([limit], { maxWaitMs: { place: 10 } });
    expect(await ask(from, "place")).toMatchObject({ granted: true });
    await server.connect().flushall();
    expect(await ask(from, "place")).toMatchObject({ granted: false, code: "epochMissing" });
    await mirror();
    const lostAt = performance.now();
    expect(await ask(from, "place")).toMatchObject({ granted: false, code: "queueFull" });
    // Headroom: a twentieth of 40.
    expect(await ask(from, "cancel")).toMatchObject({ granted: true });
    expect(await ask(from, "cancel")).toMatchObject({ granted: true });
    const patient = permits([limit], { maxWaitMs: { place: 5_000 } });
    expect(await ask(patient, "place")).toMatchObject({ granted: true });
    expect(performance.now() - lostAt).toBeGreaterThan(900);
  });

  it("does not make a brand-new installation wait, but notices that another's state was newer", async () => {
    await mirror();
    const witness = permits([EXACT], { maxWaitMs: { place: 10 } });
    expect(await ask(witness, "place")).toMatchObject({ granted: true });
    await server.connect().flushall();
    await mirror();
    // A first start after the flush knows of no loss; the witness, which saw the old state, does.
    expect(await ask(permits([EXACT]), "place")).toMatchObject({ granted: true });
    expect(await ask(witness, "place")).toMatchObject({ granted: false, code: "queueFull" });
    expect(await ask(permits([EXACT], { maxWaitMs: { place: 10 } }), "place")).toMatchObject({ granted: false });
  });

  it("counts an address for every account behind it, an account for itself, and hands out growing nonces", async () => {
    await mirror();
    const limits: readonly BucketLimit[] = [
      { name: "weight", limit: 12, windowMs: 60_000, scope: "address", headroom: 0, reserve: 0 },
      { name: "orders", limit: 4, windowMs: 60_000, headroom: 0, reserve: 0 },
    ];
    const from = (account: string, egress = "here"): Permits => permits(limits, { account, egress, maxWaitMs: { place: 50 } });
    const place = { class: "place", buckets: ["weight", "orders"], cost: 1, costs: { weight: 4 } } as const;
    const [one, other] = [from("one"), from("other")];
    const grants = [await one.take(place), await other.take(place), await one.take(place)];
    expect(grants).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ granted: true })));
    const nonces = grants.map((grant) => (grant.granted ? Number(grant.nonce) : 0));
    expect(nonces.every((nonce, index) => index === 0 || nonce - Number(nonces[index - 1]) >= 1_000)).toBe(true);
    // The address is used up, whoever asks; behind another address there is room.
    expect(await other.take(place)).toMatchObject({ granted: false });
    expect(await from("other", "proxy").take(place)).toMatchObject({ granted: true });
    // The account's own bucket has counted through both addresses.
    expect(await from("other", "third").take({ ...place, costs: {}, cost: 3 })).toMatchObject({ granted: false });
  });

  it("bounds its queue and refuses a cost that no bucket holds", async () => {
    await mirror();
    const from = permits([{ name: "requests", limit: 1, windowMs: 60_000 }], { maxQueue: 3, maxWaitMs: { place: 200 } });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(from, "place")));
    expect(answers.filter((answer) => !answer.granted && answer.message.includes("waiting for a permit")).length).toBe(3);
    expect(await from.take({ class: "place", buckets: ["requests"], cost: 5 })).toMatchObject({ granted: false, retryInMs: null });
    expect(() => ask(from, "place", ["nonsense"])).toThrow(/nonsense/);
  });

  it("fails closed while Redis is away, except for a few cancels, and recovers", async () => {
    const own = await startPrivateRedis();
    try {
      await mirrorEpoch(own.connect(), exchange, BOT, 1);
      const from = permits([EXACT], {
        redis: own.connect(),
        account: "main",
        answerTimeoutMs: 100,
        localAllowance: { count: 2, windowMs: 60_000 },
      });
      expect(await ask(from, "place")).toMatchObject({ granted: true });
      await own.kill();
      expect(await ask(from, "place")).toMatchObject({ granted: false, code: "unavailable" });
      expect(await ask(from, "reconcile")).toMatchObject({ granted: false, code: "unavailable" });
      expect(await ask(from, "cancel")).toMatchObject({ granted: true });
      expect(await ask(from, "panic")).toMatchObject({ granted: true });
      expect(await ask(from, "cancel")).toMatchObject({ granted: false, code: "unavailable" });
      await own.start();
      await mirrorEpoch(own.connect(), exchange, BOT, 1);
      // The new server is empty: a cancel may go under the lost-state rule, a place has to wait its window.
      await expect.poll(async () => (await ask(from, "place")).granted, { timeout: 10_000, interval: 50 }).toBe(true);
    } finally {
      await own.stop();
    }
  }, 20_000);

  it("agrees with the TypeScript model on random schedules", async () => {
    const redis = server.connect();
    const limits: readonly BucketLimit[] = [
      { name: "requests", limit: 300, windowMs: 200 },
      { name: "history", limit: 5, windowMs: 150, headroom: 0.2 },
    ];
    const classes: readonly PermitClass[] = ["panic", "cancel", "reduce", "place", "reconcile", "market"];
    const step = fc.record({
      class: fc.constantFrom(...classes),
      buckets: fc.constantFrom<readonly string[]>(["requests"], ["history"], ["requests", "history"]),
      cost: fc.integer({ min: 1, max: 3 }),
      pauseMs: fc.constantFrom(0, 0, 0, 1, 5, 40),
      block: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 3, 30),
      knows: fc.boolean(),
    });
    let schedule = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), async (steps, expectState) => {
        schedule += 1;
        const tag = `{model:${schedule}}`;
        const shared = [`${tag}:state`, `${tag}:epochs`, `${tag}:blocks`];
        const model = new BucketModel();
        model.mirror(BOT, 3);
        await runScript(redis, SCRIPT, shared, ["epoch", BOT, "3"]);
        let generation = "";
        for (const { buckets, block, cost, knows, pauseMs, ...rest } of steps) {
          if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
          if (block > 0) {
            // The model's block starts at the time of the next take; a block that is over either way tells nothing new.
            await redis.hset(`${tag}:blocks`, "history", "1", "history:probe", "0");
            model.block("history", 1, 0);
          }
          const plans = limits
            .filter((limit) => buckets.includes(limit.name))
            .map((limit) => planOf(limit, rest.class, limit.name === "requests" ? cost * 2 : cost));
          const known = knows ? generation : "";
          const { args, keys } = takeOf(tag, plans, { epoch: 3, known, expectState });
          const reply = (await runScript(redis, SCRIPT, keys, args)) as [string, string, string, string];
          const request: TakeRequest = {
            botId: BOT,
            epoch: 3,
            expectState,
            generation: known === "" ? null : Number(known),
            buckets: plans,
          };
          const answer = model.take(request, Number(reply[3]));
          generation = reply[2];
          expect([reply[0], Number(reply[1]), Number(reply[2])]).toEqual([answer.status, answer.delayUs, answer.generation]);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
