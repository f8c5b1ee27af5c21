// `/start`: greets without an argument, starts a bot with one; real exchanges are asked about first.

import { z } from "zod";
import { usableCommands } from "../core/chat/access.ts";
import { roleWord } from "../core/chat/words.ts";
import { type BotOverview, type CommandContext, defineCommand, type Question, type Reply } from "../core/command.ts";
import { join, plain, UserError } from "../core/text.ts";
import { chosenBots, OPTIONAL_BOT_OR_ALL } from "./parts/bot-choice.ts";
import { type ChangeWords, changeBots } from "./parts/change-reply.ts";
import { commandFields } from "./parts/command-fields.ts";
import { previewBlocks } from "./parts/preview-fields.ts";
import { botWithMode } from "./parts/shown-values.ts";

const WORDS: ChangeWords = {
  doing: { en: "Starting", "zh-TW": "正在啟動" },
  done: { en: "started", "zh-TW": "已啟動" },
  notDone: { en: "was not started", "zh-TW": "未能啟動" },
};

export default defineCommand({
  name: "start",
  summary: { en: "Start a bot; without a name, say hello", "zh-TW": "啟動機器人；不帶名稱時顯示問候與說明" },
  args: z.object({ bot: OPTIONAL_BOT_OR_ALL }),
  role: "operator",
  open: "bare",
  async confirm({ bot }, context) {
    if (bot === undefined) return null;
    const exchanging = (await chosenBots(context.fleet, bot)).filter(({ config }) => config.mode === "live" || config.mode === "testnet");
    return exchanging.length === 0 ? null : questionAbout(exchanging, bot, context);
  },
  async run({ bot }, context) {
    if (bot === undefined) return context.isStranger ? greetStranger(context) : greet(context);
    return changeBots(context, await chosenBots(context.fleet, bot), WORDS, (botId) => ({ type: "start", botId }));
  },
});

async function questionAbout(bots: readonly BotOverview[], choice: string, { fleet }: CommandContext): Promise<Question> {
  const named = bots.map((bot) => botWithMode(bot.id, bot.config.mode));
  const names = join(named, ", ");
  const previews = await Promise.all(bots.map(async (bot) => previewBlocks(await fleet.preview(bot.id))));
  const headed = previews.map((blocks, index) =>
    bots.length === 1 ? blocks : [{ type: "text" as const, text: named[index] ?? plain("") }, ...blocks],
  );
  return {
    text: { en: `Start ${names.en} on a real exchange?`, "zh-TW": `要在真實交易所啟動 ${names["zh-TW"]} 嗎？` },
    blocks: headed.flat(),
    choices: [{ label: { en: "Start", "zh-TW": "啟動" }, line: `/start ${choice}`, style: "danger" }],
  };
}

async function greet(context: CommandContext): Promise<Reply> {
  const bots = await context.fleet.bots();
  const role = roleWord(context.role);
  const names = bots.map((bot) => bot.id);
  const commands = usableCommands(context.commands, context.role);
  return {
    tone: "neutral",
    title: {
      en: `Hello ${context.user.name}, I am Botswain. You are ${role.en}.`,
      "zh-TW": `${context.user.name} 你好，我是 Botswain。你的權限是${role["zh-TW"]}。`,
    },
    blocks: [
      {
        type: "text",
        text:
          names.length === 0
            ? { en: "There is no bot yet.", "zh-TW": "目前還沒有任何機器人。" }
            : {
                en: `Bots: ${names.join(", ")}. Try /start ${names[0]} or /status.`,
                "zh-TW": `機器人：${names.join("、")}。可以試試 /start ${names[0]} 或 /status。`,
              },
      },
      commandFields(commands),
    ],
    data: { role: context.role, bots: names, commands: commands.map(({ name }) => name) },
  };
}

/** Says how to be let in and nothing about the fleet; in a group people who are not on the list are not greeted. */
function greetStranger({ invocation }: CommandContext): Reply {
  if (!invocation.chat.isPrivate)
    throw new UserError({ en: "You are not on the list of people I answer.", "zh-TW": "你不在授權名單中。" }, "refused");
  return {
    tone: "neutral",
    title: { en: "I am Botswain, and you are not on my list.", "zh-TW": "我是 Botswain，你目前不在授權名單中。" },
    blocks: [
      {
        type: "text",
        text: {
          en: "Send /whoami and give the id that it shows to an admin; or, with a pairing code, send /pair CODE.",
          "zh-TW": "請傳送 /whoami，並把顯示的 ID 交給管理員；若你有配對碼，請傳送 /pair CODE。",
        },
      },
    ],
    data: { role: null },
  };
}
