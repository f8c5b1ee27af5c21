// What we know about Aster that ccxt does not: each quirk has a test that fails without it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { quirksOf } from "../../src/exchanges/quirks.ts";
import { asterDialect } from "../../src/sim/aster/dialect.ts";
import { type Subject, World } from "../conformance/world.ts";
import { admin } from "../sim/loopback-exchange.ts";
import { connectTo } from "./stub-exchange.ts";

const PERP = "ETH/USDT:USDT";
const SUBJECT: Subject = {
  exchange: "aster",
  dialect: asterDialect,
  perp: PERP,
  spot: "ETH/USDT",
  routes: {
    place: { method: "POST", path: "/fapi/v3/order" },
    cancel: { method: "DELETE", path: "/fapi/v3/order" },
    openOrders: { method: "GET", path: "/fapi/v3/openOrders" },
    fills: { method: "GET", path: "/fapi/v3/userTrades" },
  },
  topics: { book: "ethusdt@depth", orders: "userData" },
  skips: {},
};

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
}

/** Stands between our adapter and the emulator and writes down what passes. */
class Witness {
  readonly sent: Sent[] = [];
  readonly #server: Server;
  readonly #target: string;

  constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => void this.#pass(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += String(part);
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const method = request.method ?? "GET";
    this.sent.push({ method, path, parameters: new URLSearchParams(body === "" ? query : body) });
    const type = request.headers["content-type"];
    const answer = await fetch(`${this.#target}${request.url}`, {
      method,
      ...(type === undefined ? {} : { headers: { "content-type": type } }),
      ...(body === "" ? {} : { body }),
    });
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(await answer.text());
  }
}

describe("Aster", () => {
  let world: World;
  let witness: Witness;
  let url: string;

  beforeAll(async () => {
    world = await World.start(SUBJECT);
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    witness = new Witness(world.sim.url);
    url = await witness.start();
  });
  afterEach(() => witness.stop());

  const account = () => ({ ...World.access(SUBJECT, world.sim, "one"), url });

  it("quirk: the API wallet signs for the main wallet, and no request carries a builder", async () => {
    const { port } = await connectTo(account());
    const order = await world.order();
    const outcome = await port.place(PERP, order, "open", Promise.resolve(true));
    expect(outcome.outcome).toBe("accepted");
    const exchangeOrderId = outcome.outcome === "accepted" ? outcome.exchangeOrderId : null;
    await port.cancel({ symbol: PERP, clientOrderId: order.clientOrderId, exchangeOrderId, createdAt: Date.now() }, "cancel");
    await port.close();
    const keys = world.sim.accounts.find(({ name }) => name === "one")?.credentials;
    const signed = witness.sent.filter(({ parameters }) => parameters.has("signature"));
    expect(signed.length).toBeGreaterThanOrEqual(3);
    for (const { parameters } of signed) {
      expect(parameters.get("user")?.toLowerCase()).toBe(keys?.walletAddress?.toLowerCase());
      expect(parameters.get("signer")?.toLowerCase()).toBe(keys?.signerAddress?.toLowerCase());
    }
    for (const { parameters, path } of witness.sent) {
      expect(path).not.toMatch(/builder/i);
      expect([...parameters.keys()].join()).not.toMatch(/builder|feeRate/i);
    }
  });

  it("quirk: nonces are unique and aged, so that a request lives two seconds", async () => {
    const { port } = await connectTo(account());
    await Promise.all(Array.from({ length: 5 }, () => port.snapshot([PERP])));
    await port.close();
    const nonces = witness.sent.flatMap(({ parameters }) => parameters.get("nonce") ?? []).map(Number);
    expect(nonces.length).toBeGreaterThanOrEqual(15);
    expect(new Set(nonces).size).toBe(nonces.length);
    for (const nonce of nonces.slice(-12)) expect(Date.now() * 1_000 - nonce).toBeGreaterThan(7_000_000);
  });

  it("quirk: a key that can withdraw is refused at connect", async () => {
    await admin(world.sim, "POST", "/sim/aster/agents", { account: "one", canWithdraw: true });
    try {
      await expect(connectTo(account())).rejects.toThrow(/aster:one can withdraw/);
    } finally {
      await admin(world.sim, "POST", "/sim/aster/agents", { account: "one", canWithdraw: false });
    }
  });

  it("quirk: an ended listen key is noticed and a new one taken", async () => {
    const listener = world.listen();
    try {
      await listener.ready();
      const before = listener.of("resynced").length;
      await admin(world.sim, "POST", "/sim/aster/expire-listen-key", { account: "one" });
      const since = () => listener.of("resynced").slice(before);
      await listener.until("the private stream again", () => since().some((event) => event.stream === "private"), 20_000);
      const ref = await world.resting({ postOnly: true });
      world.fill(ref, ref.order.quantity);
      await listener.until("a fill on the new key", () => listener.of("fill").some(({ fill }) => fill.clientOrderId === ref.clientOrderId));
    } finally {
      await listener.stop();
    }
  }, 40_000);

  it("quirk: the listen key is renewed well before its hour is over", () => {
    const options = quirksOf("aster").config.options as { readonly listenKeyRefresh: { readonly listenKeyRefreshRate: number } };
    expect(options.listenKeyRefresh.listenKeyRefreshRate).toBeLessThanOrEqual(45 * 60_000);
  });

  it("quirk: codes that leave an order's fate open are never a refusal, whatever ccxt calls them", () => {
    const { answers, codeOf } = quirksOf("aster");
    for (const code of ["-1000", "-1001", "-1006", "-1007"]) expect(Object.hasOwn(answers ?? {}, code)).toBe(false);
    expect(codeOf({ code: 200, msg: "success" })).toBeNull();
    expect(codeOf({ code: -2013, msg: "Order does not exist." })).toBe("-2013");
    expect(answers?.["-1004"]).toBeUndefined();
  });
});
