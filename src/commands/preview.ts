// `/preview`: what starting a bot, as it is configured, would mean.

import { z } from "zod";
import { defineCommand } from "../core/command.ts";
import { BOT, chosenBot } from "./parts/bot-choice.ts";
import { previewBlocks } from "./parts/preview-fields.ts";
import { botWithMode } from "./parts/shown-values.ts";

export default defineCommand({
  name: "preview",
  summary: { en: "What a bot needs and could lose", "zh-TW": "試算機器人所需資金與可能虧損" },
  args: z.object({ bot: BOT }),
  role: "viewer",
  async run({ bot: choice }, { fleet }) {
    const bot = await chosenBot(fleet, choice);
    const preview = await fleet.preview(bot.id);
    const name = botWithMode(bot.id, bot.config.mode);
    return {
      tone: "neutral",
      title: {
        en: `${name.en}: ${bot.strategy} on ${bot.symbol}, as configured`,
        "zh-TW": `${name["zh-TW"]}：${bot.strategy}，${bot.symbol}，依目前設定`,
      },
      blocks: previewBlocks(preview),
      data: { bot: bot.id, preview },
    };
  },
});
