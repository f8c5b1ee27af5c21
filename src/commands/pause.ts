// `/pause`: no new openings; closing orders and the risk gate stay at work.

import { z } from "zod";
import { defineCommand } from "../core/command.ts";
import { BOT_OR_ALL, startedBots } from "./parts/bot-choice.ts";
import { type ChangeWords, changeBots } from "./parts/change-reply.ts";

const WORDS: ChangeWords = {
  doing: { en: "Pausing", "zh-TW": "正在暫停" },
  done: { en: "paused", "zh-TW": "已暫停" },
  notDone: { en: "was not paused", "zh-TW": "未能暫停" },
};

export default defineCommand({
  name: "pause",
  summary: { en: "Pause a bot: no new openings, closing orders stay", "zh-TW": "暫停機器人：不再開新倉，平倉單繼續" },
  args: z.object({ bot: BOT_OR_ALL }),
  role: "operator",
  async run({ bot }, context) {
    return changeBots(context, await startedBots(context.fleet, bot), WORDS, (botId) => ({ type: "pause", botId }));
  },
});
