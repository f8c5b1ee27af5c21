// `/restart`: a fresh process for a bot; its orders are kept and adopted.

import { z } from "zod";
import { defineCommand } from "../core/command.ts";
import { BOT_OR_ALL, startedBots } from "./parts/bot-choice.ts";
import { type ChangeWords, changeBots } from "./parts/change-reply.ts";

const WORDS: ChangeWords = {
  doing: { en: "Restarting", "zh-TW": "正在重新啟動" },
  done: { en: "restarted", "zh-TW": "已重新啟動" },
  notDone: { en: "was not restarted", "zh-TW": "未能重新啟動" },
};

export default defineCommand({
  name: "restart",
  summary: { en: "Restart a bot in a fresh process; its orders are kept", "zh-TW": "以全新程序重新啟動機器人；掛單保留" },
  args: z.object({ bot: BOT_OR_ALL }),
  role: "operator",
  async run({ bot }, context) {
    return changeBots(context, await startedBots(context.fleet, bot), WORDS, (botId) => ({ type: "restart", botId }));
  },
});
