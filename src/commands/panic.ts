// `/panic`: halts at once, without a question, and says per bot what is proven; `/panic clear` lets bots start again.

import { z } from "zod";
import { argument } from "../core/chat/command-argument.ts";
import { estimateFlattenLoss, FLATTEN_FEE_BPS, FLATTEN_SLIPPAGE_BPS } from "../core/chat/flatten.ts";
import { type Block, type BotOverview, type ChangeOutcome, type CommandContext, defineCommand, type Reply } from "../core/command.ts";
import { money, text } from "../core/money.ts";
import { join, plain, type Text, UserError } from "../core/text.ts";
import { ALL, chosenBot, NO_BOTS } from "./parts/bot-choice.ts";
import { type ChangeWords, outcomeData, outcomesReply } from "./parts/change-reply.ts";
import { botWithMode, isHeld, shownMoney, shownPosition } from "./parts/shown-values.ts";

const CLEAR_WORDS: ChangeWords = {
  doing: { en: "Clearing the panic of", "zh-TW": "正在解除緊急停機" },
  done: { en: "panic cleared; it may be started again", "zh-TW": "已解除緊急停機，可以重新啟動" },
  notDone: { en: "panic was not cleared", "zh-TW": "未能解除緊急停機" },
};

export default defineCommand({
  name: "panic",
  summary: {
    en: "Halt bots and cancel their orders at once; flatten also closes positions",
    "zh-TW": "立即停機並撤銷掛單；flatten 同時平倉",
  },
  args: z.object({
    bot: argument(z.string().trim().toLowerCase().max(40).optional(), {
      description: {
        en: "Name of the bot, or all (default); clear ends the panic",
        "zh-TW": "機器人名稱或 all（預設）；clear 解除緊急停機",
      },
      right: { en: "a bot's name, all, flatten or clear", "zh-TW": "機器人名稱、all、flatten 或 clear" },
    }),
    action: argument(z.string().trim().toLowerCase().max(40).optional(), {
      description: { en: "flatten to close positions too; clear to end the panic", "zh-TW": "flatten 同時平倉；clear 解除緊急停機" },
      right: { en: "flatten or clear", "zh-TW": " flatten 或 clear" },
    }),
  }),
  role: "operator",
  urgent: true,
  async run({ bot, action }, context) {
    const wish = readWish([bot, action]);
    const target = wish.choice === ALL ? null : (await chosenBot(context.fleet, wish.choice)).id;
    return wish.action === "clear" ? clear(target, context) : panic(target, wish.action === "flatten", context);
  },
});

const LABEL_SUM_MAX = 50;

interface Wish {
  readonly choice: string;
  readonly action: "halt" | "flatten" | "clear";
}

/** `/panic flatten`, `/panic eth_grid flatten`, `/panic clear eth_grid`: the two words may come in any order. */
function readWish(words: readonly (string | undefined)[]): Wish {
  const typed = words.filter((word) => word !== undefined && word !== "");
  const actions = typed.filter((word) => word === "flatten" || word === "clear");
  const names = typed.filter((word) => word !== "flatten" && word !== "clear");
  if (actions.length > 1 || names.length > 1)
    throw new UserError({
      en: `/panic: "${typed.join(" ")}" is not right (give one bot or all, and flatten or clear or neither).`,
      "zh-TW": `/panic：「${typed.join(" ")}」不正確（請輸入一個機器人或 all，可再加 flatten 或 clear 其中之一）。`,
    });
  return { choice: names[0] ?? ALL, action: actions[0] ?? "halt" };
}

async function panic(botId: string | null, flatten: boolean, context: CommandContext): Promise<Reply> {
  const bots = await context.fleet.bots();
  const show = (outcomes: readonly ChangeOutcome[]): void => context.invocation.onProgress?.(progress(bots, outcomes, botId, flatten));
  show([]);
  const outcomes = await context.fleet.change({ type: "panic", botId, flatten }, context.actor, show);
  if (outcomes.length === 0) return { tone: "neutral", title: NO_BOTS, blocks: [], data: { outcomes: [] } };
  const proven = outcomes.filter((outcome) => isProven(outcome)).length;
  const left = outcomes.reduce((sum, outcome) => sum + ordersLeft(outcome), 0);
  const button = flatten ? [] : await flattenButton(bots, outcomes, botId ?? ALL, context);
  return {
    tone: proven === outcomes.length ? "good" : "bad",
    title:
      proven === outcomes.length
        ? { en: `Panic: ${proven} halted, orders left 0 (verified).`, "zh-TW": `緊急停機：${proven} 個已停機，剩餘掛單 0（已確認）。` }
        : {
            en: `Panic: ${proven} of ${outcomes.length} proven halted; orders left ${left} (unconfirmed). It goes on; look with /status.`,
            "zh-TW": `緊急停機：${outcomes.length} 個中有 ${proven} 個確認停機；剩餘掛單 ${left}（未確認）。仍在處理中，可用 /status 查看。`,
          },
    blocks: [
      {
        type: "text",
        text: join(
          outcomes.map((outcome) => sentence(bots, outcome, flatten)),
          "\n",
        ),
      },
      { type: "text", text: { en: "Nothing starts again before /panic clear.", "zh-TW": "輸入 /panic clear 之前不會再啟動。" } },
      ...button,
    ],
    data: { outcomes: outcomes.map(outcomeData) },
  };
}

function progress(bots: readonly BotOverview[], outcomes: readonly ChangeOutcome[], botId: string | null, flatten: boolean): Reply {
  return {
    tone: "neutral",
    title: { en: `Panic: halting ${botId ?? "all bots"}…`, "zh-TW": `緊急停機：正在處理 ${botId ?? "所有機器人"}…` },
    blocks:
      outcomes.length === 0
        ? []
        : [
            {
              type: "text",
              text: join(
                outcomes.map((outcome) => sentence(bots, outcome, flatten)),
                "\n",
              ),
            },
          ],
    data: { progress: true, outcomes: outcomes.map(outcomeData) },
  };
}

/** Orders that may still rest, as far as anybody knows. */
function ordersLeft({ status }: ChangeOutcome): number {
  return status === null ? 0 : status.openOrders + status.unknownOrders;
}

function isProven(outcome: ChangeOutcome): boolean {
  return outcome.outcome === "done" && ordersLeft(outcome) === 0;
}

function sentence(bots: readonly BotOverview[], outcome: ChangeOutcome, flatten: boolean): Text {
  const { botId, status } = outcome;
  const mode = status?.mode ?? bots.find((bot) => bot.id === botId)?.config.mode;
  const bot = mode === undefined ? plain(botId) : botWithMode(botId, mode);
  const position = status === null ? null : shownPosition(status);
  const isOpen = status !== null && isHeld(status.position);
  const held =
    position === null ? plain("") : { en: `, position ${position}${flatten && !isOpen ? " (flat)" : ""}`, "zh-TW": `，部位 ${position}` };
  if (isProven(outcome))
    return {
      en: `${bot.en}: halted, orders left 0 (verified)${held.en}.`,
      "zh-TW": `${bot["zh-TW"]}：已停機，剩餘掛單 0（已確認）${held["zh-TW"]}。`,
    };
  if (outcome.outcome === "failed")
    return { en: `${bot.en}: failed: ${outcome.message.en}`, "zh-TW": `${bot["zh-TW"]}：失敗：${outcome.message["zh-TW"]}` };
  const left = status === null ? plain("?") : plain(String(ordersLeft(outcome)));
  return {
    en: `${bot.en}: the halt is stored and goes on; orders left ${left.en} (unconfirmed)${held.en}.`,
    "zh-TW": `${bot["zh-TW"]}：停機指令已儲存並繼續執行；剩餘掛單 ${left["zh-TW"]}（未確認）${held["zh-TW"]}。`,
  };
}

/** One button for what is still held, with what pressing it may cost per currency. */
async function flattenButton(
  bots: readonly BotOverview[],
  outcomes: readonly ChangeOutcome[],
  choice: string,
  context: CommandContext,
): Promise<readonly Block[]> {
  const statuses = outcomes.map(({ botId, status }) => status ?? bots.find(({ id }) => id === botId)?.status);
  const held = statuses.filter((status) => status !== undefined).filter((status) => isHeld(status.position));
  if (held.length === 0) return [];
  const losses = new Map<string, string>();
  let isPriced = true;
  for (const { position, lastPrice, averageEntryPrice, currency } of held) {
    const price = lastPrice ?? averageEntryPrice;
    if (price === null) isPriced = false;
    else losses.set(currency, text(money(losses.get(currency) ?? "0").plus(estimateFlattenLoss(position, price))));
  }
  const total = [...losses].map(([currency, loss]) => `${shownMoney(loss)} ${currency}`).join(" + ");
  const loss: Text =
    isPriced && total !== ""
      ? { en: `estimated loss ${total}`, "zh-TW": `估計損失 ${total}` }
      : { en: "loss not known: no price", "zh-TW": "缺少價格，無法估計損失" };
  const bounds = `${FLATTEN_SLIPPAGE_BPS / 100} % + ${FLATTEN_FEE_BPS / 100} %`;
  return [
    {
      type: "text",
      text: {
        en: `Positions are left. Flatten closes them reduce-only (${loss.en}; slippage bound and taker fee ${bounds}).`,
        "zh-TW": `仍有部位。「平倉」會以只減倉方式全部平倉（${loss["zh-TW"]}；滑價上限加吃單手續費 ${bounds}）。`,
      },
    },
    {
      type: "buttons",
      buttons: [
        // Sums in many currencies stay in the text above: a button's label holds 80 characters on Discord.
        await context.button(
          total.length > LABEL_SUM_MAX
            ? { en: "Flatten", "zh-TW": "平倉" }
            : { en: `Flatten (${loss.en})`, "zh-TW": `平倉（${loss["zh-TW"]}）` },
          `/panic ${choice} flatten`,
          "danger",
        ),
      ],
    },
  ];
}

async function clear(botId: string | null, context: CommandContext): Promise<Reply> {
  const bots = await context.fleet.bots();
  const outcomes = await context.fleet.change({ type: "panicClear", botId }, context.actor);
  if (outcomes.length > 0) return outcomesReply(context, bots, outcomes, CLEAR_WORDS);
  return { tone: "good", title: { en: "Panic cleared.", "zh-TW": "已解除緊急停機。" }, blocks: [], data: { outcomes: [] } };
}
