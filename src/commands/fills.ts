// `/fills`: the newest fills of a bot.

import { z } from "zod";
import { argument } from "../core/chat/command-argument.ts";
import { sideWord } from "../core/chat/words.ts";
import { defineCommand } from "../core/command.ts";
import { BOT, chosenBot } from "./parts/bot-choice.ts";
import { botWithMode, shownMoney, shownTime, signedMoney } from "./parts/shown-values.ts";

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 1_000;
/** A chat shows no longer table; `data` holds all that was asked for. */
const ROWS_MAX = 100;

const limit = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number)
  .pipe(z.number().min(1).max(LIMIT_MAX))
  .optional();

export default defineCommand({
  name: "fills",
  summary: { en: "Show the newest fills of a bot", "zh-TW": "顯示機器人最近的成交" },
  args: z.object({
    bot: BOT,
    limit: argument(limit, {
      description: {
        en: `How many, 1 to ${LIMIT_MAX}; default ${LIMIT_DEFAULT}`,
        "zh-TW": `筆數，1 到 ${LIMIT_MAX}，預設 ${LIMIT_DEFAULT}`,
      },
      right: { en: `a whole number from 1 to ${LIMIT_MAX}`, "zh-TW": ` 1 到 ${LIMIT_MAX} 的整數` },
    }),
  }),
  role: "viewer",
  async run({ bot, limit: count = LIMIT_DEFAULT }, { fleet, invocation }) {
    const { id, config } = await chosenBot(fleet, bot);
    const fills = await fleet.fills(id, count);
    const name = botWithMode(id, config.mode);
    return {
      tone: "neutral",
      title:
        fills.length === 0
          ? { en: `${name.en}: no fills yet`, "zh-TW": `${name["zh-TW"]}：尚無成交` }
          : { en: `${name.en}: newest ${fills.length} fills`, "zh-TW": `${name["zh-TW"]}：最近 ${fills.length} 筆成交` },
      blocks:
        fills.length === 0
          ? []
          : [
              {
                type: "table",
                columns: [
                  { en: "time (UTC)", "zh-TW": "時間（UTC）" },
                  { en: "side", "zh-TW": "方向" },
                  { en: "price", "zh-TW": "價格" },
                  { en: "quantity", "zh-TW": "數量" },
                  { en: "fee", "zh-TW": "手續費" },
                  { en: "realized", "zh-TW": "已實現損益" },
                ],
                rows: fills
                  .slice(0, ROWS_MAX)
                  .map((fill) => [
                    shownTime(fill.at),
                    sideWord(fill.side)[invocation.language],
                    fill.price,
                    fill.quantity,
                    `${shownMoney(fill.fee)} ${fill.feeCurrency}`,
                    signedMoney(fill.realizedPnl),
                  ]),
              },
            ],
      data: { bot: id, mode: config.mode, fills },
    };
  },
});
