// What we know about Apex that ccxt does not: each quirk has a test that fails without it.

import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { ExchangePort, OrderRef, PlaceOutcome } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { loadCcxt } from "../../src/exchanges/ccxt-loader.ts";
import { apexUpdate } from "../../src/exchanges/quirks/apex.ts";
import { connectScripted, Heard, type ScriptedAnswer, ScriptedExchange, type ScriptedRequest } from "./scripted-exchange.ts";

const BTC = "BTC/USDT:USDT";
const ID = "16777217";
/** The smallest module there is: enough for ccxt to hold one, and to fetch none. */
const WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const KEY = { apiKey: "abcdefgh12345678", secret: "abcdefghijkl12345678", password: "phrase", seeds: "ab".repeat(65) };
const MARKET = {
  ...{ symbol: "BTC-USDT", crossSymbolName: "BTCUSDT", l2PairId: "50001", baseTokenId: "BTC", settleAssetId: "USDT", enableTrade: true },
  ...{ minOrderSize: "0.0010", maxOrderSize: "50", stepSize: "0.001", tickSize: "0.1", displayMinLeverage: "1", displayMaxLeverage: "100" },
};
const ROW = {
  ...{ id: "5001", clientId: ID, symbol: "BTC-USDT", side: "SELL", price: "64000.1", size: "0.150", type: "LIMIT", status: "OPEN" },
  ...{ timeInForce: "POST_ONLY", postOnly: true, reduceOnly: true, cumMatchFillSize: "0.040", createdAt: 1_700_000_000_000 },
};
const FILL = {
  ...{ id: "f-1", orderId: "5001", clientId: ID, symbol: "BTC-USDT", side: "SELL", price: "64000.1", size: "0.040", fee: "0.512" },
  ...{ direction: "MAKER", createdAt: 1_700_000_000_500 },
};
const ORDER: PlaceOrder = {
  ...{ clientOrderId: ID, side: "sell", price: ticks(640_001), quantity: lots(150), timeInForce: "gtc", postOnly: true, reduceOnly: true },
};
const REF: OrderRef = { symbol: BTC, clientOrderId: ID, exchangeOrderId: "5001", createdAt: 1_700_000_000_000 };

const good = (data: unknown): ScriptedAnswer => ({ body: { data, timeCost: 1 } });

let folder: string;
let signer: { readonly libraryPath: string; readonly librarySha256: string };
let server: ScriptedExchange;
let port: ExchangePort;
let routes: Record<string, (request: ScriptedRequest) => ScriptedAnswer>;
let original: unknown;
let signed: Readonly<Record<string, unknown>>[];

async function prototypeOf(): Promise<Record<string, unknown>> {
  return (await loadCcxt("apex")).Exchange.prototype as unknown as Record<string, unknown>;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "botswain-apex-"));
  const libraryPath = join(folder, "signer.wasm");
  await writeFile(libraryPath, WASM);
  signer = { libraryPath, librarySha256: createHash("sha256").update(WASM).digest("hex") };
  const prototype = await prototypeOf();
  original = prototype.getZKContractSignatureObj;
  // The real signer is the operator's; what it is given to sign is ours to check.
  prototype.getZKContractSignatureObj = async (_seeds: string, order: Readonly<Record<string, unknown>>) => {
    signed.push(order);
    return "signature";
  };
});
afterAll(async () => {
  (await prototypeOf()).getZKContractSignatureObj = original;
  await rm(folder, { recursive: true });
});

const place = (order: Partial<PlaceOrder> = {}): Promise<PlaceOutcome> =>
  port.place(BTC, { ...ORDER, ...order }, "open", Promise.resolve(true));

beforeEach(async () => {
  signed = [];
  server = await ScriptedExchange.start();
  routes = {
    symbols: () => good({ contractConfig: { perpetualContract: [MARKET] }, spotConfig: { assets: [] } }),
    account: () => good({ id: "735", positions: [{ symbol: "BTC-USDT", side: "SHORT", size: "0.040", entryPrice: "64000.1" }] }),
    "account-balance": () => good({ totalEquityValue: "100.5", availableBalance: "90.5" }),
    order: ({ method }) => good(method === "GET" ? { ...ROW, status: "CANCELED" } : { ...ROW, cumMatchFillSize: "0" }),
    "delete-order": () => good("5001"),
    "open-orders": () => good([ROW]),
    fills: () => good({ orders: [FILL], totalSize: 1 }),
    "history-orders": () => good({ orders: [] }),
  };
  server.answer = (request) => routes[request.path.replace("/api/v3/", "")]?.(request) ?? { status: 404, body: {} };
  ({ port } = await connectScripted(server, "apex", { ...KEY, ...signer }));
});
afterEach(async () => {
  await port.close();
  await server.stop();
});

describe("Apex", () => {
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ["no file", {}, /Apex needs its signer: set libraryPath/],
    ["a file that is not there", { libraryPath: "/nowhere.wasm" }, /Apex needs its signer: the file \/nowhere.wasm/],
    ["a file that is another", { librarySha256: "0".repeat(64) }, /Apex needs its signer: .* has the checksum/],
  ])("quirk: nothing is signed by code that ccxt fetches by itself: %s", async (_name, change, expected) => {
    const values = Object.keys(change).length === 0 ? KEY : { ...KEY, ...signer, ...change };
    await expect(connectScripted(server, "apex", values)).rejects.toThrow(expected);
  });

  it("quirk: sizes are base units, not contracts, and the fees are not the wrong way round", async () => {
    expect(await port.instrument(BTC)).toMatchObject({
      contractSize: "1",
      lotSize: "0.001",
      tickSize: "0.1",
      makerFee: "0.0002",
      takerFee: "0.0005",
    });
    const { openOrders, positions } = await port.snapshot([BTC]);
    expect(positions[0]).toMatchObject({ quantity: lots(-40), averageEntryPrice: "64000.1" });
    expect(openOrders[0]).toMatchObject({ clientOrderId: ID, quantity: lots(150), filledQuantity: lots(40), postOnly: true });
  });

  it("quirk: orders carry our id and no broker, ioc in the exchange's word", async () => {
    expect(await place()).toMatchObject({ outcome: "accepted", exchangeOrderId: "5001", filledQuantity: lots(0), closed: false });
    await place({ postOnly: false, reduceOnly: false, timeInForce: "ioc" });
    const [sent, ioc] = server.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/order"));
    expect(sent?.body).toMatchObject({
      symbol: "BTC-USDT",
      side: "SELL",
      size: "0.150",
      price: "64000.1",
      timeInForce: "POST_ONLY",
      clientId: ID,
    });
    expect(ioc?.body.timeInForce).toBe("IMMEDIATE_OR_CANCEL");
    expect(signed[0]).toMatchObject({ accountId: "735", slotId: ID, pairId: "50001", size: "0.150", price: "64000.1", direction: "SELL" });
    for (const { text } of server.requests) expect(text).not.toMatch(/broker/i);
  });

  it.each<[string, ScriptedAnswer, Partial<PlaceOutcome>]>([
    ["a known word", { body: { code: 3, key: "ORDER_POSSIBLE_LEAD_TO_ACCOUNT_LIQUIDATED", msg: "no" } }, { outcome: "rejected" }],
    ["a word of tomorrow", { body: { code: 3, key: "MOON_IS_FULL", msg: "no" } }, { outcome: "unknown" }],
    ["nothing", { body: { data: null } }, { outcome: "unknown" }],
  ])("quirk: a status 200 is read by its word: %s", async (_name, answer, expected) => {
    routes.order = () => answer;
    expect(await place()).toMatchObject(expected);
  });

  it("quirk: a cancel is only acknowledged, how it ended is asked, and CANCELING is not canceled", async () => {
    expect(await port.cancel(REF, "cancel")).toEqual({ outcome: "canceled", filledQuantity: lots(40) });
    routes.order = () => good({ ...ROW, status: "CANCELING" });
    expect(await port.cancel(REF, "cancel")).toMatchObject({ outcome: "unknown" });
  });

  it("quirk: a fill knows its order, its fee and its side of the book", async () => {
    const { complete, fills } = await port.fillsSince(BTC, 1_699_999_999_999);
    expect(complete).toBe(true);
    expect(fills).toEqual([
      {
        ...{
          symbol: BTC,
          tradeId: "f-1",
          exchangeOrderId: "5001",
          clientOrderId: ID,
          side: "sell",
          price: ticks(640_001),
          quantity: lots(40),
        },
        ...{ fee: "0.512", feeCurrency: "USDT", liquidity: "maker", at: 1_700_000_000_500 },
      },
    ]);
  });

  it("quirk: the account's stream tells fills beside orders, and is up when signed in", async () => {
    const book = {
      topic: "orderBook25.H.BTCUSDT",
      type: "snapshot",
      ts: 1_700_000_000_000_000,
      data: { s: "BTCUSDT", b: [["64000", "1"]], a: [["64000.1", "1"]], u: 1 },
    };
    server.reply = (message) =>
      message.op === "login" ? [{ success: true, ret_msg: "", op: "auth" }] : String(message.args).includes("orderBook") ? [book] : [];
    const heard = new Heard(port, [BTC]);
    try {
      await heard.until("private up", () => heard.of("resynced").some(({ stream }) => stream === "private"));
      const account = (type: string, id: string) => ({
        topic: "ws_zk_accounts_v3",
        type,
        contents: {
          fills: [{ ...FILL, id, liquidity: "TAKER" }],
          orders: [{ ...ROW, status: "FILLED", cumMatchFillSize: "0.150", updatedAt: 9 }],
        },
      });
      server.push(account("snapshot", "old"), /private/);
      server.push(account("delta", "f-2"), /private/);
      await heard.until("the fill", () => heard.of("fill").length > 0);
      expect(heard.of("fill").map(({ fill }) => [fill.tradeId, fill.exchangeOrderId, fill.liquidity])).toEqual([["f-2", "5001", "taker"]]);
      expect(heard.of("order").at(-1)).toMatchObject({ status: "filled", filledQuantity: lots(150), at: 9 });
    } finally {
      await heard.stop();
    }
  }, 20_000);

  it("quirk: an update without an order is none", () => {
    expect(apexUpdate({ ...ROW, status: "odd" }, BTC)).toBeNull();
    expect(apexUpdate({ ...ROW, id: undefined }, BTC)).toBeNull();
  });
});
