// What we know about Bybit that ccxt does not: each quirk has a test that fails without it.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { CancelOutcome, ExchangePort, OrderRef, PlaceOutcome } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { quirksOf } from "../../src/exchanges/quirks.ts";
import { connectScripted, Heard, type ScriptedAnswer, ScriptedExchange, type ScriptedRequest } from "./scripted-exchange.ts";
import type { OpenPermits } from "./stub-exchange.ts";

const ETH = "ETH/USDT:USDT";
const ID = "16777217";
const KEY = { apiKey: "abcdefgh12345678", secret: "abcdefghijkl12345678" };
const ORDER: PlaceOrder = {
  ...{ clientOrderId: ID, side: "sell", price: ticks(250_010), quantity: lots(150), timeInForce: "gtc", postOnly: true, reduceOnly: true },
};
const REF: OrderRef = { symbol: ETH, clientOrderId: ID, exchangeOrderId: "a-77", createdAt: Date.now() };
const LINEAR = {
  ...{ symbol: "ETHUSDT", contractType: "LinearPerpetual", status: "Trading", baseCoin: "ETH", quoteCoin: "USDT", settleCoin: "USDT" },
  ...{ launchTime: "1584230400000", deliveryTime: "0", fundingInterval: 480, leverageFilter: { minLeverage: "1", maxLeverage: "100.00" } },
  ...{ priceFilter: { minPrice: "0.01", maxPrice: "99999.98", tickSize: "0.01" } },
  lotSizeFilter: { maxOrderQty: "1500.00", minOrderQty: "0.01", qtyStep: "0.01", minNotionalValue: "5" },
};
const ROW = {
  ...{
    symbol: "ETHUSDT",
    orderId: "a-77",
    orderLinkId: ID,
    side: "Sell",
    orderType: "Limit",
    price: "2500.10",
    qty: "1.50",
    timeInForce: "PostOnly",
  },
  ...{
    cumExecQty: "0.40",
    leavesQty: "1.10",
    createdTime: "1700000000000",
    updatedTime: "1700000000500",
    reduceOnly: true,
    tpslMode: "UNKNOWN",
  },
};
const EXECUTION = {
  ...{ symbol: "ETHUSDT", orderId: "a-77", orderLinkId: ID, side: "Sell", execType: "Trade", execId: "e-1", execPrice: "2500.10" },
  ...{ execQty: "0.40", execFee: "0.020008", isMaker: true, execTime: "1700000000500", category: "linear", leavesQty: "1.10" },
};

const good = (result: unknown): ScriptedAnswer => ({ body: { retCode: 0, retMsg: "OK", result, retExtInfo: {}, time: Date.now() } });
const bad = (retCode: number, retMsg = "no"): ScriptedAnswer => ({
  body: { retCode, retMsg, result: {}, retExtInfo: {}, time: Date.now() },
});
const many = (...rows: unknown[]): ScriptedAnswer => good({ list: rows, nextPageCursor: "" });
const RIGHTS = {
  readOnly: 0,
  uta: 1,
  ips: ["1.2.3.4"],
  permissions: { ContractTrade: ["Order", "Position"], Spot: ["SpotTrade"], Wallet: [] },
};

let server: ScriptedExchange;
let port: ExchangePort;
let permits: OpenPermits;
let routes: Record<string, (request: ScriptedRequest) => ScriptedAnswer>;

const place = (): Promise<PlaceOutcome> => port.place(ETH, ORDER, "open", Promise.resolve(true));
const connect = async (): Promise<void> => {
  ({ port, permits } = await connectScripted(server, "bybit", KEY));
};

beforeEach(async () => {
  server = await ScriptedExchange.start();
  routes = {
    "/v5/market/time": () => good({ timeSecond: String(Math.floor(Date.now() / 1_000)), timeNano: String(Date.now() * 1e6) }),
    "/v5/market/instruments-info": ({ query }) =>
      query.get("category") === "linear" ? good({ category: "linear", list: [LINEAR] }) : many(),
    "/v5/user/query-api": () => good(RIGHTS),
    "/v5/order/create": () => good({ orderId: "a-77", orderLinkId: ID }),
    "/v5/order/cancel": () => good({ orderId: "a-77", orderLinkId: ID }),
    "/v5/order/amend": () => good({ orderId: "a-77", orderLinkId: ID }),
    "/v5/order/realtime": () => many({ ...ROW, orderStatus: "PartiallyFilled" }),
    "/v5/order/history": () => many(),
    "/v5/execution/list": () => many(),
    "/v5/position/list": () => many({ symbol: "ETHUSDT", side: "Sell", size: "0.40", avgPrice: "2500.1", positionIdx: 0, liqPrice: "" }),
    "/v5/account/wallet-balance": () =>
      good({
        list: [
          {
            accountType: "UNIFIED",
            coin: [{ coin: "USDT", walletBalance: "100.5", totalOrderIM: "3", totalPositionIM: "7", locked: "0" }],
          },
        ],
      }),
  };
  server.answer = (request) => routes[request.path]?.(request) ?? { status: 404, body: {} };
  await connect();
});
afterEach(async () => {
  await port.close();
  await server.stop();
});

describe("what is sent", () => {
  it("quirk: a window of two seconds, our id as orderLinkId, one-way, nobody's name as referer, and no question before the order", async () => {
    server.requests.length = 0;
    expect(await place()).toMatchObject({ outcome: "accepted", exchangeOrderId: "a-77", closed: false });
    expect(server.requests.map(({ path }) => path)).toEqual(["/v5/order/create"]);
    const [sent] = server.requests;
    expect(sent?.body).toEqual({
      ...{ category: "linear", symbol: "ETHUSDT", side: "Sell", orderType: "Limit", qty: "1.50", price: "2500.10" },
      ...{ timeInForce: "PostOnly", orderLinkId: ID, reduceOnly: true },
    });
    expect(sent?.headers["x-bapi-recv-window"]).toBe("2000");
    await port.cancel(REF, "cancel");
    for (const { headers, text } of server.requests) {
      expect(headers.referer).toBeUndefined();
      expect(text).not.toMatch(/CCXT|broker|referr/i);
    }
  });

  it("quirk: a change in place is a real one, by the order's id or ours", async () => {
    const to = { side: "sell", price: ticks(250_020), quantity: lots(200), postOnly: true, reduceOnly: true } as const;
    expect(await port.amend?.(REF, to, Promise.resolve(true))).toMatchObject({ outcome: "amended", exchangeOrderId: "a-77" });
    await port.amend?.({ ...REF, exchangeOrderId: null }, to, Promise.resolve(true));
    const sent = server.sent(/amend/).map(({ body }) => body);
    const change = { category: "linear", symbol: "ETHUSDT", qty: "2.00", price: "2500.20" };
    expect(sent).toEqual([
      { ...change, orderId: "a-77" },
      { ...change, orderLinkId: ID },
    ]);
  });

  it("quirk: each endpoint has its own limit beside the address's, and headers tell how much is left", () => {
    const { chargesOf, usageOf } = quirksOf("bybit");
    expect(chargesOf("v5/order/create", "POST", {})).toEqual({ requests: 1, create: 1 });
    expect(chargesOf("v5/order/cancel", "POST", {})).toEqual({ requests: 1, cancel: 1 });
    expect(chargesOf("v5/order/realtime", "GET", {})).toEqual({ requests: 1, read: 1 });
    expect(chargesOf("v5/market/tickers", "GET", {})).toEqual({ requests: 1 });
    expect(usageOf?.({ "X-Bapi-Limit": "20", "X-Bapi-Limit-Status": "5" }, "v5/order/create")).toEqual({ create: 7.5 });
    expect(usageOf?.({ Date: "today" }, "v5/order/create")).toEqual({});
  });

  it("quirk: an endpoint that is used up rests, whatever we counted", async () => {
    routes["/v5/order/create"] = () => ({ ...good({ orderId: "a-77" }), headers: { "X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "0" } });
    await place();
    expect(permits.blocks.map(({ buckets }) => buckets)).toEqual([["create"]]);
  });

  it("quirk: a key that can withdraw is refused, and so is a classic account", async () => {
    routes["/v5/user/query-api"] = () => good({ ...RIGHTS, permissions: { Wallet: ["AccountTransfer", "Withdraw"] } });
    await expect(connect()).rejects.toThrow(/bybit:one can withdraw/);
    routes["/v5/user/query-api"] = () => good({ ...RIGHTS, uta: 0 });
    await expect(connect()).rejects.toThrow(/classic/);
  });
});

describe("what is answered", () => {
  it.each<[string, ScriptedAnswer, Partial<PlaceOutcome>]>([
    ["no margin", bad(110_007), { outcome: "rejected", code: "110007" }],
    ["reduce-only", bad(110_017), { outcome: "rejected", code: "110017" }],
    ["outside the window", bad(10_002), { outcome: "rejected", code: "10002" }],
    ["a wrong key", bad(10_003), { outcome: "rejected", code: "authentication" }],
    ["too many", bad(10_006), { outcome: "rejected", code: "rateLimited" }],
    ["our id is taken", bad(110_072, "OrderLinkedID is duplicate"), { outcome: "unknown" }],
    ["an order in work", bad(110_079), { outcome: "unknown" }],
    ["a timeout inside", bad(10_000), { outcome: "unknown" }],
    ["an error inside", bad(10_016), { outcome: "unknown" }],
    ["a code of tomorrow", bad(999_999), { outcome: "unknown" }],
    ["a known code with a 5xx", { ...bad(110_007), status: 502 }, { outcome: "unknown" }],
    ["success without a result", { body: { retCode: 0, retMsg: "OK" } }, { outcome: "unknown" }],
  ])("quirk: a status 200 is read by its code: %s", async (_name, answer, expected) => {
    routes["/v5/order/create"] = () => answer;
    expect(await place()).toMatchObject(expected);
  });

  it("quirk: a 403 stops everything for ten minutes", async () => {
    routes["/v5/order/create"] = () => ({ status: 403, body: "<html>access too frequent</html>" });
    expect(await place()).toMatchObject({ outcome: "unknown" });
    expect(permits.blocks[0]?.buckets).toEqual(["requests", "create"]);
    expect(permits.blocks[0]?.forMs).toBeGreaterThan(590_000);
  });

  it.each<[string, ScriptedAnswer, ScriptedAnswer, CancelOutcome]>([
    ["canceled", good({ orderId: "a-77" }), many({ ...ROW, orderStatus: "Cancelled" }), { outcome: "canceled", filledQuantity: lots(40) }],
    [
      "a fill won",
      good({ orderId: "a-77" }),
      many({ ...ROW, orderStatus: "Filled", cumExecQty: "1.50" }),
      { outcome: "canceled", filledQuantity: lots(150) },
    ],
    ["not yet", good({ orderId: "a-77" }), many({ ...ROW, orderStatus: "New" }), { outcome: "unknown", message: expect.any(String) }],
    ["the question failed", good({ orderId: "a-77" }), bad(10_006), { outcome: "unknown", message: expect.any(String) }],
    ["there is none", bad(110_001), many(), { outcome: "notFound" }],
  ])("quirk: a cancel is only acknowledged, how it ended is asked: %s", async (_name, taken, asked, expected) => {
    routes["/v5/order/cancel"] = () => taken;
    routes["/v5/order/realtime"] = () => asked;
    expect(await port.cancel(REF, "cancel")).toEqual(expected);
  });

  it("quirk: open orders are read to the last page", async () => {
    routes["/v5/order/realtime"] = ({ query }) =>
      query.get("cursor") === null
        ? good({ list: [{ ...ROW, orderStatus: "New" }], nextPageCursor: "next" })
        : good({ list: [{ ...ROW, orderId: "a-78", orderStatus: "New" }], nextPageCursor: "" });
    const { balances, openOrders, positions } = await port.snapshot([ETH]);
    expect(openOrders.map(({ exchangeOrderId }) => exchangeOrderId).sort()).toEqual(["a-77", "a-78"]);
    expect(openOrders[0]).toMatchObject({ clientOrderId: ID, price: ticks(250_010), filledQuantity: lots(40), postOnly: true });
    expect(positions).toEqual([{ symbol: ETH, quantity: lots(-40), averageEntryPrice: "2500.1", liquidationPrice: null }]);
    expect(balances).toEqual([{ currency: "USDT", total: "100.5", free: "90.5" }]);
  });

  it("quirk: hedge mode is never read as a net position", async () => {
    routes["/v5/position/list"] = () => many({ symbol: "ETHUSDT", side: "Buy", size: "1", avgPrice: "1", positionIdx: 1 });
    await expect(port.snapshot([ETH])).rejects.toThrow(/hedge mode/);
  });

  it("quirk: fills of weeks are read span by span and page by page, liquidations among them, payments not", async () => {
    const now = Date.now();
    const rows = [
      { ...EXECUTION, execId: "e-1", execTime: String(now - 1_000) },
      { ...EXECUTION, execId: "e-2", execType: "BustTrade", execTime: String(now - 2_000) },
      { ...EXECUTION, execId: "e-3", execType: "Funding", execTime: String(now - 3_000) },
      { ...EXECUTION, execId: "e-4", execTime: String(now - 9 * 86_400_000) },
    ];
    routes["/v5/execution/list"] = ({ query }) => {
      const [from, to] = [Number(query.get("startTime")), Number(query.get("endTime"))];
      if (to - from > 7 * 86_400_000) return bad(10_001, "The time range is too large");
      const inside = rows.filter(({ execTime }) => Number(execTime) >= from && Number(execTime) <= to);
      const at = Number(query.get("cursor") ?? 0);
      return good({ list: inside.slice(at, at + 2), nextPageCursor: at + 2 < inside.length ? String(at + 2) : "" });
    };
    const page = await port.fillsSince(ETH, now - 12 * 86_400_000);
    expect(page.complete).toBe(true);
    expect(page.fills.map(({ tradeId }) => tradeId)).toEqual(["e-4", "e-2", "e-1"]);
    expect(page.fills[2]).toMatchObject({
      clientOrderId: ID,
      quantity: lots(40),
      fee: "0.020008",
      feeCurrency: "USDT",
      liquidity: "maker",
    });
  });

  it("quirk: funding is told as a fee: what was paid is negative", async () => {
    const execTime = String(Date.now() - 1_000);
    routes["/v5/execution/list"] = ({ query }) =>
      query.get("execType") === "Funding" ? many({ ...EXECUTION, execType: "Funding", execId: "f-1", execFee: "0.75", execTime }) : many();
    expect((await port.fundingSince(ETH, Date.now() - 60_000)).entries).toEqual([{ id: "f-1", amount: "-0.75", at: Number(execTime) }]);
  });

  it("quirk: an order is asked for by our id, and closed ones are found in the history", async () => {
    routes["/v5/order/realtime"] = () => many();
    expect(await port.lookup({ ...REF, exchangeOrderId: null })).toEqual({ found: "notFound" });
    expect(
      server
        .sent(/realtime/)
        .at(-1)
        ?.query.get("orderLinkId"),
    ).toBe(ID);
    routes["/v5/order/history"] = () => many({ ...ROW, orderStatus: "Cancelled", createdTime: String(Date.now()) });
    expect(await port.lookup({ ...REF, exchangeOrderId: null })).toMatchObject({
      found: "closed",
      status: "canceled",
      filledQuantity: lots(40),
    });
  });

  it("quirk: what is set already is no fault", async () => {
    routes["/v5/position/set-leverage"] = () => bad(110_043, "leverage not modified");
    routes["/v5/account/set-margin-mode"] = () => good({});
    await port.setPerp?.(ETH, { leverage: 5, marginMode: "cross" });
    expect(server.sent(/set-margin-mode/)[0]?.body).toEqual({ setMarginMode: "REGULAR_MARGIN" });
    routes["/v5/position/set-leverage"] = () => bad(110_013, "cannot set leverage");
    await expect(port.setPerp?.(ETH, { leverage: 500 })).rejects.toMatchObject({ kind: "rejected" });
  });
});

describe("what is streamed", () => {
  const book = (type: string, u: number, bid = "2500.00") => ({
    ...{ topic: "orderbook.50.ETHUSDT", type, ts: Date.now() },
    data: { s: "ETHUSDT", b: [[bid, "5"]], a: [["2500.10", "4"]], u, seq: u },
  });

  it("quirk: raw executions are fills, the private stream is up with both topics, a gap in the book starts anew", async () => {
    server.reply = (message, path) => {
      if (message.op === "auth") return [{ success: true, ret_msg: "", op: "auth", conn_id: "x" }];
      if (message.op !== "subscribe") return [];
      const done = { success: true, ret_msg: "", op: "subscribe", conn_id: "x", req_id: message.req_id };
      return String(message.args).includes("orderbook") ? [done, book("snapshot", 10)] : path.endsWith("private") ? [done] : [done];
    };
    const heard = new Heard(port, [ETH]);
    try {
      await heard.until("private up", () => heard.of("resynced").some(({ stream }) => stream === "private"));
      const topics = server.frames.filter(({ path }) => path.endsWith("private")).map(({ message }) => String(message.args));
      expect(topics.slice(1).sort()).toEqual(["execution", "order"]);
      for (let index = 0; index < 50; index += 1)
        server.push({ topic: "execution", data: [{ ...EXECUTION, execId: `x-${index}` }] }, /private/);
      server.push({ topic: "execution", data: [{ ...EXECUTION, execId: "f", execType: "Funding" }] }, /private/);
      server.push({ topic: "order", data: [{ ...ROW, category: "linear", orderStatus: "PartiallyFilled" }] }, /private/);
      await heard.until("the order", () => heard.of("order").length === 1);
      expect(heard.of("order")[0]).toMatchObject({ clientOrderId: ID, status: "open", filledQuantity: lots(40), at: 1_700_000_000_500 });
      expect(heard.of("fill")).toHaveLength(50);
      expect(heard.of("fill")[7]?.fill).toMatchObject({ tradeId: "x-7", exchangeOrderId: "a-77", clientOrderId: ID, liquidity: "maker" });
      server.push({ topic: "tickers.ETHUSDT", type: "delta", ts: Date.now(), data: { symbol: "ETHUSDT", markPrice: "2500.05" } }, /linear/);
      await heard.until("the mark", () => heard.of("mark").some(({ mark }) => mark === ticks(250_005)));
      server.push(book("delta", 11, "2500.01"), /linear/);
      await heard.until("the next book", () => heard.of("book").some(({ bestBid }) => bestBid === ticks(250_001)));
      server.push(book("delta", 13, "2500.02"), /linear/);
      await heard.until("down", () => heard.of("disconnected").some(({ stream }) => stream === "public"));
      await heard.until("up again", () => heard.of("resynced").filter(({ stream }) => stream === "public").length === 2);
      expect(heard.of("book").some(({ bestBid }) => bestBid === ticks(250_002))).toBe(false);
    } finally {
      await heard.stop();
    }
  }, 20_000);
});
