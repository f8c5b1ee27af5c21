// What an exchange says about an account: whether its key works and what it may do, its fees, its open orders and positions.

import { decodeClientOrderId } from "../../core/client-order-id.ts";
import { money } from "../../core/money.ts";
import type { Text } from "../../core/text.ts";
import type { ExchangeAccount } from "../account.ts";
import type { CcxtMarket, CcxtOrder, Params } from "../ccxt-loader.ts";
import type { OpenedExchange } from "../connect.ts";
import { keyAdviceOf } from "../key-advice.ts";
import { ExchangeReadError } from "../outcome.ts";
import { text } from "../quirks/fields.ts";
import type { KeyRights } from "../quirks.ts";
import { type Finding, finding, wordsOf } from "./finding.ts";

const REPEAT: Text = { en: "Run doctor again in a moment", "zh-TW": "請稍後再執行一次 doctor" };
/** Positions that are named one by one. */
const NAMED_MAX = 8;

/** What is wrong when the exchange did not take the key, or did not answer. */
export function keyFault(account: ExchangeAccount, error: unknown): Finding {
  const { account: name, exchange } = account;
  const isRefused = error instanceof ExchangeReadError && (error.kind === "authentication" || error.kind === "rejected");
  const said = wordsOf(error);
  if (!isRefused) {
    const what = { en: `the key could not be tried: ${said.en}`, "zh-TW": `無法測試金鑰：${said["zh-TW"]}` };
    return finding("key", "bad", what, REPEAT);
  }
  const advice = keyAdviceOf(exchange);
  return finding(
    "key",
    "bad",
    { en: `the exchange refuses the key: ${said.en}`, "zh-TW": `交易所拒絕此金鑰：${said["zh-TW"]}` },
    {
      en: `Enter the right key (account add ${exchange} ${name} --replace); if it is right, look whether it has ended or is bound to other addresses. ${advice.en}`,
      "zh-TW": `請填入正確的金鑰（account add ${exchange} ${name} --replace）；若正確，請檢查是否已失效或綁定其他位址。${advice["zh-TW"]}`,
    },
  );
}

/** What the key may do; `rights` is null where the exchange does not tell. */
export function keyFindings(exchange: string, rights: KeyRights | null): readonly Finding[] {
  const advice = keyAdviceOf(exchange);
  const works = finding("key", "ok", { en: "the exchange takes the key", "zh-TW": "交易所接受此金鑰" });
  if (rights === null) {
    const what = { en: "the exchange does not tell what the key may do", "zh-TW": "交易所不提供金鑰權限資訊" };
    return [works, finding("rights", "warn", what, advice)];
  }
  return [works, withdrawing(rights, advice), trading(rights, advice), binding(rights, advice)];
}

function withdrawing({ canWithdraw }: KeyRights, advice: Text): Finding {
  if (canWithdraw === true)
    return finding(
      "rights",
      "bad",
      { en: "the key can withdraw: Botswain refuses it", "zh-TW": "此金鑰可提領：Botswain 拒絕使用" },
      advice,
    );
  if (canWithdraw === false) return finding("rights", "ok", { en: "it cannot withdraw", "zh-TW": "不可提領" });
  return finding("rights", "warn", { en: "whether it can withdraw is not told", "zh-TW": "交易所未說明是否可提領" }, advice);
}

function trading({ canTrade }: KeyRights, advice: Text): Finding {
  if (canTrade === false) return finding("trading", "bad", { en: "the key cannot trade", "zh-TW": "此金鑰不能交易" }, advice);
  if (canTrade === true) return finding("trading", "ok", { en: "it can trade", "zh-TW": "可交易" });
  return finding("trading", "skipped", { en: "whether it can trade is not told", "zh-TW": "交易所未說明是否可交易" });
}

function binding({ isAddressBound }: KeyRights, advice: Text): Finding {
  if (isAddressBound === true)
    return finding("addresses", "ok", { en: "it works from listed addresses only", "zh-TW": "僅限名單內的位址使用" });
  if (isAddressBound === null)
    return finding("addresses", "skipped", {
      en: "whether it is bound to addresses is not told",
      "zh-TW": "交易所未說明是否綁定位址",
    });
  const what = { en: "the key works from any address", "zh-TW": "此金鑰可從任何位址使用" };
  return finding("addresses", "warn", what, {
    en: `Bind it to this machine's address (or the proxy's). ${advice.en}`,
    "zh-TW": `請綁定本機（或代理伺服器）的位址。${advice["zh-TW"]}`,
  });
}

function percent(rate: string): string {
  return `${money(rate).times(100).toFixed()}%`;
}

function span(values: readonly string[]): string {
  const sorted = [...new Set(values)].sort((one, other) => money(one).cmp(money(other)));
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return "?";
  return least === most ? percent(least) : `${percent(least)} … ${percent(most)}`;
}

/** Maker and taker fee of each kind of market, and the account's own where the exchange tells it. */
export async function feeFindings({ exchange, quirks }: OpenedExchange, isSignedIn: boolean): Promise<readonly Finding[]> {
  const markets = Object.values(exchange.markets ?? {}).filter((market) => market.active !== false);
  const findings: Finding[] = [];
  for (const kind of quirks.kinds) {
    const own = markets.filter((market: CcxtMarket) => (kind === "spot" ? market.spot === true : market.swap === true));
    if (own.length === 0) continue;
    const { maker, taker } = quirks.defaultFees[kind];
    const rates = { maker: span(own.map((market) => market.maker ?? maker)), taker: span(own.map((market) => market.taker ?? taker)) };
    const told = own.some((market) => market.maker !== undefined);
    const source = told ? { en: "as its markets say", "zh-TW": "依其市場資料" } : { en: "entry tier", "zh-TW": "最低等級" };
    const name = kind === "spot" ? { en: "spot", "zh-TW": "現貨" } : { en: "perpetuals", "zh-TW": "永續合約" };
    findings.push(
      finding("fees", "ok", {
        en: `${name.en}: maker ${rates.maker}, taker ${rates.taker} (${source.en})`,
        "zh-TW": `${name["zh-TW"]}：maker ${rates.maker}，taker ${rates.taker}（${source["zh-TW"]}）`,
      }),
    );
  }
  const symbol = markets.find((market) => market.swap === true)?.symbol ?? markets[0]?.symbol;
  if (!isSignedIn || symbol === undefined || exchange.has.fetchTradingFee !== true) return findings;
  return [...findings, await tierFinding(exchange, symbol)];
}

async function tierFinding(exchange: OpenedExchange["exchange"], symbol: string): Promise<Finding> {
  try {
    const row = await exchange.fetchTradingFee(symbol);
    const [maker, taker] = [text(row, "maker"), text(row, "taker")];
    if (maker === null || taker === null) throw new Error("no rates in the answer");
    const rates = `maker ${percent(maker)}, taker ${percent(taker)}`;
    return finding("tier", "ok", { en: `this account on ${symbol}: ${rates}`, "zh-TW": `此帳戶於 ${symbol}：${rates}` });
  } catch (error) {
    const said = wordsOf(error);
    return finding("tier", "skipped", {
      en: `the account's own rates are not told (${said.en})`,
      "zh-TW": `未提供帳戶的費率（${said["zh-TW"]}）`,
    });
  }
}

/** How many orders and positions are open, and whose the orders are. */
export async function holdingFindings({ exchange, quirks }: OpenedExchange): Promise<readonly Finding[]> {
  // Asked for all symbols at once on purpose.
  Object.assign(exchange.options, {
    warnOnFetchOpenOrdersWithoutSymbol: false,
    fetchOpenOrders: { ...(exchange.options.fetchOpenOrders as Params | undefined), warnIfNoSymbol: false },
  });
  const hasPerps = quirks.kinds.includes("perp");
  const [orders, positions] = await Promise.all([exchange.fetchOpenOrders(), hasPerps ? exchange.fetchPositions() : []]);
  const isOurs = ({ clientOrderId }: CcxtOrder): boolean => decodeClientOrderId(quirks.idIn(clientOrderId ?? "") ?? "") !== null;
  const ours = orders.filter(isOurs).length;
  const held = positions.flatMap((position) => {
    const quantity = money(quirks.positionQuantity(position));
    return quantity.eq(0) ? [] : [`${position.symbol} ${quantity.toFixed()}`];
  });
  const list = held.length === 0 ? "" : `: ${held.slice(0, NAMED_MAX).join(", ")}${held.length > NAMED_MAX ? " …" : ""}`;
  return [
    finding("orders", "ok", {
      en: `${orders.length} open, ${ours} of them Botswain's`,
      "zh-TW": `${orders.length} 筆未成交，其中 ${ours} 筆屬於 Botswain`,
    }),
    finding("positions", "ok", { en: `${held.length} open${list}`, "zh-TW": `${held.length} 個持倉${list}` }),
  ];
}
