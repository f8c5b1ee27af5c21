// `/stop`: ends a bot; asks whether to keep or flatten a position that it holds.

import { z } from "zod";
import { argument } from "../core/chat/command-argument.ts";
import { estimateFlattenLoss } from "../core/chat/flatten.ts";
import { type BotOverview, defineCommand, type Question } from "../core/command.ts";
import { join, type Text } from "../core/text.ts";
import { BOT_OR_ALL, chosenBots } from "./parts/bot-choice.ts";
import { type ChangeWords, changeBots } from "./parts/change-reply.ts";
import { botWithMode, isHeld, shownMoney, shownPosition } from "./parts/shown-values.ts";

const WORDS: ChangeWords = {
  doing: { en: "Stopping", "zh-TW": "正在停止" },
  done: { en: "stopped", "zh-TW": "已停止" },
  notDone: { en: "was not stopped", "zh-TW": "未能停止" },
};

export default defineCommand({
  name: "stop",
  summary: { en: "Stop a bot and cancel its orders; keep or flatten its position", "zh-TW": "停止機器人並撤銷其掛單；部位可保留或平倉" },
  args: z.object({
    bot: BOT_OR_ALL,
    position: argument(z.enum(["keep", "flatten"]).optional(), {
      description: { en: "keep or flatten the position", "zh-TW": "keep 保留部位，flatten 平倉" },
      right: { en: "keep or flatten", "zh-TW": " keep（保留）或 flatten（平倉）" },
    }),
  }),
  role: "operator",
  async confirm({ bot, position }, { fleet }) {
    if (position === "keep") return null;
    const holding = (await chosenBots(fleet, bot)).filter(({ status }) => isHeld(status.position));
    return holding.length === 0 ? null : questionAbout(holding, bot, position === "flatten");
  },
  async run({ bot, position }, context) {
    const bots = await chosenBots(context.fleet, bot);
    return changeBots(context, bots, WORDS, (botId) => ({ type: "stop", botId, flatten: position === "flatten" }));
  },
});

function holds({ id, config, status }: BotOverview): Text {
  const bot = botWithMode(id, config.mode);
  const price = status.lastPrice ?? status.averageEntryPrice;
  const loss = price === null ? null : `${shownMoney(estimateFlattenLoss(status.position, price))} ${status.currency}`;
  const position = shownPosition(status);
  return {
    en: `${bot.en} holds ${position}${loss === null ? "" : `; flattening may cost about ${loss}`}.`,
    "zh-TW": `${bot["zh-TW"]} 持有 ${position}${loss === null ? "" : `；平倉成本估計約 ${loss}`}。`,
  };
}

/** Who typed `flatten` is asked about that alone. */
function questionAbout(holding: readonly BotOverview[], choice: string, isFlattenTyped: boolean): Question {
  const keep = { label: { en: "Keep the position", "zh-TW": "保留部位" }, line: `/stop ${choice} keep`, style: "primary" } as const;
  const flatten = { label: { en: "Flatten", "zh-TW": "平倉" }, line: `/stop ${choice} flatten`, style: "danger" } as const;
  return {
    text: isFlattenTyped
      ? { en: "Stop and close the position at the market?", "zh-TW": "要停止並以市價平倉嗎？" }
      : { en: "Stop: keep the position, or flatten it?", "zh-TW": "停止後要保留部位，還是平倉？" },
    blocks: [{ type: "text", text: join(holding.map(holds), "\n") }],
    choices: isFlattenTyped ? [flatten, keep] : [keep, flatten],
  };
}
