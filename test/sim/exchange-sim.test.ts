// The server around the exchange: it survives kill -9, keeps its port and keys, and refuses what cannot work in one sentence.

import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backpackDialect } from "../../src/sim/backpack/dialect.ts";
import type { DialectAccount } from "../../src/sim/dialect.ts";
import { DIALECTS, dialectNamed } from "../../src/sim/dialects.ts";
import { dialectFolder, type Endpoint } from "../../src/sim/sim-folder.ts";
import { admin, type Client, connect, startSim, until } from "./loopback-exchange.ts";

const ETH = "ETH/USDC:USDC";
const BAR = "ts_ms,open,high,low,close,volume";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-sim-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function readKeys(): DialectAccount {
  const { accounts } = JSON.parse(readFileSync(join(folder, "keys.json"), "utf8")) as { accounts: [DialectAccount] };
  return accounts[0];
}

describe("a killed exchange", () => {
  it("comes back with every answered order, fill, balance and id, and goes on trading", async () => {
    const sim = await startSim({ folder, paused: true });
    const client = await connect(sim, readKeys());
    await admin(sim, "POST", "/sim/price", { symbol: "ETH_USDC_PERP", price: "2500" });
    const resting = await client.createOrder(ETH, "limit", "sell", 0.05, 2510, { clientOrderId: 1, postOnly: true });
    await client.createOrder(ETH, "market", "buy", 0.1, undefined, { clientOrderId: 2 });
    await admin(sim, "POST", "/sim/price", { symbol: "ETH_USDC_PERP", price: "2510", quantity: "0.02" });
    const canceled = await client.createOrder(ETH, "limit", "buy", 0.1, 2000, { clientOrderId: 4 });
    await client.cancelOrder(String(canceled.id), ETH);
    const last = await client.createOrder(ETH, "limit", "buy", 0.1, 2000, { clientOrderId: 3 });
    // What lies on the disk in the moment of an answer is what a SIGKILL then would leave.
    const left = join(folder, "left");
    cpSync(join(folder, "journal.jsonl"), join(left, "journal.jsonl"));
    cpSync(join(folder, "keys.json"), join(left, "keys.json"));
    const again = await startSim({ folder: left, paused: true });
    const restarted = await connect(again, readKeys());

    const truth = async (at: { url: string }, reader: Client) => ({
      fills: await admin(at, "GET", "/sim/fills?account=sim"),
      orders: await admin(at, "GET", "/sim/orders?account=sim"),
      history: (await reader.fetchOrders(ETH)).map((order) => order.info),
      balance: await reader.fetchBalance(),
      positions: (await reader.fetchPositions()).map((position) => position.info),
      market: ((await admin(at, "GET", "/sim/state")) as { markets: object[] }).markets,
    });
    const before = await truth(sim, client);
    expect(await truth(again, restarted)).toEqual(before);
    expect(before.orders).toMatchObject([{ clientId: 1, executedQuantity: "0.02" }, { id: last.id }]);
    await expect(restarted.createOrder(ETH, "limit", "buy", 0.1, 2000, { clientOrderId: 3 })).rejects.toThrow(/INVALID_CLIENT_REQUEST/);
    await admin(again, "POST", "/sim/price", { symbol: "ETH_USDC_PERP", price: "2511" });
    const fills = (await admin(again, "GET", "/sim/fills?account=sim")) as { orderId: string; quantity: string; tradeId: number }[];
    expect(fills.filter((fill) => fill.orderId === resting.id).map((fill) => fill.quantity)).toEqual(["0.02", "0.03"]);
    expect(new Set(fills.map((fill) => fill.tradeId)).size).toBe(fills.length);
    const next = await restarted.createOrder(ETH, "limit", "buy", 0.1, 2000, { clientOrderId: 5 });
    expect(Number(next.id)).toBeGreaterThan(Number(last.id));
    await Promise.all([client.close(), restarted.close()]);
    await Promise.all([sim.close(), again.close()]);
  });
});

describe("starting", () => {
  it("keeps its keys private and its own, and opens new accounts beside the old", async () => {
    const first = await startSim({ folder, paused: true });
    expect(statSync(join(folder, "keys.json")).mode & 0o777).toBe(0o600);
    const key = readKeys();
    await first.close();
    const second = await startSim({ folder, paused: true, accounts: [{ name: "sim" }, { name: "other", balances: { USDC: "5" } }] });
    expect(second.accounts[0]).toEqual(key);
    expect(second.port).toBe(first.port);
    const other = await connect(second, second.accounts[1]);
    expect((await other.fetchBalance()).USDC?.total).toBe("5");
    await other.close();
    await second.close();
  });

  it("reads the keys of a folder from before there were dialects", async () => {
    const { apiKey = "", secret = "" } = backpackDialect.createCredentials("sim");
    writeFileSync(join(folder, "keys.json"), JSON.stringify({ accounts: [{ name: "sim", apiKey, secret }] }));
    const sim = await startSim({ folder, paused: true });
    expect(sim.accounts).toEqual([{ name: "sim", credentials: { apiKey, secret } }]);
    const client = await connect(sim, sim.accounts[0]);
    expect((await client.fetchBalance()).USDC?.total).toBe("100000");
    await client.close();
    await sim.close();
  });

  it("speaks every dialect, each with keys and a folder of its own", async () => {
    const started = [];
    for (const dialect of DIALECTS) {
      const home = dialectFolder(folder, dialect.name);
      const sim = await startSim({ folder: home, paused: true, dialect });
      expect(await admin(sim, "GET", "/sim/state")).toMatchObject({ dialect: dialect.name, folder: home, paused: true });
      expect(sim.wsUrl.endsWith(dialect.wsPath)).toBe(true);
      const [account] = JSON.parse(readFileSync(join(home, "keys.json"), "utf8")).accounts as DialectAccount[];
      expect(account).toEqual(sim.accounts[0]);
      started.push({ sim, text: JSON.stringify(account) });
    }
    expect(new Set(started.map(({ text }) => text)).size).toBe(DIALECTS.length);
    expect(started.length).toBeGreaterThanOrEqual(3);
    for (const { sim } of started) await sim.close();
    expect(() => dialectNamed("mtgox")).toThrow(/does not speak "mtgox"\. Choose one of backpack, aster/);
  });

  it("takes another port when its last one is gone to a stranger", async () => {
    const stranger = createServer((_request, answer) => answer.end("{}"));
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const { port } = stranger.address() as { port: number };
    writeFileSync(join(folder, "endpoint.json"), JSON.stringify({ url: `http://127.0.0.1:${port}`, wsUrl: "", pid: 1 }));
    const sim = await startSim({ folder, paused: true });
    expect(sim.port).not.toBe(port);
    expect(await admin(sim, "GET", "/sim/state")).toMatchObject({ paused: true, ended: false });
    const { url, pid } = JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as Endpoint;
    expect([url, pid]).toEqual([sim.url, process.pid]);
    await sim.close();
    stranger.close();
  });

  it("plays a recording to its end at speed, says so, holds the price, and does not begin again after a restart", async () => {
    const file = join(folder, "binance-usdm_ETHUSDT_1m_test.csv");
    writeFileSync(file, `${BAR}\n60000,2000,2010,1990,2005,3\n120000,2005,2020,2000,2018,3\n`);
    const sim = await startSim({ folder, data: [{ file }], speed: 600 });
    const ended = async (at: typeof sim) => {
      const state = (await admin(at, "GET", "/sim/state")) as {
        ended: boolean;
        markets: { symbol: string; price: string; ended: boolean }[];
      };
      return state.ended ? state : null;
    };
    const state = await until("the recording ends", () => ended(sim));
    expect(state.markets.find((market) => market.symbol === "ETH_USDC_PERP")).toMatchObject({
      price: "2018.00",
      ended: true,
      file: "binance-usdm_ETHUSDT_1m_test.csv",
    });
    await sim.close();
    const again = await startSim({ folder, data: [{ file }], speed: 0.001 });
    expect((await ended(again))?.markets.find((market) => market.symbol === "ETH_USDC_PERP")).toMatchObject({
      price: "2018.00",
      steps: 26,
    });
    await again.close();
  });

  it("lets a grid see fills within a minute of the generated market", async () => {
    const sim = await startSim();
    const client = await connect(sim, sim.accounts[0]);
    const { last } = await client.fetchTicker(ETH);
    for (let level = 1; level <= 5; level += 1) {
      await client.createOrder(ETH, "limit", "buy", 0.02, Number(last) * (1 - 0.0005 * level));
      await client.createOrder(ETH, "limit", "sell", 0.02, Number(last) * (1 + 0.0005 * level));
    }
    await until("a fill", async () => ((await admin(sim, "GET", "/sim/fills")) as object[]).length > 0, 60_000);
    await client.close();
    await sim.close();
  }, 70_000);

  it("says in one sentence what is wrong with port, folder, speed, data and files", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    await expect(startSim({ port })).rejects.toThrow(new RegExp(`Port ${port} on 127.0.0.1 is in use`));
    taken.close();
    const sim = await startSim({ folder, paused: true });
    await expect(startSim({ folder })).rejects.toThrow(/already running at/);
    await sim.close();
    await expect(startSim({ speed: 0 })).rejects.toThrow(/Speed 0/);
    const file = join(folder, "binance-usdm_ETHUSDT_x.csv");
    writeFileSync(file, "hello\n");
    await expect(startSim({ data: [{ file }] })).rejects.toThrow(/line 1/);
    await expect(startSim({ data: [{ file: "no-such.csv", symbol: "ETH_USDC" }] })).rejects.toThrow(/cannot be read/);
    await expect(startSim({ data: [{ file: "some.csv" }] })).rejects.toThrow(/SYMBOL=FILE/);
    writeFileSync(file, `${BAR}\n60000,2000,2010,1990,2005,3\n`);
    await expect(startSim({ data: [{ file }, { symbol: "ETH_USDC_PERP", file }] })).rejects.toThrow(/Two recorded files/);
    writeFileSync(join(folder, "keys.json"), "{");
    await expect(startSim({ folder })).rejects.toThrow(/keys.json/);
  });
});
