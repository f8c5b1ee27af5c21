// Everything that the simulated Aster says has the fields and kinds of values of ccxt's sample payloads, and nothing beside them.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { type AsterClient, calm, connectAster, ETH, ETH_SPOT, startAster } from "./aster-client.ts";
import { admin, until } from "./loopback-exchange.ts";

const DATA = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data", "ccxt-static");
const isThere = existsSync(DATA);

type Row = Readonly<Record<string, unknown>>;

function read(file: string): Readonly<Record<string, readonly unknown[]>> {
  return isThere ? (JSON.parse(readFileSync(join(DATA, file), "utf8")) as Record<string, readonly unknown[]>) : {};
}

const REST = read("samples/aster.json");
const STREAMS = read("samples/ws-aster.json");

/** Samples of a method; a list stands for what is in it. */
function samplesOf(source: Readonly<Record<string, readonly unknown[]>>, ...methods: readonly string[]): readonly Row[] {
  return methods.flatMap((method) => source[method] ?? []).flat() as Row[];
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  return typeof value;
}

/** The samples were taken after ccxt had read them: it quotes whole numbers, so a quoted one may be a plain one on the wire. */
function isSameKind(value: unknown, sample: unknown): boolean {
  if (kindOf(value) === kindOf(sample)) return true;
  return typeof value === "number" && typeof sample === "string" && /^-?\d+$/.test(sample);
}

/** What of an answer no sample knows. */
function strangeIn(answer: unknown, samples: readonly Row[], at = ""): readonly string[] {
  if (Array.isArray(answer)) return answer.flatMap((entry, index) => strangeIn(entry, samples, `${at}[${index}]`));
  return Object.entries(answer as Row).flatMap(([name, value]) => {
    const known = samples.filter((sample) => name in sample).map((sample) => sample[name]);
    if (known.length === 0) return [`${at}.${name} is in no sample`];
    return known.some((sample) => isSameKind(value, sample) || value === null) ? [] : [`${at}.${name} is ${JSON.stringify(value)}`];
  });
}

/** The fields of a sample that an answer lacks. */
function lackingIn(answer: Row, sample: Row, free: readonly string[] = []): readonly string[] {
  return Object.keys(sample).filter((name) => !(name in answer) && !free.includes(name));
}

describe.skipIf(!isThere)(`shapes of the simulated Aster (samples ${isThere ? "found" : "missing: set BOTSWAIN_SHARED_DATA"})`, () => {
  let sim: ExchangeSim;
  let client: AsterClient;
  const get = async (path: string) => (await fetch(`${sim.url}${path}`)).json() as Promise<unknown>;

  beforeAll(async () => {
    sim = await startAster({ accounts: [{ name: "sim", balances: { USDT: "100000", ETH: "5" } }] });
    await calm(sim);
    client = await connectAster(sim);
    await client.loadMarkets();
    for (const symbol of ["ETHUSDT", "ETHUSDT_SPOT"]) await admin(sim, "POST", "/sim/price", { symbol, price: "2500", quantity: "0.5" });
  });

  afterAll(async () => {
    await client.close();
    await sim.close();
  });

  it("the comparison sees a strange field and a value of another kind", () => {
    const samples = samplesOf(REST, "fetchTime");
    expect(strangeIn({ serverTime: "soon", zone: 1 }, samples)).toEqual(['.serverTime is "soon"', ".zone is in no sample"]);
    expect(lackingIn({}, samples[0] ?? {})).toEqual(["serverTime"]);
  });

  it("markets", async () => {
    const samples = samplesOf(REST, "fetchMarkets");
    const filters = samples.flatMap((sample) => sample.filters as Row[]);
    for (const path of ["/fapi/v3/exchangeInfo", "/api/v3/exchangeInfo"]) {
      const { symbols, assets, rateLimits } = (await get(path)) as {
        symbols: (Row & { filters: Row[] })[];
        assets: Row[];
        rateLimits: Row[];
      };
      expect(strangeIn(symbols, samples)).toEqual([]);
      for (const { filters: ours } of symbols)
        for (const filter of ours)
          expect(
            strangeIn(
              filter,
              filters.filter(({ filterType }) => filterType === filter.filterType),
            ),
          ).toEqual([]);
      expect(strangeIn(assets, samplesOf(REST, "fetchCurrencies"))).toEqual([]);
      expect(rateLimits[0]).toEqual({ rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2400 });
    }
  });

  it.each([
    ["/fapi/v3/time", ["fetchTime"]],
    ["/fapi/v3/trades?symbol=ETHUSDT", ["parseTrade"]],
    ["/fapi/v3/aggTrades?symbol=ETHUSDT", ["parseTrade"]],
    ["/fapi/v3/depth?symbol=ETHUSDT&limit=5", ["fetchOrderBook"]],
    ["/fapi/v3/ticker/24hr?symbol=ETHUSDT", ["parseTicker"]],
    ["/api/v3/ticker/24hr", ["parseTicker"]],
    ["/fapi/v3/premiumIndex", ["parseFundingRate"]],
    ["/fapi/v3/fundingInfo", ["parseFundingRate"]],
  ])("%s", async (path, methods) => {
    const answer = await get(path);
    const samples = samplesOf(REST, ...methods);
    expect(samples.length).toBeGreaterThan(0);
    expect(strangeIn(answer, samples)).toEqual([]);
  });

  it("candles are twelve values of the sample's kinds", async () => {
    const [candle] = (await get("/fapi/v3/klines?symbol=ETHUSDT&interval=1m")) as unknown[][];
    const sample = REST.parseOHLCV?.[0] as unknown[];
    expect(candle?.map(kindOf)).toEqual(sample.map(kindOf));
  });

  it("orders, fills, positions and income", async () => {
    const created = (await client.createOrder(ETH, "limit", "buy", 0.1, 2400, { clientOrderId: "shape" })).info as Row;
    const answers = samplesOf(REST, "createOrder", "createOrders", "parseOrder");
    expect(strangeIn(created, answers)).toEqual([]);
    expect(lackingIn(created, samplesOf(REST, "createOrders")[0] ?? {}, ["newChainData"])).toEqual([]);
    const asked = (await client.fetchOrder("", ETH, { clientOrderId: "shape" })).info as Row;
    expect(strangeIn(asked, samplesOf(REST, "parseOrder"))).toEqual([]);
    expect(lackingIn(asked, samplesOf(REST, "parseOrder")[0] ?? {}, ["activatePrice", "priceRate"])).toEqual([]);
    const canceled = (await client.cancelOrder("", ETH, { clientOrderId: "shape" })).info as Row;
    expect(strangeIn(canceled, [...samplesOf(REST, "cancelOrders"), ...answers])).toEqual([]);
    expect(strangeIn(await client.fapiPrivateDeleteV3AllOpenOrders({ symbol: "ETHUSDT" }), samplesOf(REST, "cancelAllOrders"))).toEqual([]);
    const spot = (await client.createOrder(ETH_SPOT, "market", "sell", 0.1, undefined, { newOrderRespType: "RESULT" })).info as Row;
    expect(strangeIn(spot, answers)).toEqual([]);
    await client.createOrder(ETH, "market", "buy", 0.1);
    sim.exchange.payFunding("ETHUSDT", "0.0001");
    const fills = samplesOf(REST, "fetchMyTrades", "parseTrade");
    for (const symbol of [ETH, ETH_SPOT])
      expect(
        strangeIn(
          (await client.fetchMyTrades(symbol)).map(({ info }) => info),
          fills,
        ),
      ).toEqual([]);
    const positions = await client.fapiPrivateGetV3PositionRisk();
    expect(strangeIn(positions, samplesOf(REST, "fetchLeverages", "fetchPositionsRisk"))).toEqual([]);
    expect(lackingIn((positions as Row[])[0] ?? {}, samplesOf(REST, "fetchLeverages")[0] ?? {})).toEqual([]);
    expect(strangeIn(await client.fapiPrivateGetV3Income(), samplesOf(REST, "parseIncome", "fetchLedger"))).toEqual([]);
    expect(strangeIn(await client.setLeverage(21, ETH), samplesOf(REST, "setLeverage"))).toEqual([]);
    expect(strangeIn(await client.fapiPrivateGetV3CommissionRate({ symbol: "ETHUSDT" }), samplesOf(REST, "fetchTradingFee"))).toEqual([]);
    expect(strangeIn(await get("/fapi/v3/fundingRate?symbol=ETHUSDT"), samplesOf(REST, "fetchFundingRateHistory"))).toEqual([]);
    const balance = JSON.parse(readFileSync(join(DATA, "nautilus/binance/futures/http_json/balance.json"), "utf8")) as Row[];
    expect(strangeIn(await client.fapiPrivateGetV3Balance(), balance)).toEqual([]);
    const refused = await fetch(`${sim.url}/fapi/v3/depth?symbol=NOPE`);
    expect(await refused.json()).toEqual(REST.handleErrors?.[0]);
  });

  it("streams", async () => {
    const heard: Row[] = [];
    const listen = async (path: string): Promise<WebSocket> => {
      const socket = new WebSocket(`${sim.wsUrl.replace("/fstream", path)}`);
      socket.on("message", (data) => heard.push(JSON.parse(String(data)) as Row));
      await new Promise((resolve) => socket.on("open", resolve));
      return socket;
    };
    const { listenKey } = (await client.fapiPrivatePostV3ListenKey()) as { listenKey: string };
    const spotKey = ((await client.sapiPrivatePostV3ListenKey()) as { listenKey: string }).listenKey;
    const names = ["ticker", "markPrice@1s", "bookTicker", "aggTrade", "depth@100ms", "depth20@100ms", "kline_1m"];
    const sockets = [
      await listen(`/fstream/stream?streams=${names.map((name) => `ethusdt@${name}`).join("/")}`),
      await listen(`/fstream/ws/${listenKey}`),
      await listen(`/sstream/ws/${spotKey}`),
    ];
    await client.createOrder(ETH, "market", "sell", 0.1);
    await client.createOrder(ETH_SPOT, "market", "buy", 0.1);
    const events = await until("one of each", async () => {
      await admin(sim, "POST", "/sim/price", { symbol: "ETHUSDT", price: "2500", quantity: "0.1" });
      const all = heard.map((message) => (message.data as Row | undefined) ?? message);
      const wanted = [
        "24hrTicker",
        "markPriceUpdate",
        "bookTicker",
        "aggTrade",
        "depthUpdate",
        "kline",
        "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
      ];
      return [...wanted, "executionReport", "outboundAccountPosition"].every((name) => all.some(({ e }) => e === name)) ? all : null;
    });
    expect(heard.find(({ stream }) => stream === "ethusdt@depth20@100ms")).toBeDefined();
    const samples = Object.values(STREAMS).flat() as Row[];
    const ofEvent = (name: unknown): readonly Row[] => samples.filter(({ e }) => e === name);
    const orders = samplesOf(STREAMS, "parseWsTrade").filter(({ e }) => e === undefined);
    for (const event of events) {
      if (event.e === "ORDER_TRADE_UPDATE") {
        expect(strangeIn(event.o, orders)).toEqual([]);
        expect(lackingIn(event.o as Row, orders[0] ?? {}, ["n", "N"])).toEqual([]);
        continue;
      }
      expect(strangeIn(event, ofEvent(event.e)), String(event.e)).toEqual([]);
      if (event.e === "kline")
        expect(
          strangeIn(
            event.k,
            ofEvent("kline").map(({ k }) => k as Row),
          ),
        ).toEqual([]);
      if (event.e !== "ACCOUNT_UPDATE") continue;
      const known = ofEvent("ACCOUNT_UPDATE").map(({ a }) => a as { B: Row[]; P: Row[] });
      const { B, P } = event.a as { B: Row[]; P: Row[] };
      expect(
        strangeIn(
          B,
          known.flatMap((one) => one.B),
        ),
      ).toEqual([]);
      expect(
        strangeIn(
          P,
          known.flatMap((one) => one.P),
        ),
      ).toEqual([]);
    }
    for (const socket of sockets) socket.close();
  });
});
