// Who may do what on the simulated Aster: wallet and key signatures, nonces, agents' rights, limits and bans.

import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ASTER_LIMITS } from "../../src/sim/aster/limits.ts";
import { mainWalletOf, signerOf, walletOf } from "../../src/sim/aster/wallet.ts";
import { weightOf } from "../../src/sim/aster/weights.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import {
  accountOf,
  calm,
  connectAster,
  connectBinance,
  connectMainWallet,
  connectStranger,
  ETH,
  startAster,
  tapMessages,
} from "./aster-client.ts";
import { admin, until } from "./loopback-exchange.ts";

/** A request with our own signature over any parameters. */
async function sendSigned(
  sim: ExchangeSim,
  path: string,
  parameters: string,
  sign: (text: string) => Promise<string> | string,
): Promise<Response> {
  return fetch(`${sim.url}${path}?${parameters}&signature=${await sign(parameters)}`);
}

async function codeOf(answer: Response): Promise<number> {
  return ((await answer.json()) as { code: number }).code;
}

describe("wallets", () => {
  it("are recovered from the signature that Aster's documentation gives the domain of", async () => {
    const sim = await startAster();
    const client = await connectMainWallet(sim);
    const signed = client.sign("v3/order", "fapiPrivate", "POST", { symbol: "ETHUSDT", side: "BUY", note: "a b&c=d" });
    const [text = "", signature = ""] = String(signed.body).split("&signature=");
    const { walletAddress } = accountOf(sim).credentials;
    expect(signerOf(text, signature)).toBe(walletAddress);
    expect(signerOf(`${text}0`, signature)).not.toBe(walletAddress);
    expect(signerOf(text, "0x1234")).toBeNull();
    expect(signerOf(text, `0x${"0".repeat(130)}`)).toBeNull();
    const agent = walletOf(accountOf(sim).credentials.privateKey);
    expect(agent.address).toBe(accountOf(sim).credentials.signerAddress);
    expect(mainWalletOf(agent).address).toBe(walletAddress);
    await client.close();
    await sim.close();
  });
});

describe("access", () => {
  let sim: ExchangeSim;

  beforeAll(async () => {
    const balances = { USDT: "100000" };
    sim = await startAster({
      accounts: [
        { name: "sim", balances },
        { name: "other", balances },
      ],
    });
    await calm(sim);
  });

  afterAll(async () => {
    await sim.close();
  });

  it("is given to the agent and to the account's own wallet, not to a stranger or to another account's agent", async () => {
    const agent = await connectAster(sim);
    expect((await agent.fetchBalance()).USDT?.total).toBe("100000.00000000");
    const owner = await connectMainWallet(sim);
    expect((await owner.fetchBalance()).USDT?.total).toBe("100000.00000000");
    const stranger = await connectStranger(sim);
    await expect(stranger.fetchBalance()).rejects.toThrow(/-2015/);
    const { signerAddress } = accountOf(sim, "other").credentials;
    Object.assign(agent.options, { signerAddress });
    await expect(agent.fetchBalance()).rejects.toThrow(/-1022/);
    const other = await connectAster(sim, "other");
    Object.assign(other.options, { cachedWalletAddress: accountOf(sim).credentials.walletAddress });
    await expect(other.fetchBalance()).rejects.toThrow(/-2015/);
    for (const client of [agent, owner, stranger, other]) await client.close();
  });

  it("ends with the rights that an agent has", async () => {
    const client = await connectAster(sim);
    await client.loadMarkets();
    const change = (rights: object) => admin(sim, "POST", "/sim/aster/agents", { account: "sim", ...rights });
    const listed = (await client.fapiPrivateGetV3Agent()) as Record<string, unknown>[];
    expect(listed[0]).toMatchObject({
      agentAddress: accountOf(sim).credentials.signerAddress,
      ipWhitelist: "",
      canPerpTrade: true,
      canWithdraw: false,
    });
    await change({ canWithdraw: true, ipWhitelist: "127.0.0.1" });
    expect(((await client.fapiPrivateGetV3Agent()) as object[])[0]).toMatchObject({ canWithdraw: true, ipWhitelist: "127.0.0.1" });
    await change({ canPerpTrade: false });
    await expect(client.createOrder(ETH, "limit", "buy", 0.1, 2400)).rejects.toThrow(/-2015/);
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
    await change({ canPerpTrade: true, ipWhitelist: "10.0.0.1" });
    await expect(client.fetchBalance()).rejects.toThrow(/-2015/);
    await change({ ipWhitelist: "", expired: 1 });
    await expect(client.fetchBalance()).rejects.toThrow(/-2015/);
    await change({ expired: 4_102_444_799_000, canWithdraw: false });
    expect(await client.fapiPrivateGetV3Builder()).toEqual([]);
    await client.close();
  });

  it("takes a nonce once, near the present, and none below the last hundred", async () => {
    const client = await connectAster(sim, "other");
    const send = (nonce: number) => {
      const { url } = client.sign("v3/balance", "fapiPrivate", "GET", { nonce: String(nonce) });
      return fetch(url);
    };
    const now = Date.now() * 1_000;
    expect((await send(now)).status).toBe(200);
    expect(await codeOf(await send(now))).toBe(-1021);
    expect(await codeOf(await send(now - 11_000_000))).toBe(-1021);
    expect(await codeOf(await send(now + 11_000_000))).toBe(-1021);
    expect((await send(now - 500)).status).toBe(200);
    for (let count = 1; count <= 100; count += 1) expect((await send(now + count)).status).toBe(200);
    expect(await codeOf(await send(now - 400))).toBe(-1021);
    await client.close();
  });

  it("checks keys: their form, owner, signature, time and window", async () => {
    const { apiKey = "", secret = "" } = accountOf(sim).credentials;
    const get = (parameters: string, key: string, signWith: string) => {
      const signature = createHmac("sha256", signWith).update(parameters).digest("hex");
      return fetch(`${sim.url}/fapi/v2/balance?${parameters}&signature=${signature}`, { headers: { "x-mbx-apikey": key } });
    };
    const now = () => Date.now();
    expect((await get(`timestamp=${now()}`, apiKey, secret)).status).toBe(200);
    const refusals: readonly [number, number, Promise<Response>][] = [
      [401, -2014, get(`timestamp=${now()}`, "short", secret)],
      [401, -2015, get(`timestamp=${now()}`, "x".repeat(64), secret)],
      [400, -1022, get(`timestamp=${now()}`, apiKey, "wrong")],
      [400, -1021, get(`timestamp=${now() - 6_000}`, apiKey, secret)],
      [400, -1021, get(`timestamp=${now() - 400}&recvWindow=300`, apiKey, secret)],
      [400, -1021, get(`timestamp=${now() + 5_000}`, apiKey, secret)],
      [400, -1102, get("recvWindow=5000", apiKey, secret)],
      [400, -1130, get(`timestamp=${now()}&recvWindow=70000`, apiKey, secret)],
    ];
    for (const [status, code, sent] of refusals) {
      const answer = await sent;
      expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
    }
    expect((await get(`timestamp=${now() - 20_000}&recvWindow=60000`, apiKey, secret)).status).toBe(200);
    const wallet = await sendSigned(
      sim,
      "/fapi/v3/balance",
      `user=0x${"1".repeat(40)}&nonce=${now() * 1_000}`,
      () => `0x${"2".repeat(130)}`,
    );
    expect([wallet.status, await codeOf(wallet)]).toEqual([400, -1022]);
    expect(await codeOf(await fetch(`${sim.url}/fapi/v3/balance`))).toBe(-1102);
  });
});

describe("ccxt's Binance futures on the simulated Aster", () => {
  it("trades, streams and keeps its book by differences", async () => {
    const sim = await startAster();
    await calm(sim);
    const client = await connectBinance(sim);
    await client.loadMarkets();
    const seen = tapMessages(client);
    const book = await client.watchOrderBook(ETH);
    expect([book.bids[0]?.[0], book.asks[0]?.[0]]).toEqual([2499.99, 2500.01]);
    const moved = client.watchOrderBook(ETH);
    await admin(sim, "POST", "/sim/price", { symbol: "ETHUSDT", price: "2501" });
    expect((await moved).bids[0]?.[0]).toBeGreaterThan(2499);
    await until("the moved book", async () => ((await client.watchOrderBook(ETH)).bids[0]?.[0] === 2500.99 ? true : null));
    client.watchOrders(ETH).catch(() => undefined);
    await until("the private stream", async () => {
      const { id } = await client.createOrder(ETH, "limit", "buy", 0.1, 2300, { postOnly: true });
      await client.cancelOrder(String(id), ETH);
      return seen.some((message) => message.e === "ORDER_TRADE_UPDATE");
    });
    const bought = await client.createOrder(ETH, "market", "buy", 0.5);
    expect(bought).toMatchObject({ status: "closed", filled: "0.500" });
    const [position] = await client.fetchPositions([ETH]);
    expect(position).toMatchObject({ side: "long", contracts: "0.5" });
    expect((await client.fetchMyTrades(ETH)).at(-1)).toMatchObject({ order: bought.id, takerOrMaker: "taker" });
    expect((await client.fetchBalance()).USDT?.total).toBeDefined();
    const named = await client.createOrder(ETH, "limit", "sell", 0.1, 2600, { clientOrderId: "binance-1" });
    await expect(client.createOrder(ETH, "limit", "sell", 0.1, 2600, { clientOrderId: "binance-1" })).rejects.toThrow(/-4116/);
    await expect(client.createOrder(ETH, "limit", "buy", 0.1, 2600, { postOnly: true })).rejects.toThrow(/-5022/);
    const amended = await client.editOrder(String(named.id), ETH, "limit", "sell", 0.2, 2610);
    expect(amended).toMatchObject({ id: named.id, price: "2610.00", amount: "0.200" });
    expect((await client.fetchOpenOrders(ETH)).map((order) => order.clientOrderId)).toEqual(["binance-1"]);
    const [canceled] = await client.cancelOrders([String(named.id)], ETH);
    expect(canceled).toMatchObject({ status: "canceled" });
    await client.close();
    await sim.close();
  });
});

describe("limits", () => {
  it("weighs requests as documented", () => {
    const weights: readonly [string, string, object, number][] = [
      ["GET", "/fapi/v3/depth", { limit: "20" }, 2],
      ["GET", "/fapi/v3/depth", {}, 10],
      ["GET", "/fapi/v1/depth", { limit: "1000" }, 20],
      ["GET", "/fapi/v3/klines", { limit: "99" }, 1],
      ["GET", "/api/v3/klines", { limit: "1500" }, 10],
      ["GET", "/fapi/v3/openOrders", {}, 40],
      ["GET", "/fapi/v3/openOrders", { symbol: "ETHUSDT" }, 1],
      ["GET", "/fapi/v3/positionSide/dual", {}, 30],
      ["POST", "/fapi/v3/positionSide/dual", {}, 1],
      ["GET", "/fapi/v3/income", {}, 30],
      ["POST", "/fapi/v3/batchOrders", {}, 5],
      ["DELETE", "/fapi/v3/batchOrders", {}, 1],
      ["POST", "/fapi/v3/order", {}, 1],
    ];
    for (const [method, path, query, weight] of weights)
      expect(weightOf(method, path, query as Record<string, unknown>), path).toBe(weight);
  });

  it("tells used weight of the address and orders of the account in headers", async () => {
    const sim = await startAster();
    await calm(sim);
    const client = await connectAster(sim);
    await client.loadMarkets();
    await client.createOrder(ETH, "limit", "buy", 0.1, 2400);
    const headers = client.last_response_headers as Record<string, string>;
    expect(headers["X-Mbx-Order-Count-10s"] ?? headers["x-mbx-order-count-10s"]).toBe("1");
    const answer = await fetch(`${sim.url}/fapi/v3/ticker/24hr`);
    expect(Number(answer.headers.get("x-mbx-used-weight-1m"))).toBeGreaterThan(40);
    await client.createOrders([2401, 2402].map((price) => ({ symbol: ETH, type: "limit", side: "buy", amount: 0.1, price })));
    const { accounts } = (await admin(sim, "GET", "/sim/requests")) as {
      accounts: Record<string, { buckets: { name: string; total: number }[] }>;
    };
    expect(accounts.sim?.buckets.find(({ name }) => name === "orders1m")?.total).toBe(3);
    await client.close();
    await sim.close();
  });

  it("answers 429 with when to come back, and 418 to who does not wait", async () => {
    const [weight, ...orders] = ASTER_LIMITS;
    const sim = await startAster({ limits: [{ ...weight, name: "weight", limit: 60, windowMs: 60_000 }, ...orders] });
    const get = () => fetch(`${sim.url}/fapi/v3/ticker/24hr`);
    expect((await get()).status).toBe(200);
    const refused = await get();
    expect([refused.status, await codeOf(refused)]).toEqual([429, -1003]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
    for (let count = 2; count <= 10; count += 1) expect((await get()).status).toBe(429);
    const banned = await fetch(`${sim.url}/fapi/v3/time`);
    expect([banned.status, Number(banned.headers.get("retry-after"))]).toEqual([418, 120]);
    expect(await banned.json()).toMatchObject({ code: -1003, msg: expect.stringContaining("IP banned until") });
    const client = await connectAster(sim);
    await expect(client.fetchBalance()).rejects.toThrow(/418|-1003/);
    await client.close();
    await sim.close();
  });

  it("counts orders by account, whatever the address", async () => {
    const [weight, ten, minute] = ASTER_LIMITS;
    if (weight === undefined || ten === undefined || minute === undefined) throw new Error("a limit is missing");
    const balances = { USDT: "100000" };
    const accounts = [
      { name: "sim", balances },
      { name: "other", balances },
    ];
    const sim = await startAster({ accounts, limits: [weight, { ...ten, limit: 2, windowMs: 3_600_000 }, minute] });
    await calm(sim);
    const clients = [await connectAster(sim), await connectAster(sim, "other")];
    for (const client of clients) {
      await client.loadMarkets();
      for (const price of [2400, 2401]) await client.createOrder(ETH, "limit", "buy", 0.1, price);
      await expect(client.createOrder(ETH, "limit", "buy", 0.1, 2402)).rejects.toThrow(/-1015/);
      await client.cancelAllOrders(ETH);
      await client.close();
    }
    await sim.close();
  });
});

describe("faults", () => {
  it("lose an answer, lag a read, fail part of a batch, and keep a message of a stream back", async () => {
    const sim = await startAster();
    await calm(sim);
    const client = await connectAster(sim);
    await client.loadMarkets();
    const place = (clientOrderId: string) => client.createOrder(ETH, "limit", "buy", 0.1, 2400, { clientOrderId });
    const path = "/fapi/v3/order";
    await admin(sim, "POST", "/sim/faults", [
      { kind: "dropRequest", method: "POST", path },
      { kind: "dropResponse", method: "POST", path },
      { kind: "status", method: "POST", path, status: 503, code: "-1000", message: "Unknown error", phase: "response" },
    ]);
    for (const id of ["never", "lost", "unknown"]) await expect(place(id)).rejects.toThrow();
    expect((await client.fetchOpenOrders(ETH)).map((order) => order.clientOrderId)).toEqual(["lost", "unknown"]);
    await expect(place("lost")).rejects.toThrow(/-4116/);
    await admin(sim, "POST", "/sim/faults", { kind: "stale", method: "GET", path: "/fapi/v3/openOrders", ageMs: 60_000 });
    await client.cancelAllOrders(ETH);
    expect(await client.fetchOpenOrders(ETH)).toHaveLength(2);
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
    await admin(sim, "POST", "/sim/faults", { kind: "partialBatch", path: "/fapi/v3/batchOrders", items: [1], code: "-1007" });
    const order = (price: number) => ({ symbol: ETH, type: "limit" as const, side: "buy" as const, amount: 0.1, price });
    const placed = await client.createOrders([order(2401), order(2402), order(2403)]);
    expect(placed.map(({ info }) => (info as { code?: number }).code)).toEqual([undefined, -1007, undefined]);
    expect(await client.fetchOpenOrders(ETH)).toHaveLength(2);
    const seen = tapMessages(client);
    client.watchOrders(ETH).catch(() => undefined);
    await until("the private stream", async () => {
      await client.cancelAllOrders(ETH);
      await place("heard");
      return seen.some((message) => message.e === "ORDER_TRADE_UPDATE");
    });
    await client.cancelAllOrders(ETH);
    await admin(sim, "POST", "/sim/faults", { kind: "lose", topic: "userData" });
    await place("unheard");
    await client.cancelAllOrders(ETH);
    const ofUnheard = () => seen.map((message) => message.o as Record<string, unknown> | undefined).filter((one) => one?.c === "unheard");
    await until("its end", () => ofUnheard().length > 0);
    expect(ofUnheard().map((one) => one?.x)).toEqual(["CANCELED"]);
    await client.close();
    await sim.close();
  });
});
