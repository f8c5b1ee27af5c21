// Injected faults: which requests and messages they hit and how often, what the client then sees, and what is said of a wrong file.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { readFaultFile } from "../../src/sim/fault-file.ts";
import { Faults, faultSchema } from "../../src/sim/faults.ts";
import { admin, type Client, connect, startSim, until } from "./loopback-exchange.ts";

const ETH = "ETH/USDC:USDC";
const ID = "ETH_USDC_PERP";

function faultsOf(clock: { now: number }, ...faults: object[]): Faults {
  const list = new Faults({ monotonic: () => clock.now });
  list.add(faults.map((fault) => faultSchema.parse(fault)));
  return list;
}

describe("what a fault hits", () => {
  const get = { method: "GET", path: "/api/v1/orders", account: "sim" };

  it("is chosen by method, path and account, and used up by its times", () => {
    const faults = faultsOf({ now: 0 }, { kind: "status", method: "GET", path: "/api/v1/order", account: "sim", times: 2 });
    expect(faults.ofRequest({ ...get, method: "POST" }).fault).toBeNull();
    expect(faults.ofRequest({ ...get, path: "/api/v1/depth" }).fault).toBeNull();
    expect(faults.ofRequest({ ...get, account: null }).fault).toBeNull();
    expect([1, 2, 3].map(() => faults.ofRequest(get).fault?.kind)).toEqual(["status", "status", undefined]);
    expect(faults.list()).toMatchObject([{ used: 2, left: 0 }]);
  });

  it("spares the first ones, keeps to its time, and goes on for ever when it is asked to", () => {
    const clock = { now: 5_000 };
    const list = faultsOf(clock, { kind: "dropRequest", path: "/", times: "always", after: 2, fromMs: 1_000, untilMs: 2_000 });
    const hits = () => [1, 2, 3, 4].map(() => list.ofRequest(get).fault !== null);
    expect(hits()).toEqual([false, false, false, false]);
    clock.now += 1_000;
    expect(hits()).toEqual([false, false, true, true]);
    clock.now += 999;
    expect(hits()).toEqual([true, true, true, true]);
    clock.now += 1;
    expect(hits()).toEqual([false, false, false, false]);
    expect(list.list()).toMatchObject([{ used: 6, left: "always" }]);
  });

  it("draws its chance and its delays from its seed", () => {
    const draws = (seed: number) => {
      const list = faultsOf({ now: 0 }, { kind: "delay", path: "/", delayMs: 10, delayMaxMs: 90, probability: 0.3, seed, times: "always" });
      return Array.from({ length: 300 }, () => {
        const { delay } = list.ofRequest(get);
        return delay === null ? null : list.delayOf(delay);
      });
    };
    expect(draws(7)).toEqual(draws(7));
    expect(draws(7)).not.toEqual(draws(8));
    const hits = draws(7).filter((delay) => delay !== null);
    expect(hits.length).toBeGreaterThan(60);
    expect(hits.length).toBeLessThan(120);
    expect(hits.every((delay) => delay >= 10 && delay <= 90)).toBe(true);
    expect(new Set(hits).size).toBeGreaterThan(30);
  });

  it("lets a request meet one delay and one fault of another kind", () => {
    const faults = faultsOf({ now: 0 }, { kind: "delay", path: "/" }, { kind: "delay", path: "/" }, { kind: "malformed", path: "/" });
    expect(faults.ofRequest(get)).toMatchObject({ delay: { kind: "delay" }, fault: { kind: "malformed" } });
    expect(faults.ofRequest(get)).toMatchObject({ delay: { kind: "delay" }, fault: null });
    expect(faults.ofRequest(get)).toEqual({ delay: null, fault: null });
  });
});

describe("a file of faults", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "botswain-faults-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is YAML or JSON, with defaults", () => {
    const yaml = join(folder, "faults.yaml");
    writeFileSync(yaml, "- kind: lose\n  topic: depth.\n  times: always\n- {kind: delay, path: /api}\n");
    expect(readFaultFile(yaml)).toMatchObject([
      { kind: "lose", topic: "depth.", times: "always", probability: 1 },
      { kind: "delay", path: "/api", delayMs: 1_000, times: 1, phase: "request" },
    ]);
    const json = join(folder, "faults.json");
    writeFileSync(json, '[{"kind":"status","path":"/","status":418,"retryAfterSec":120}]');
    expect(readFaultFile(json)).toMatchObject([{ status: 418, retryAfterSec: 120, code: "injected" }]);
  });

  it("is refused with everything that is wrong in it", () => {
    const file = join(folder, "faults.yaml");
    writeFileSync(file, "- {kind: delay, path: api}\n- {kind: lose, topik: x}\n- {kind: wat}\n- {kind: status, path: /, status: 20}\n");
    const words = (() => {
      try {
        return String(readFaultFile(file));
      } catch (error) {
        return String(error);
      }
    })();
    expect(words).toMatch(/fault 1, path holds "api": .*start with "\/"/);
    expect(words).toMatch(/fault 2.*topik/);
    expect(words).toMatch(/fault 3, kind holds "wat": .*'silence'/);
    expect(words).toMatch(/fault 4, status holds 20: .*400/);
    writeFileSync(file, "faults: {}\n");
    expect(() => readFaultFile(file)).toThrow(/the file: .*array/);
    expect(() => readFaultFile(join(folder, "none.yaml"))).toThrow(/cannot be read.*JSON or YAML/);
  });
});

describe("answers", () => {
  let sim: ExchangeSim;
  let client: Client;
  beforeEach(async () => {
    sim = await startSim({ paused: true });
    client = await connect(sim, sim.accounts[0]);
    await client.loadMarkets();
  });
  afterEach(async () => {
    await client.close();
    await sim.close();
  });
  const place = (clientOrderId: number) => client.createOrder(ETH, "limit", "buy", 0.1, 2_000, { clientOrderId });

  it("refuse with any status, with and without Retry-After, and never touch the exchange", async () => {
    await admin(sim, "POST", "/sim/faults", [
      { kind: "status", path: "/api/v1/depth", status: 429, retryAfterSec: 7, code: "TOO_MANY_REQUESTS" },
      { kind: "status", path: "/api/v1/depth", status: 418, retryAfterSec: 120 },
      { kind: "status", path: "/api/v1/depth", status: 403 },
    ]);
    const answers = [];
    for (let call = 0; call < 4; call += 1) answers.push(await fetch(`${sim.url}/api/v1/depth?symbol=${ID}`));
    expect(answers.map(({ status, headers }) => [status, headers.get("retry-after")])).toEqual([
      [429, "7"],
      [418, "120"],
      [403, null],
      [200, null],
    ]);
    expect(await answers[0]?.json()).toEqual({ code: "TOO_MANY_REQUESTS", message: "Injected fault" });
    expect(await answers[1]?.json()).toEqual({ code: "SERVER_ERROR", message: "Injected fault" });
  });

  it("come in every wrong shape", async () => {
    const shapes = ["half", "html", "empty", "wrongType"];
    await admin(
      sim,
      "POST",
      "/sim/faults",
      shapes.map((shape) => ({ kind: "malformed", path: "/api/v1/markets", shape })),
    );
    const bodies: string[] = [];
    for (const _ of shapes) bodies.push(await (await fetch(`${sim.url}/api/v1/markets`)).text());
    const [half = "", html = "", empty, other] = bodies;
    expect(() => JSON.parse(half)).toThrow();
    expect(half.length).toBeGreaterThan(100);
    expect(html).toMatch(/^<!DOCTYPE html>/);
    expect([empty, other]).toEqual(["", "{}"]);
    expect(((await (await fetch(`${sim.url}/api/v1/markets`)).json()) as object[]).length).toBe(6);
  });

  it("lag behind: an order is missing right after its ack, and stands there once it is old enough", async () => {
    await place(1);
    await admin(sim, "POST", "/sim/faults", { kind: "stale", path: "/api/v1/orders", ageMs: 400, times: "always" });
    await place(2);
    const ids = async () => (await client.fetchOpenOrders(ETH)).map((order) => order.clientOrderId);
    expect(await ids()).toEqual(["1"]);
    expect((await admin(sim, "GET", "/sim/orders")) as object[]).toHaveLength(2);
    await until("the second order shows", async () => (await ids()).length === 2);
    await client.cancelAllOrders(ETH);
    expect(await ids()).toEqual(["1", "2"]);
    await until("the cancels show", async () => (await ids()).length === 0);
  });

  it("fail in parts: some items of a batch, and only those", async () => {
    await admin(sim, "POST", "/sim/faults", { kind: "partialBatch", path: "/api/v1/orders", items: [1], code: "SERVER_ERROR" });
    const orders = [1, 2, 3].map((clientOrderId) => ({
      symbol: ETH,
      type: "limit",
      side: "buy",
      amount: 0.1,
      price: 2_000,
      params: { clientOrderId },
    }));
    const told = await client.createOrders(orders as Parameters<Client["createOrders"]>[0]);
    expect(told.map((order) => (order.info as { operation: string }).operation)).toEqual(["Ok", "Err", "Ok"]);
    expect((await client.fetchOpenOrders(ETH)).map((order) => order.clientOrderId)).toEqual(["1", "3"]);
  });
});

describe("streams", () => {
  let sim: ExchangeSim;
  let opened: WebSocket[];
  beforeEach(async () => {
    opened = [];
    sim = await startSim({ paused: true });
  });
  afterEach(async () => {
    for (const socket of opened) socket.terminate();
    await sim.close();
  });

  /** Opens a socket, subscribes, and collects what comes. */
  async function subscribe(
    ...params: string[]
  ): Promise<{ socket: WebSocket; messages: { stream: string; data: { u: number; t: number } }[] }> {
    const socket = new WebSocket(sim.wsUrl);
    opened.push(socket);
    const messages: { stream: string; data: { u: number; t: number } }[] = [];
    socket.on("message", (data) => messages.push(JSON.parse(String(data))));
    socket.on("error", () => undefined);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    socket.send(JSON.stringify({ method: "SUBSCRIBE", params }));
    const pong = new Promise((resolve) => socket.once("pong", resolve));
    socket.ping();
    await pong;
    return { socket, messages };
  }

  /** Makes one public trade; its id is told. */
  let price = 2_500;
  async function trade(): Promise<void> {
    price += 1;
    await admin(sim, "POST", "/sim/price", { symbol: ID, price: String(price), quantity: "1" });
  }
  const trades = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await trade();
  };
  const idsOf = (messages: readonly { data: { t: number } }[]): number[] => messages.map(({ data }) => data.t);

  it("lose, repeat, overtake and delay messages of a topic", async () => {
    const { messages } = await subscribe(`trade.${ID}`);
    await trades(1);
    await until("the first trade", () => messages.length === 1);
    const first = idsOf(messages)[0] ?? 0;
    await admin(sim, "POST", "/sim/faults", { kind: "lose", topic: `trade.${ID}` });
    await trades(2);
    await admin(sim, "POST", "/sim/faults", { kind: "duplicate", topic: "trade." });
    await trades(1);
    await admin(sim, "POST", "/sim/faults", { kind: "reorder", topic: "trade.", behind: 2, delayMs: 60_000 });
    await trades(3);
    await until("nine messages but the lost", () => messages.length >= 7);
    expect(idsOf(messages).map((id) => id - first)).toEqual([0, 2, 3, 3, 5, 6, 4]);
    await admin(sim, "POST", "/sim/faults", [
      { kind: "late", topic: "trade.", delayMs: 50 },
      { kind: "reorder", topic: "trade.", delayMs: 20, after: 1 },
    ]);
    await trades(1);
    await until("the late one", () => messages.length === 8);
    await trades(1);
    await until("one that nothing overtook", () => messages.length === 9);
    expect(
      idsOf(messages)
        .slice(7)
        .map((id) => id - first),
    ).toEqual([7, 8]);
  });

  it("leave a gap in a book's sequence", async () => {
    const { messages } = await subscribe(`depth.${ID}`);
    await admin(sim, "POST", "/sim/faults", { kind: "lose", topic: "depth.", after: 1, times: 2 });
    await trades(4);
    await until("two of four books", () => messages.length >= 2);
    const [before = 0, after = 0] = messages.map(({ data }) => data.u);
    expect(after - before).toBe(3);
  });

  it("fall silent without closing: no message and no pong, until the client gives up", async () => {
    const { socket, messages } = await subscribe(`trade.${ID}`);
    const other = await subscribe(`trade.${ID}`);
    await admin(sim, "POST", "/sim/faults", { kind: "silence" });
    await trades(3);
    await until("the other one hears everything", () => other.messages.length === 3);
    let pongs = 0;
    socket.on("pong", () => {
      pongs += 1;
    });
    socket.ping();
    const pong = new Promise((resolve) => other.socket.once("pong", resolve));
    other.socket.ping();
    await pong;
    expect([socket.readyState, messages.length, pongs]).toEqual([WebSocket.OPEN, 0, 0]);
  });

  it("are cut after some messages, refused for a while, and open again", async () => {
    await admin(sim, "POST", "/sim/faults", [
      { kind: "disconnect", topic: "trade.", after: 2 },
      { kind: "refuse", after: 1, status: 503 },
      { kind: "refuse" },
    ]);
    const unanswered = await new Promise((resolve) => {
      const socket = new WebSocket(sim.wsUrl);
      socket.once("error", (error) => resolve(error.message)).once("open", () => resolve("open"));
    });
    expect(unanswered).toMatch(/hang up|ECONNRESET/);
    await expect(subscribe()).rejects.toThrow(/503/);
    const { socket, messages } = await subscribe(`trade.${ID}`);
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    await trades(3);
    expect(await closed).toBe(1006);
    expect(messages).toHaveLength(2);
    const list = (await admin(sim, "GET", "/sim/faults")) as { used: number }[];
    expect(list.map(({ used }) => used)).toEqual([1, 1, 1]);
  });

  it("are slow: in order, one message each while", async () => {
    const { messages } = await subscribe(`trade.${ID}`);
    await admin(sim, "POST", "/sim/faults", { kind: "slow", topic: "trade.", delayMs: 40 });
    const began = Date.now();
    await trades(5);
    await until("all five", () => messages.length === 5);
    expect(Date.now() - began).toBeGreaterThanOrEqual(5 * 40 - 20);
    const ids = idsOf(messages);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });
});
