// What we know about OKX that ccxt does not: each quirk has a test that fails without it.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { CancelOutcome, ExchangePort, OrderRef, PlaceOutcome } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { okxUpdate } from "../../src/exchanges/quirks/okx-answers.ts";
import { quirksOf } from "../../src/exchanges/quirks.ts";
import { connectScripted, Heard, type ScriptedAnswer, ScriptedExchange, type ScriptedRequest } from "./scripted-exchange.ts";

const ETH = "ETH/USDT:USDT";
const ID = "16777217";
const KEY = { apiKey: "abcdefgh12345678", secret: "abcdefghijkl12345678", password: "phrase" };
// A contract is 0.1 ETH and trades in hundredths: a lot is 0.001 ETH.
const SWAP = {
  ...{ instId: "ETH-USDT-SWAP", instType: "SWAP", uly: "ETH-USDT", settleCcy: "USDT", ctType: "linear", ctVal: "0.1", ctMult: "1" },
  ...{ ctValCcy: "ETH", lotSz: "0.01", minSz: "0.01", tickSz: "0.01", lever: "100", state: "live", baseCcy: "", quoteCcy: "" },
};
const ROW = {
  ...{ instId: "ETH-USDT-SWAP", instType: "SWAP", ordId: "312", clOrdId: ID, side: "sell", ordType: "post_only", px: "2500.1", sz: "15" },
  ...{ accFillSz: "4", cTime: "1700000000000", uTime: "1700000000500", reduceOnly: "true", tradeId: "", fillSz: "0", fillPx: "" },
};
const FILL = {
  ...{ instId: "ETH-USDT-SWAP", ordId: "312", clOrdId: ID, side: "sell", tradeId: "t-1", billId: "900", fillPx: "2500.1", fillSz: "4" },
  ...{ fee: "-0.2", feeCcy: "USDT", execType: "M", ts: "1700000000500" },
};
const ORDER: PlaceOrder = {
  ...{
    clientOrderId: ID,
    side: "sell",
    price: ticks(250_010),
    quantity: lots(1_500),
    timeInForce: "gtc",
    postOnly: true,
    reduceOnly: true,
  },
};
const REF: OrderRef = { symbol: ETH, clientOrderId: ID, exchangeOrderId: "312", createdAt: Date.now() };
const CONFIG = { posMode: "net_mode", perm: "read_only,trade", ip: "1.2.3.4" };

const good = (...data: unknown[]): ScriptedAnswer => ({ body: { code: "0", msg: "", data } });
const bad = (sCode: string, code = "1"): ScriptedAnswer => ({
  body: { code, msg: "", data: [{ sCode, sMsg: "no", ordId: "", clOrdId: ID }] },
});

let server: ScriptedExchange;
let port: ExchangePort;
let routes: Record<string, (request: ScriptedRequest) => ScriptedAnswer>;

const place = (order: Partial<PlaceOrder> = {}): Promise<PlaceOutcome> =>
  port.place(ETH, { ...ORDER, ...order }, "open", Promise.resolve(true));
const connect = async (): Promise<void> => {
  ({ port } = await connectScripted(server, "okx", KEY));
};

beforeEach(async () => {
  server = await ScriptedExchange.start();
  routes = {
    "public/time": () => good({ ts: String(Date.now()) }),
    "public/instruments": ({ query }) => (query.get("instType") === "SWAP" ? good(SWAP) : good()),
    "account/config": () => good(CONFIG),
    "account/positions": () => good({ instId: "ETH-USDT-SWAP", pos: "-4", posSide: "net", avgPx: "2500.1", liqPx: "", mgnMode: "cross" }),
    "account/balance": () => good({ details: [{ ccy: "USDT", eq: "100.5", availEq: "90.5", availBal: "90.5", cashBal: "100.5" }] }),
    "trade/order": ({ method }) => (method === "GET" ? good({ ...ROW, state: "live" }) : good({ ordId: "312", clOrdId: ID, sCode: "0" })),
    "trade/cancel-order": () => good({ ordId: "312", clOrdId: ID, sCode: "0" }),
    "trade/orders-pending": () => good({ ...ROW, state: "partially_filled" }),
    "trade/orders-history": () => good(),
    "trade/fills-history": () => good(),
  };
  server.answer = (request) => routes[request.path.replace("/api/v5/", "")]?.(request) ?? { status: 404, body: {} };
  await connect();
});
afterEach(async () => {
  await port.close();
  await server.stop();
});

describe("what is sent", () => {
  it("quirk: contracts instead of base units, a deadline of two seconds, and no broker's tag", async () => {
    expect((await port.instrument(ETH)).lotSize).toBe("0.001");
    expect(await place()).toMatchObject({ outcome: "accepted", exchangeOrderId: "312", closed: false });
    await place({ postOnly: false, reduceOnly: false, timeInForce: "ioc" });
    const [sent, ioc] = server.sent(/trade\/order$/);
    expect(sent?.body).toEqual({
      ...{
        instId: "ETH-USDT-SWAP",
        side: "sell",
        ordType: "post_only",
        sz: "15",
        tdMode: "cross",
        px: "2500.10",
        clOrdId: ID,
        reduceOnly: true,
      },
    });
    expect(ioc?.body).toMatchObject({ ordType: "ioc" });
    expect(ioc?.body.reduceOnly).toBeUndefined();
    const left = Number(sent?.headers.exptime) - Date.now();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(2_000);
    await port.cancel(REF, "cancel");
    for (const { text } of server.requests) expect(text).not.toMatch(/"tag"|broker|6b9ad766/i);
  });

  it("quirk: the margin mode is a word of each order", async () => {
    routes["account/set-leverage"] = () => good({ lever: "5" });
    await port.setPerp?.(ETH, { leverage: 5, marginMode: "isolated" });
    await place();
    expect(server.sent(/set-leverage/)[0]?.body).toEqual({ instId: "ETH-USDT-SWAP", lever: 5, mgnMode: "isolated", posSide: "net" });
    expect(server.sent(/trade\/order$/)[0]?.body).toMatchObject({ tdMode: "isolated" });
  });

  it("quirk: the dead-man switch counts whole seconds from 10 to 120", async () => {
    routes["trade/cancel-all-after"] = () => good({ triggerTime: "0" });
    for (const timeoutMs of [1_000, 45_500, 600_000, null]) await port.deadManSwitch?.([ETH], timeoutMs);
    expect(server.sent(/cancel-all-after/).map(({ body }) => body.timeOut)).toEqual([10, 46, 120, 0]);
  });

  it("quirk: a key that can withdraw and an account in long/short mode are refused", async () => {
    routes["account/config"] = () => good({ ...CONFIG, perm: "read_only,withdraw,trade" });
    await expect(connect()).rejects.toThrow(/okx:one can withdraw/);
    routes["account/config"] = () => good({ ...CONFIG, posMode: "long_short_mode" });
    await expect(connect()).rejects.toThrow(/net mode/);
  });

  it("quirk: the testnet is the same host with a header, orders have a bucket of their own", () => {
    const { chargesOf, testnetHosts } = quirksOf("okx");
    expect(testnetHosts).toEqual(["www.okx.com", "wspap.okx.com"]);
    expect(chargesOf("trade/order", "POST", {})).toEqual({ orders: 1 });
    expect(chargesOf("trade/order", "GET", {})).toEqual({ requests: 1 });
  });
});

describe("what is answered", () => {
  it.each<[string, ScriptedAnswer, Partial<PlaceOutcome>]>([
    ["no margin", bad("51008"), { outcome: "rejected", code: "51008" }],
    ["partly done, this one not", bad("51008", "2"), { outcome: "rejected", code: "51008" }],
    ["past its deadline", bad("50036", "50036"), { outcome: "rejected" }],
    [
      "a wrong key",
      { status: 401, body: { code: "50111", msg: "Invalid OK-ACCESS-KEY", data: [] } },
      { outcome: "rejected", code: "authentication" },
    ],
    [
      "too many",
      { status: 429, body: { code: "50011", msg: "Too Many Requests", data: [] } },
      { outcome: "rejected", code: "rateLimited" },
    ],
    ["our id is taken", bad("51016"), { outcome: "unknown" }],
    ["a timeout inside", { body: { code: "50004", msg: "Endpoint request timeout", data: [] } }, { outcome: "unknown" }],
    ["busy", { body: { code: "50013", msg: "Systems are busy", data: [] } }, { outcome: "unknown" }],
    ["an error inside", bad("50026"), { outcome: "unknown" }],
    ["failed, without saying why", { body: { code: "1", msg: "", data: [] } }, { outcome: "unknown" }],
    ["a code of tomorrow", bad("59999"), { outcome: "unknown" }],
    ["a known code with a 5xx", { ...bad("51008"), status: 503 }, { outcome: "unknown" }],
    ["success without data", { body: { code: "0", msg: "" } }, { outcome: "unknown" }],
  ])("quirk: a status 200 is read by the code inside: %s", async (_name, answer, expected) => {
    routes["trade/order"] = () => answer;
    expect(await place()).toMatchObject(expected);
  });

  it.each<[string, ScriptedAnswer, ScriptedAnswer, CancelOutcome]>([
    [
      "canceled",
      good({ ordId: "312", sCode: "0" }),
      good({ ...ROW, state: "canceled" }),
      { outcome: "canceled", filledQuantity: lots(400) },
    ],
    [
      "a fill won",
      good({ ordId: "312", sCode: "0" }),
      good({ ...ROW, state: "filled", accFillSz: "15" }),
      { outcome: "canceled", filledQuantity: lots(1_500) },
    ],
    ["not yet", good({ ordId: "312", sCode: "0" }), good({ ...ROW, state: "live" }), { outcome: "unknown", message: expect.any(String) }],
    ["there is none", bad("51400"), good(), { outcome: "notFound" }],
    ["a cancel is under way", bad("51410"), good(), { outcome: "unknown", message: expect.any(String) }],
  ])("quirk: a cancel is only acknowledged, how it ended is asked: %s", async (_name, taken, asked, expected) => {
    routes["trade/cancel-order"] = () => taken;
    routes["trade/order"] = () => asked;
    expect(await port.cancel(REF, "cancel")).toEqual(expected);
  });

  it("quirk: positions and orders come back in base units, and open orders to the last page", async () => {
    routes["trade/orders-pending"] = ({ query }) => {
      const from = Number(query.get("after") ?? 500);
      const rows = Array.from({ length: 130 }, (_, index) => ({ ...ROW, ordId: String(499 - index), state: "live" }));
      return good(...rows.filter(({ ordId }) => Number(ordId) < from).slice(0, 100));
    };
    const { balances, openOrders, positions } = await port.snapshot([ETH]);
    expect(openOrders).toHaveLength(130);
    expect(openOrders[0]).toMatchObject({
      clientOrderId: ID,
      quantity: lots(1_500),
      filledQuantity: lots(400),
      postOnly: true,
      reduceOnly: true,
    });
    expect(positions).toEqual([{ symbol: ETH, quantity: lots(-400), averageEntryPrice: "2500.1", liquidationPrice: null }]);
    expect(balances).toEqual([{ currency: "USDT", total: "100.5", free: "90.5" }]);
  });

  it("quirk: fills are turned page by page by their bill", async () => {
    const now = Date.now();
    const rows = Array.from({ length: 130 }, (_, index) => ({
      ...FILL,
      tradeId: `t-${index}`,
      billId: String(900 - index),
      ts: String(now - index),
    }));
    routes["trade/fills-history"] = ({ query }) => {
      const from = Number(query.get("after") ?? 1_000);
      return good(...rows.filter(({ billId }) => Number(billId) < from).slice(0, 100));
    };
    const page = await port.fillsSince(ETH, now - 60_000);
    expect(page.complete).toBe(true);
    expect(page.fills).toHaveLength(130);
    expect(page.fills.at(-1)).toMatchObject({
      tradeId: "t-0",
      clientOrderId: ID,
      quantity: lots(400),
      fee: "0.2",
      feeCurrency: "USDT",
      liquidity: "maker",
    });
  });

  it("quirk: funding is a bill of the account, told apart by market", async () => {
    const ts = String(Date.now() - 1_000);
    const bill = { billId: "b-1", instId: "ETH-USDT-SWAP", type: "8", balChg: "-0.75", posBalChg: "0", ts };
    routes["account/bills-archive"] = () =>
      good(bill, { ...bill, billId: "b-2", instId: "BTC-USDT-SWAP" }, { ...bill, billId: "b-3", balChg: "0", posBalChg: "0.1" });
    const { entries } = await port.fundingSince(ETH, Date.now() - 60_000);
    expect(entries.map(({ amount, id }) => [id, amount])).toEqual([
      ["b-1", "-0.75"],
      ["b-3", "0.1"],
    ]);
  });

  it("quirk: an order that is not known by id is looked for in the history", async () => {
    routes["trade/order"] = () => ({ body: { code: "51603", msg: "Order does not exist", data: [] } });
    expect(await port.lookup({ ...REF, exchangeOrderId: null })).toEqual({ found: "notFound" });
    expect(
      server
        .sent(/trade\/order$/)
        .at(-1)
        ?.query.get("clOrdId"),
    ).toBe(ID);
    routes["trade/orders-history"] = () => good({ ...ROW, state: "canceled", cTime: String(Date.now()) });
    expect(await port.lookup(REF)).toMatchObject({ found: "closed", status: "canceled", filledQuantity: lots(400) });
  });
});

describe("what is streamed", () => {
  it("quirk: each message of an order tells one fill, its fee is below zero when paid", () => {
    const update = okxUpdate(
      {
        ...ROW,
        state: "partially_filled",
        tradeId: "t-9",
        fillPx: "2500.1",
        fillSz: "4",
        fillFee: "-0.2",
        fillFeeCcy: "USDT",
        fillTime: "7",
        execType: "T",
      },
      ETH,
    );
    expect(update).toMatchObject({ status: "open", filled: "4", at: 7 });
    expect(update?.fill).toEqual({ tradeId: "t-9", price: "2500.1", quantity: "4", fee: "0.2", feeCurrency: "USDT", isMaker: false });
    expect(okxUpdate({ ...ROW, state: "canceled" }, ETH)).toMatchObject({ status: "canceled", fill: null, at: 1_700_000_000_500 });
    expect(okxUpdate({ ...ROW, state: "odd" }, ETH)).toBeNull();
  });

  it("quirk: 50 fills of one order are 50 fills in base units, and the stream is up when its channel is", async () => {
    const book = {
      arg: { channel: "books", instId: "ETH-USDT-SWAP" },
      action: "snapshot",
      data: [{ asks: [["2500.1", "4", "0", "1"]], bids: [["2500", "5", "0", "1"]], ts: "1700000000000", seqId: 10, prevSeqId: -1 }],
    };
    server.reply = (message) => {
      if (message.op === "login") return [{ event: "login", code: "0", msg: "" }];
      const [arg] = (message.args ?? []) as readonly { readonly channel?: string }[];
      const done = { event: "subscribe", arg };
      return arg?.channel === "books"
        ? [done, book]
        : arg?.channel === "mark-price"
          ? [done, { arg, data: [{ instId: "ETH-USDT-SWAP", instType: "SWAP", markPx: "2500.05", ts: "1700000000000" }] }]
          : [done];
    };
    const heard = new Heard(port, [ETH]);
    try {
      await heard.until("private up", () => heard.of("resynced").some(({ stream }) => stream === "private"));
      await heard.until("a book", () => heard.of("book").length > 0);
      await heard.until("the mark", () => heard.of("mark").some(({ mark }) => mark === ticks(250_005)));
      for (let index = 1; index <= 50; index += 1) {
        const fill = {
          tradeId: `t-${index}`,
          fillPx: "2500.1",
          fillSz: "0.1",
          fillFee: "-0.01",
          fillFeeCcy: "USDT",
          fillTime: "7",
          execType: "M",
        };
        const data = [{ ...ROW, state: "partially_filled", accFillSz: (index / 10).toFixed(1), ...fill }];
        server.push({ arg: { channel: "orders", instType: "ANY" }, data }, /private/);
      }
      await heard.until("50 fills", () => heard.of("fill").length === 50);
      expect(heard.of("fill")[0]?.fill).toMatchObject({
        tradeId: "t-1",
        clientOrderId: ID,
        quantity: lots(10),
        fee: "0.01",
        liquidity: "maker",
      });
      expect(heard.of("order").at(-1)).toMatchObject({ filledQuantity: lots(500), status: "open" });
    } finally {
      await heard.stop();
    }
  }, 20_000);
});
