// StandX: perpetuals by token and signing key, orders that are matched after they were accepted, fills without a maker flag.

import { UserError } from "../../core/text.ts";
import type { CcxtExchange, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import type { AnswerTable } from "../outcome.ts";
import type { Quirks } from "../quirks.ts";
import { byHalves } from "../standx/by-halves.ts";
import { STATUSES } from "../standx/rows.ts";
import { PAGE, type Standx } from "../standx/shape.ts";
import { signingKey } from "../standx/signature.ts";
import { extendStandx, type StandxStreams } from "../standx/streams.ts";
import { text } from "./fields.ts";
import { genericQuirks, tradeKey } from "./generic.ts";

/** The codes of docs.standx.com (they are HTTP's own, also inside the body of a success). 500 proves nothing. */
const ANSWERS: AnswerTable = {
  "400": "rejected",
  "401": "authentication",
  "403": "authentication",
  "404": "notFound",
  "429": "rateLimited",
  rejected: "rejected",
};
const LISTS = /^api\/(query_positions|query_symbol_info|query_recent_trades)$/;
/** Answers that are a bare number or word. */
const PLAIN = /^api\/(kline\/time|health)$/;

const own = (exchange: CcxtExchange): Standx => exchange as Standx;

function login({ privateKey = "", sessionId, token = "" }: Readonly<Record<string, string>>): Params {
  if (token === "")
    throw new UserError({
      en: "The account at standx has no token; it must be the API token (JWT) of standx.com/user/session",
      "zh-TW": "standx 的帳戶缺少 token；應為 standx.com/user/session 的 API 權杖（JWT）",
    });
  // Read once here, so that a wrong one is told before anything is sent.
  signingKey(privateKey);
  return { token, privateKey, ...(sessionId === undefined ? {} : { options: { sessionId } }) };
}

export const standx: Quirks = genericQuirks("standx", {
  title: "StandX",
  kinds: ["perp"],
  capabilities: { amend: false, batchPlace: false, lookupByClientOrderId: true, deadManSwitch: false, fundingHistory: false },
  credentials: credentialFieldsOf("standx"),
  login,
  hosts: ["perps.standx.com"],
  urls: (url, wsUrl) => ({ api: { rest: url, ws: wsUrl } }),
  unconfirmed: {
    en: "its documentation does not say how long a signed order stays valid, how a repeated client order id is answered, how long closed orders can be looked up, or where an account's funding payments are read; use mode sim or paper",
    "zh-TW":
      "其文件未說明已簽章的委託多久後失效、重複的自訂委託編號會得到什麼回應、已結束的委託可查詢多久，以及帳戶的資金費用由何處讀取；請使用 sim 或 paper 模式",
  },
  // Public and private channels share one socket.
  isPrivateUrl: () => false,
  answers: ANSWERS,
  refusesWithSuccess: true,
  codeOf: (response) => {
    const code = text(response, "code");
    return code === "0" || code === "200" ? null : code;
  },
  messageOf: (response) => text(response, "message") ?? text(response, "msg"),
  isReadable: (path, method, response) => {
    if (PLAIN.test(path)) return true;
    if (method === "GET" && LISTS.test(path)) return Array.isArray(response);
    return typeof response === "object" && response !== null && !Array.isArray(response);
  },
  defaultFees: { spot: { maker: "0.0001", taker: "0.0004" }, perp: { maker: "0.0001", taker: "0.0004" } },
  place: (exchange, order) => own(exchange).sendOrder(order),
  cancel: (exchange, name) => own(exchange).cancelOwn(name),
  order: (exchange, name) => own(exchange).findOrder(name),
  openOrders: (exchange) => exchange.fetchOpenOrders(),
  positions: (exchange) => exchange.fetchPositions(),
  // In which order a page comes, and which way its `last_id` turns it, is not documented: full pages are halved by time instead.
  fills: (exchange, symbol, since, now) =>
    byHalves((from, to) => own(exchange).tradesBetween(symbol, from, to), { keyOf: tradeKey, since, until: now, limit: PAGE }),
  orders: (exchange, symbol, since, now) =>
    byHalves((from, to) => own(exchange).ordersBetween(symbol, from, to), {
      ...{ keyOf: (order) => order.id ?? "", since, until: now, limit: PAGE },
    }),
  privateWatches: (exchange) => [() => (exchange as StandxStreams).watchOwn()],
  watchMark: (exchange, symbol) => (exchange as StandxStreams).watchMark(symbol),
  // Fills name the order, not our id.
  clientOrderIdOf: () => null,
  statusOf: (order) => STATUSES[text(order.info, "status") ?? ""] ?? null,
  extend: extendStandx,
});
