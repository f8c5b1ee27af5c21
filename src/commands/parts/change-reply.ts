// Carries out changes of bots and words honestly how each ended: done, failed, or stored and going on.

import type { Block, BotOverview, ChangeOutcome, CommandContext, FleetChange, Reply } from "../../core/command.ts";
import { join, plain, type Text, UserError } from "../../core/text.ts";
import { botWithMode, shownPosition, shownState } from "./shown-values.ts";

/** The words of one kind of change. */
export interface ChangeWords {
  /** `Starting`. */
  readonly doing: Text;
  /** `started`. */
  readonly done: Text;
  /** `was not started`. */
  readonly notDone: Text;
}

/** Changes several bots at once and replies when all have ended or their deadlines passed. */
export async function changeBots(
  context: CommandContext,
  bots: readonly BotOverview[],
  words: ChangeWords,
  changeOf: (botId: string) => FleetChange,
): Promise<Reply> {
  const known = new Map<string, ChangeOutcome>();
  const report = (): void => context.invocation.onProgress?.(progressReply(bots, known, words));
  report();
  const settled = await Promise.allSettled(
    bots.map(async (bot) => {
      const outcomes = await changeOne(context, bot, bots.length > 1, changeOf(bot.id));
      for (const outcome of outcomes) known.set(outcome.botId, outcome);
      report();
    }),
  );
  for (const result of settled) if (result.status === "rejected") throw result.reason;
  return outcomesReply(context, bots, [...known.values()], words);
}

/** One bot's refusal must not hide what became of the others, so among several it is an outcome. */
async function changeOne(
  context: CommandContext,
  bot: BotOverview,
  isOneOfMany: boolean,
  change: FleetChange,
): Promise<readonly ChangeOutcome[]> {
  try {
    return await context.fleet.change(change, context.actor);
  } catch (error) {
    if (!isOneOfMany || !(error instanceof UserError)) throw error;
    return [{ botId: bot.id, outcome: "failed", message: error.text, status: null }];
  }
}

function modeOf(bots: readonly BotOverview[], outcome: ChangeOutcome): Text {
  const mode = outcome.status?.mode ?? bots.find((bot) => bot.id === outcome.botId)?.config.mode;
  return mode === undefined ? plain(outcome.botId) : botWithMode(outcome.botId, mode);
}

/** One sentence about how one bot's change ended. */
export function outcomeSentence(bots: readonly BotOverview[], outcome: ChangeOutcome, words: ChangeWords): Text {
  const bot = modeOf(bots, outcome);
  switch (outcome.outcome) {
    case "done":
      return { en: `${bot.en}: ${words.done.en}.`, "zh-TW": `${bot["zh-TW"]}：${words.done["zh-TW"]}。` };
    case "failed":
      return {
        en: `${bot.en}: ${words.notDone.en}: ${outcome.message.en}`,
        "zh-TW": `${bot["zh-TW"]}：${words.notDone["zh-TW"]}：${outcome.message["zh-TW"]}`,
      };
    case "unconfirmed":
      return {
        en: `${bot.en}: not confirmed yet; it is stored and goes on, look with /status ${outcome.botId}.`,
        "zh-TW": `${bot["zh-TW"]}：尚未確認；指令已儲存並會繼續執行，可用 /status ${outcome.botId} 查看。`,
      };
    case "expired":
      return {
        en: `${bot.en}: ${words.notDone.en}, because nobody took the command in time; send it again.`,
        "zh-TW": `${bot["zh-TW"]}：${words.notDone["zh-TW"]}，指令逾時未被處理，請重新輸入。`,
      };
  }
}

function progressReply(bots: readonly BotOverview[], known: ReadonlyMap<string, ChangeOutcome>, words: ChangeWords): Reply {
  const names = join(
    bots.map((bot) => botWithMode(bot.id, bot.config.mode)),
    ", ",
  );
  const blocks: readonly Block[] =
    bots.length > 1 && known.size > 0 ? [{ type: "text", text: sentences(bots, [...known.values()], words) }] : [];
  return {
    tone: "neutral",
    title: { en: `${words.doing.en} ${names.en}…`, "zh-TW": `${words.doing["zh-TW"]} ${names["zh-TW"]}…` },
    blocks,
    data: { progress: true, outcomes: [...known.values()].map(outcomeData) },
  };
}

function sentences(bots: readonly BotOverview[], outcomes: readonly ChangeOutcome[], words: ChangeWords): Text {
  return join(
    outcomes.map((outcome) => outcomeSentence(bots, outcome, words)),
    "\n",
  );
}

/** An outcome for programs. */
export function outcomeData(outcome: ChangeOutcome): Readonly<Record<string, unknown>> {
  return { bot: outcome.botId, outcome: outcome.outcome, message: outcome.message.en, status: outcome.status };
}

/** What is left at the exchange, as far as the outcome proves it. */
function provenFields(context: CommandContext, outcome: ChangeOutcome): readonly Block[] {
  const { status } = outcome;
  if (status === null) return [];
  const unknown =
    status.unknownOrders === 0 ? plain("") : { en: ` (${status.unknownOrders} unknown)`, "zh-TW": `（${status.unknownOrders} 筆未知）` };
  return [
    {
      type: "fields",
      fields: [
        { label: { en: "State", "zh-TW": "狀態" }, value: shownState(status, context.now) },
        { label: { en: "Position", "zh-TW": "部位" }, value: plain(shownPosition(status)) },
        { label: { en: "Open orders", "zh-TW": "掛單" }, value: join([plain(String(status.openOrders)), unknown], "") },
      ],
    },
  ];
}

/** The final reply: good only when every bot's change is proven done. */
export function outcomesReply(
  context: CommandContext,
  bots: readonly BotOverview[],
  outcomes: readonly ChangeOutcome[],
  words: ChangeWords,
): Reply {
  const done = outcomes.filter((outcome) => outcome.outcome === "done").length;
  const data = { outcomes: outcomes.map(outcomeData) };
  const tone = done === outcomes.length && done > 0 ? "good" : "bad";
  const [only, ...others] = outcomes;
  if (only !== undefined && others.length === 0) {
    const message: readonly Block[] = only.outcome === "done" && only.message.en !== "" ? [{ type: "text", text: only.message }] : [];
    return { tone, title: outcomeSentence(bots, only, words), blocks: [...message, ...provenFields(context, only)], data };
  }
  return {
    tone,
    title: {
      en: `${done} of ${outcomes.length} bots: ${words.done.en}.`,
      "zh-TW": `${outcomes.length} 個機器人中有 ${done} 個：${words.done["zh-TW"]}。`,
    },
    blocks: [{ type: "text", text: sentences(bots, outcomes, words) }],
    data,
  };
}
