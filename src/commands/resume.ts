// `/resume`: undoes a pause, and a halt that was no panic.

import { z } from "zod";
import { defineCommand } from "../core/command.ts";
import { BOT_OR_ALL, startedBots } from "./parts/bot-choice.ts";
import { type ChangeWords, changeBots } from "./parts/change-reply.ts";

const WORDS: ChangeWords = {
  doing: { en: "Resuming", "zh-TW": "正在恢復" },
  done: { en: "resumed", "zh-TW": "已恢復執行" },
  notDone: { en: "was not resumed", "zh-TW": "未能恢復" },
};

export default defineCommand({
  name: "resume",
  summary: { en: "Resume a paused or halted bot", "zh-TW": "恢復已暫停或已停機的機器人" },
  args: z.object({ bot: BOT_OR_ALL }),
  role: "operator",
  async run({ bot }, context) {
    return changeBots(context, await startedBots(context.fleet, bot), WORDS, (botId) => ({ type: "resume", botId }));
  },
});
