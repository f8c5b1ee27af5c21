// `/status`: a table of all bots, or everything known of one.

import { z } from "zod";
import { desiredWord, modeWord, stateWord } from "../core/chat/words.ts";
import { type CommandContext, defineCommand, type Reply } from "../core/command.ts";
import type { BotStatus } from "../core/status.ts";
import { join, plain, type Text } from "../core/text.ts";
import { ALL, chosenBot, NO_BOTS, OPTIONAL_BOT_OR_ALL } from "./parts/bot-choice.ts";
import { botWithMode, shownAge, shownMoney, shownPerp, shownPosition, shownState, shownTime, signedMoney } from "./parts/shown-values.ts";

export default defineCommand({
  name: "status",
  summary: { en: "Show how all bots are, or one in full", "zh-TW": "顯示所有機器人的狀況，或單一機器人的完整資訊" },
  args: z.object({ bot: OPTIONAL_BOT_OR_ALL }),
  role: "viewer",
  async run({ bot }, context) {
    if (bot === undefined || bot === ALL) return statusOfAll(context);
    return statusOfOne((await chosenBot(context.fleet, bot)).status, context);
  },
});

async function statusOfAll({ fleet, invocation }: CommandContext): Promise<Reply> {
  const [bots, panic] = await Promise.all([fleet.bots(), fleet.panicked()]);
  const statuses = bots.map(({ status }) => status);
  if (statuses.length === 0) return { tone: "neutral", title: NO_BOTS, blocks: [], data: { bots: [] } };
  const running = statuses.filter(({ state }) => state === "running").length;
  const isBad = panic !== null || statuses.some(({ state }) => state === "halted" || state === "failed" || state === "unreachable");
  const warning: Text | null =
    panic === null
      ? null
      : {
          en: `Panic since ${shownTime(panic.at)} UTC by ${panic.by}; nothing starts before /panic clear.`,
          "zh-TW": `緊急停機中（${shownTime(panic.at)} UTC，由 ${panic.by} 觸發）；輸入 /panic clear 之前無法啟動任何機器人。`,
        };
  return {
    tone: isBad ? "bad" : "neutral",
    title: { en: `${running} of ${statuses.length} bots running`, "zh-TW": `${statuses.length} 個機器人中有 ${running} 個執行中` },
    blocks: [
      ...(warning === null ? [] : [{ type: "text" as const, text: warning }]),
      { type: "table", columns: COLUMNS, rows: statuses.map((status) => rowOf(status, invocation.language)) },
    ],
    data: { bots: statuses },
  };
}

const COLUMNS: readonly Text[] = [
  { en: "bot", "zh-TW": "機器人" },
  { en: "mode", "zh-TW": "模式" },
  { en: "state", "zh-TW": "狀態" },
  { en: "position", "zh-TW": "部位" },
  { en: "price", "zh-TW": "價格" },
  { en: "net", "zh-TW": "淨損益" },
  { en: "orders", "zh-TW": "掛單" },
  { en: "fills", "zh-TW": "成交" },
  { en: "tick", "zh-TW": "行情" },
];

function rowOf(status: BotStatus, language: keyof Text): readonly string[] {
  return [
    status.id,
    modeWord(status.mode)[language],
    stateWord(status.state)[language],
    status.position,
    status.lastPrice ?? "-",
    `${signedMoney(status.netPnl)} ${status.currency}`,
    String(status.openOrders),
    String(status.fills),
    shownAge(status.lastTickAgeMs)[language],
  ];
}

function statusOfOne(status: BotStatus, { now }: CommandContext): Reply {
  const isBad = status.state === "halted" || status.state === "failed" || status.state === "unreachable";
  const name = botWithMode(status.id, status.mode);
  const state = shownState(status, now);
  const fields = [...tradingFields(status, now), ...moneyFields(status), ...processFields(status, now)];
  return {
    tone: isBad ? "bad" : "neutral",
    title: { en: `${name.en}: ${state.en}`, "zh-TW": `${name["zh-TW"]}：${state["zh-TW"]}` },
    blocks: [{ type: "fields", fields }],
    data: { bots: [status] },
  };
}

interface FieldRow {
  readonly label: Text;
  readonly value: Text;
}

function field(en: string, zh: string, value: Text | string): FieldRow {
  return { label: { en, "zh-TW": zh }, value: typeof value === "string" ? plain(value) : value };
}

function tradingFields(status: BotStatus, now: number): readonly FieldRow[] {
  const entry = status.averageEntryPrice;
  const position = shownPosition(status);
  const unknown = status.unknownOrders;
  return [
    field("Mode", "模式", modeWord(status.mode)),
    field("State", "狀態", shownState(status, now)),
    field("Desired", "目標", desiredWord(status.desired)),
    field("Strategy", "策略", status.strategy),
    field("Market", "市場", `${status.exchange}/${status.account} ${status.symbol}`),
    field("Position", "部位", entry === null ? position : { en: `${position} at ${entry}`, "zh-TW": `${position}，均價 ${entry}` }),
    ...ownLeg(status).map((leg) => field("Held with", "持倉方式", shownPerp(leg))),
    ...otherLegs(status).map((leg) => {
      const name = `${leg.exchange}/${leg.account} ${leg.symbol}`;
      return field(`On ${name}`, name, shownLeg(leg));
    }),
    ...(status.residual === null ? [] : [field("To hedge", "待對沖", status.residual)]),
    field("Price", "價格", status.lastPrice ?? "-"),
    field("Range", "區間", status.lower === null || status.upper === null ? "-" : `${status.lower} – ${status.upper}`),
    field(
      "Open orders",
      "掛單",
      unknown === 0
        ? String(status.openOrders)
        : { en: `${status.openOrders} (${unknown} unknown)`, "zh-TW": `${status.openOrders}（${unknown} 筆未知）` },
    ),
    field("Fills", "成交", { en: `${status.fills} (${status.pairs} pairs)`, "zh-TW": `${status.fills}（${status.pairs} 組）` }),
    field("Last tick", "最新行情", ago(status.lastTickAgeMs)),
  ];
}

type ShownLegs = NonNullable<BotStatus["legs"]>;

/** The leg on the bot's own symbol, when the exchange told how it holds it. */
function ownLeg(status: BotStatus): ShownLegs {
  return (status.legs ?? []).filter((leg) => isOwn(status, leg) && isPerpTold(leg));
}

/** What the bot holds besides its own symbol. */
function otherLegs(status: BotStatus): ShownLegs {
  return (status.legs ?? []).filter((leg) => !isOwn(status, leg));
}

function isOwn({ exchange, account, symbol }: BotStatus, leg: ShownLegs[number]): boolean {
  return leg.exchange === exchange && leg.account === account && leg.symbol === symbol;
}

function isPerpTold({ leverage, marginMode }: ShownLegs[number]): boolean {
  return leverage !== undefined || marginMode !== undefined;
}

function shownLeg(leg: ShownLegs[number]): Text {
  const held = plain(`${leg.position} ${leg.base}`);
  return isPerpTold(leg) ? join([held, shownPerp(leg)], ", ") : held;
}

function moneyFields(status: BotStatus): readonly FieldRow[] {
  const { currency, unpairedPnl } = status;
  const signed = (value: string): string => `${signedMoney(value)} ${currency}`;
  return [
    field("Realized PnL", "已實現損益", signed(status.realizedPnl)),
    field("Unrealized PnL", "未實現損益", signed(status.unrealizedPnl)),
    field("Grid profit", "網格利潤", signed(status.gridProfit)),
    ...(unpairedPnl === null ? [] : [field("Unpaired PnL", "未配對損益", signed(unpairedPnl))]),
    field("Fees", "手續費", shownFees(status)),
    field("Funding", "資金費", signed(status.funding)),
    field("Net PnL", "淨損益", signed(status.netPnl)),
    field("Volume", "成交額", `${shownMoney(status.volume)} ${currency}`),
    field("Wear rate", "磨損率", `${status.wearRate}%`),
    ...status.values.map(({ label, value }) => ({ label, value: plain(value) })),
  ];
}

/** Fees in currencies without a price are named beside the sum, which leaves them out. */
function shownFees({ fees, otherFees, currency }: BotStatus): Text | string {
  const others = Object.entries(otherFees).map(([name, amount]) => `${amount} ${name}`);
  const sum = `${shownMoney(fees)} ${currency}`;
  if (others.length === 0) return sum;
  const list = others.join(", ");
  return { en: `${sum}, and ${list} not converted`, "zh-TW": `${sum}，另有 ${list} 未換算` };
}

function processFields(status: BotStatus, now: number): readonly FieldRow[] {
  const { host, pid, startedAt } = status;
  const since = startedAt === null ? "" : `, ${shownTime(startedAt)} UTC`;
  return [
    field("Epoch", "世代", String(status.epoch)),
    field("Process", "程序", pid === null ? "-" : `${host ?? "-"} pid ${pid}${since}`),
    field("Numbers of", "數據時間", ago(now - status.updatedAt)),
    field("Last error", "最近錯誤", status.lastError ?? "-"),
    ...(status.haltReason === null ? [] : [field("Halted because", "停機原因", status.haltReason)]),
    ...(status.note === null ? [] : [field("Note", "備註", status.note)]),
  ];
}

function ago(ageMs: number | null): Text {
  const age = shownAge(ageMs);
  return ageMs === null ? age : { en: `${age.en} ago`, "zh-TW": `${age["zh-TW"]}前` };
}
