// The wording of every alert, in both languages; every form names the bot and its mode.

import type { Alert, AlertBody } from "../alert.ts";
import { money, rounded } from "../money.ts";
import { plain, type Text } from "../text.ts";
import { cleanLine } from "./clean-text.ts";
import { modeWord, sideWord } from "./words.ts";

/** Longest text from outside (an exchange's message, a crash's cause) that an alert repeats. */
const OUTSIDE_MAX = 300;
const MONEY_DECIMALS = 4;

/** `eth_grid [sim]`; what concerns no single bot is the fleet's. */
function subject({ botId, mode }: Alert): Text {
  const word = modeWord(mode);
  const name: Text = botId === null ? { en: "fleet", "zh-TW": "全體" } : plain(cleanLine(botId, 64));
  return { en: `${name.en} [${word.en}]`, "zh-TW": `${name["zh-TW"]}［${word["zh-TW"]}］` };
}

/** Short heading: `eth_grid [sim]: filled`. */
export function alertTitle(alert: Alert): Text {
  const who = subject(alert);
  const what = heading(alert);
  return { en: `${who.en}: ${what.en}`, "zh-TW": `${who["zh-TW"]}：${what["zh-TW"]}` };
}

/** The whole sentence without the heading's subject, for a body under `alertTitle`. */
export function alertBody(alert: Alert): Text {
  return sentence(alert);
}

/** Heading and sentence in one line, for digests, the terminal and plain channels. */
export function alertText(alert: Alert): Text {
  const who = subject(alert);
  const what = sentence(alert);
  return { en: `${who.en}: ${what.en}`, "zh-TW": `${who["zh-TW"]}：${what["zh-TW"]}` };
}

function heading(alert: AlertBody): Text {
  switch (alert.type) {
    case "filled":
      return { en: "filled", "zh-TW": "成交" };
    case "orderRejected":
      return { en: "order rejected", "zh-TW": "委託遭交易所拒絕" };
    case "orderDenied":
      return { en: "order denied", "zh-TW": "委託未送出" };
    case "crashed":
      return { en: "crashed", "zh-TW": "程序當掉" };
    case "restarted":
      return { en: "running again", "zh-TW": "已恢復執行" };
    case "failed":
      return { en: "failed", "zh-TW": "已失敗" };
    case "halted":
      return { en: "halted", "zh-TW": "已停機" };
    case "riskBreached":
      return { en: "risk limit breached", "zh-TW": "觸及風險限制" };
    case "feedStale":
      return { en: "market data is stale", "zh-TW": "行情中斷" };
    case "rateLimited":
      return { en: "rate limited", "zh-TW": "遭交易所限速" };
    case "mismatch":
      return { en: "position mismatch", "zh-TW": "部位不一致" };
    case "boundary":
      return { en: "range boundary", "zh-TW": "觸及區間邊界" };
    case "residual":
      return { en: "residual left", "zh-TW": "剩餘零頭" };
    case "resource":
      return { en: "resources", "zh-TW": "系統資源" };
    case "note":
      return { en: "note", "zh-TW": "通知" };
  }
}

function outside(value: string): string {
  return cleanLine(value, OUTSIDE_MAX);
}

function outsideText(value: Text): Text {
  return { en: outside(value.en), "zh-TW": outside(value["zh-TW"]) };
}

function sentence(alert: AlertBody): Text {
  switch (alert.type) {
    case "filled":
      return filled(alert);
    case "orderRejected":
      return {
        en: `the exchange rejected an order on ${outside(alert.symbol)} (${outside(alert.code)}): ${outside(alert.message)}`,
        "zh-TW": `交易所拒絕 ${outside(alert.symbol)} 的委託（${outside(alert.code)}）：${outside(alert.message)}`,
      };
    case "orderDenied":
      return {
        en: `an order on ${outside(alert.symbol)} was not sent (${outside(alert.code)}): ${outside(alert.message)}`,
        "zh-TW": `${outside(alert.symbol)} 的委託未送出（${outside(alert.code)}）：${outside(alert.message)}`,
      };
    case "crashed":
      return crashed(alert);
    case "restarted":
      return {
        en: `running again as pid ${alert.pid}, epoch ${alert.epoch}, with ${alert.openOrders} open orders`,
        "zh-TW": `已恢復執行，pid ${alert.pid}、世代 ${alert.epoch}，掛單 ${alert.openOrders} 筆`,
      };
    case "failed":
      return {
        en: `gave up after ${alert.attempts} attempts: ${outside(alert.cause)}; /start tries again`,
        "zh-TW": `重試 ${alert.attempts} 次後放棄：${outside(alert.cause)}；可用 /start 再次啟動`,
      };
    case "halted": {
      const reason = outsideText(alert.reason);
      return { en: `halted: ${reason.en}`, "zh-TW": `已停機：${reason["zh-TW"]}` };
    }
    case "riskBreached": {
      const message = outsideText(alert.message);
      return { en: `risk limit ${outside(alert.code)}: ${message.en}`, "zh-TW": `風險限制 ${outside(alert.code)}：${message["zh-TW"]}` };
    }
    case "feedStale":
      return {
        en: `no market data of ${outside(alert.symbol)} for ${seconds(alert.ageMs)} s`,
        "zh-TW": `${outside(alert.symbol)} 已 ${seconds(alert.ageMs)} 秒沒有行情`,
      };
    case "rateLimited":
      return {
        en: `${outside(alert.exchange)}/${outside(alert.account)} is rate limited until ${utcTime(alert.untilMs)} UTC`,
        "zh-TW": `${outside(alert.exchange)}/${outside(alert.account)} 遭限速至 ${utcTime(alert.untilMs)} UTC`,
      };
    case "mismatch":
      return {
        en: `position of ${outside(alert.symbol)} differs: ours ${outside(alert.ours)}, the exchange's ${outside(alert.theirs)}`,
        "zh-TW": `${outside(alert.symbol)} 部位不一致：我方 ${outside(alert.ours)}，交易所 ${outside(alert.theirs)}`,
      };
    case "boundary": {
      const message = outsideText(alert.message);
      return { en: `${outside(alert.symbol)}: ${message.en}`, "zh-TW": `${outside(alert.symbol)}：${message["zh-TW"]}` };
    }
    case "residual":
      return {
        en: `${outside(alert.quantity)} of ${outside(alert.symbol)} is left, too small to trade; it is carried on`,
        "zh-TW": `${outside(alert.symbol)} 剩餘 ${outside(alert.quantity)}，低於最小交易量，將併入後續交易`,
      };
    case "resource":
    case "note":
      return outsideText(alert.message);
  }
}

function filled(alert: Extract<AlertBody, { readonly type: "filled" }>): Text {
  const { price, quantity, liquidity, currency } = alert;
  const side = sideWord(alert.side);
  const symbol = outside(alert.symbol);
  const fee = `${rounded(alert.fee, MONEY_DECIMALS)} ${outside(alert.feeCurrency)}`;
  const pnl = rounded(alert.realizedPnl, MONEY_DECIMALS);
  const signed = `${money(pnl).gt(0) ? "+" : ""}${pnl} ${outside(currency)}`;
  const maker = liquidity === "maker" ? "掛單" : "吃單";
  return {
    en: `${side.en} ${quantity} ${symbol} at ${price} (${liquidity}, fee ${fee}); position ${alert.position}, realized ${signed}`,
    "zh-TW": `${side["zh-TW"]} ${quantity} ${symbol}，價格 ${price}（${maker}，手續費 ${fee}）；部位 ${alert.position}，已實現損益 ${signed}`,
  };
}

function crashed(alert: Extract<AlertBody, { readonly type: "crashed" }>): Text {
  const cause = outside(alert.cause);
  const { pid, epoch, restartInMs } = alert;
  if (restartInMs === null)
    return {
      en: `pid ${pid} (epoch ${epoch}) ended: ${cause}; it is not restarted`,
      "zh-TW": `程序 pid ${pid}（世代 ${epoch}）已結束：${cause}；不再自動重啟`,
    };
  return {
    en: `pid ${pid} (epoch ${epoch}) ended: ${cause}; restart in ${seconds(restartInMs)} s`,
    "zh-TW": `程序 pid ${pid}（世代 ${epoch}）已結束：${cause}；${seconds(restartInMs)} 秒後重啟`,
  };
}

/** Seconds with one decimal: `0.5`. */
function seconds(ms: number): string {
  return rounded(String(Math.round(ms) / 1000), 1);
}

function utcTime(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
