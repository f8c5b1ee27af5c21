// The Lighter dialect's answers fit the official API description, and its streams say what Lighter's recorded messages say.

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { connectLighter, type LighterClient, startLighter } from "./lighter-client.ts";
import { until } from "./loopback-exchange.ts";

const DATA = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data", "ccxt-static");
const ETH = "ETH/USDC:USDC";

type Row = Readonly<Record<string, unknown>>;

function read(file: string): Row {
  return JSON.parse(readFileSync(resolve(DATA, file), "utf8")) as Row;
}

/** Names of the fields of a list's first row. */
function fieldsOf(rows: unknown): string[] {
  const [first] = rows as readonly Row[];
  if (first === undefined) throw new Error("there is no row");
  return Object.keys(first);
}

describe.skipIf(!existsSync(DATA))(`shapes of the Lighter dialect (skipped when BOTSWAIN_SHARED_DATA, here ${DATA}, is missing)`, () => {
  let sim: ExchangeSim;
  let client: LighterClient;
  let index: string;

  beforeAll(async () => {
    const limits = [{ name: "all", limit: 1_000_000, windowMs: 60_000 }];
    sim = await startLighter({ paused: true, limits });
    client = await connectLighter(sim, sim.accounts[0]);
    index = sim.accounts[0]?.credentials.accountIndex ?? "";
    await client.loadMarkets();
    await client.createOrder(ETH, "limit", "buy", 0.1, 2600, { clientOrderId: 1, timeInForce: "IOC" });
    await client.createOrder(ETH, "limit", "buy", 0.1, 2400, { clientOrderId: 2 });
    await until("both orders", async () => ((await client.fetchOpenOrders(ETH)).length === 1 ? true : null));
    sim.exchange.payFunding("0", "0.0001");
  });
  afterAll(async () => {
    await client.close();
    await sim.close();
  });

  it("answers what the API description promises", async () => {
    const { definitions } = read("lighter-openapi.json");
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    ajv.addSchema({ $id: "lighter", definitions } as object);
    const token = client.createAuth({ accountIndex: Number(index), apiKeyIndex: client.options.apiKeyIndex });
    const own = `account_index=${index}&limit=10`;
    const day = `start_timestamp=${Date.now() - 86_400_000}&end_timestamp=${Date.now()}&count_back=0`;
    const answers: Readonly<Record<string, string>> = {
      "/": "Status",
      "/api/v1/orderBooks": "OrderBooks",
      "/api/v1/orderBookDetails": "OrderBookDetails",
      "/api/v1/orderBookOrders?market_id=0&limit=10": "OrderBookOrders",
      "/api/v1/recentTrades?market_id=0&limit=10": "Trades",
      "/api/v1/exchangeStats": "ExchangeStats",
      "/api/v1/assetDetails": "AssetDetails",
      [`/api/v1/candles?market_id=0&resolution=1m&${day}`]: "Candles",
      [`/api/v1/fundings?market_id=0&resolution=1h&${day}`]: "Fundings",
      "/api/v1/funding-rates": "FundingRates",
      [`/api/v1/nextNonce?account_index=${index}&api_key_index=4`]: "NextNonce",
      [`/api/v1/apikeys?account_index=${index}`]: "AccountApiKeys",
      [`/api/v1/accountLimits?account_index=${index}`]: "AccountLimits",
      [`/api/v1/accountActiveOrders?${own}`]: "Orders",
      [`/api/v1/accountInactiveOrders?${own}`]: "Orders",
      [`/api/v1/trades?sort_by=timestamp&${own}`]: "Trades",
      [`/api/v1/positionFunding?${own}`]: "PositionFundings",
    };
    for (const [path, definition] of Object.entries(answers)) {
      const answer = await fetch(`${sim.url}${path}`, { headers: { authorization: String(token) } });
      const body: unknown = await answer.json();
      expect(answer.status, path).toBe(200);
      const validate = ajv.compile({ $ref: `lighter#/definitions/${definition}` });
      validate(body);
      expect(validate.errors ?? [], path).toEqual([]);
    }
    const refused = await fetch(`${sim.url}/api/v1/recentTrades?market_id=99&limit=10`);
    expect([refused.status, await refused.json()]).toEqual([400, { code: 20_001, message: "invalid param: market_id" }]);
  });

  it("has every field of an account that the recorded account has", async () => {
    const answer = (await (await fetch(`${sim.url}/api/v1/account?by=index&value=${index}`)).json()) as { accounts: Row[] };
    const [recorded] = read("nautilus/lighter/http_account.json").accounts as Row[];
    const [account] = answer.accounts;
    expect(Object.keys(account ?? {})).toEqual(expect.arrayContaining(Object.keys(recorded ?? {})));
    expect(fieldsOf(account?.positions)).toEqual(expect.arrayContaining(fieldsOf(recorded?.positions)));
  });

  it("streams messages with the fields of the recorded ones", async () => {
    const recorded = {
      "order_book:0": ["ws_order_book_subscribed.json", "order_book"],
      "market_stats:1": ["ws_market_stats_subscribed_single.json", "market_stats"],
      "trade:0": ["ws_trade_subscribed.json", null],
      [`user_stats:${index}`]: ["ws_user_stats_update.json", "stats"],
      [`account_all_trades:${index}`]: ["ws_account_all_trades_update.json", null],
    } as const;
    const heard = new Map<string, Row>();
    const socket = new WebSocket(sim.wsUrl);
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as Row;
      if (typeof message.channel === "string" && String(message.type).startsWith("subscribed/")) heard.set(message.channel, message);
    });
    await new Promise((done) => socket.once("open", done));
    for (const label of Object.keys(recorded)) socket.send(JSON.stringify({ type: "subscribe", channel: label.replace(":", "/") }));
    await until("every greeting", () => heard.size === Object.keys(recorded).length);
    socket.terminate();
    for (const [label, [file, field]] of Object.entries(recorded)) {
      const [ours, theirs] = [heard.get(label) ?? {}, read(`nautilus/lighter/${file}`)];
      expect(Object.keys(ours), label).toEqual(expect.arrayContaining(Object.keys(theirs)));
      if (field === null) continue;
      expect(Object.keys(ours[field] as Row), label).toEqual(expect.arrayContaining(Object.keys(theirs[field] as Row)));
    }
    const tradesOf = (message: Row | undefined): unknown => (message?.trades as Record<string, Row[]> | undefined)?.["0"];
    const known = tradesOf(read("nautilus/lighter/ws_account_all_trades_update.json"));
    expect(fieldsOf(tradesOf(heard.get(`account_all_trades:${index}`)))).toEqual(expect.arrayContaining(fieldsOf(known)));
  });
});
