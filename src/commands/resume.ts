// `/resume`: undoes a pause, and a halt that was no panic; `reset-peak` also lets the drawdown count from now on.

import { z } from "zod";
import { argument } from "../core/chat/command-argument.ts";
import { type Block, type BotOverview, defineCommand, type Role } from "../core/command.ts";
import { money, text } from "../core/money.ts";
import { plain, type Text, UserError } from "../core/text.ts";
import { BOT_OR_ALL, startedBots } from "./parts/bot-choice.ts";
import { type ChangeWords, changeBots } from "./parts/change-reply.ts";
import { botWithMode, signedMoney } from "./parts/shown-values.ts";

const WORDS: ChangeWords = {
  doing: { en: "Resuming", "zh-TW": "正在恢復" },
  done: { en: "resumed", "zh-TW": "已恢復執行" },
  notDone: { en: "was not resumed", "zh-TW": "未能恢復" },
};

/** Phones make one long dash of two short ones. */
const RESET_PEAK = /^(?:--|—|–)?reset-?peak$/i;

export default defineCommand({
  name: "resume",
  summary: { en: "Resume a paused or halted bot", "zh-TW": "恢復已暫停或已停機的機器人" },
  args: z.object({
    bot: BOT_OR_ALL,
    option: argument(z.string().trim().regex(RESET_PEAK).optional(), {
      description: { en: "reset-peak: the drawdown counts from now on (admins)", "zh-TW": "reset-peak：從現在起重新計算回落（限管理員）" },
      right: { en: "reset-peak or nothing", "zh-TW": " reset-peak 或留空" },
    }),
  }),
  role: "operator",
  async confirm({ bot: choice, option }, { fleet, role }) {
    if (option === undefined) return null;
    refuseReset(role);
    const bots = await startedBots(fleet, choice);
    return {
      text: {
        en: "Resume, and let the drawdown count from the net profit of now?",
        "zh-TW": "要恢復執行，並從目前的淨損益重新計算回落嗎？",
      },
      blocks: [numbersOf(bots)],
      choices: [{ label: { en: "Reset and resume", "zh-TW": "重設並恢復" }, line: `/resume ${choice} reset-peak`, style: "danger" }],
    };
  },
  async run({ bot, option }, context) {
    if (option !== undefined) refuseReset(context.role);
    const change = option === undefined ? {} : { resetPeak: true };
    return changeBots(context, await startedBots(context.fleet, bot), WORDS, (botId) => ({ type: "resume", botId, ...change }));
  },
});

function refuseReset(role: Role): void {
  if (role === "admin") return;
  throw new UserError(
    { en: "Only an admin may reset the peak that the drawdown counts from.", "zh-TW": "只有管理員可以重設計算回落的高點。" },
    "role",
  );
}

function numbersOf(bots: readonly BotOverview[]): Block {
  return { type: "fields", fields: bots.map((bot) => ({ label: botWithMode(bot.id, bot.config.mode), value: fallOf(bot) })) };
}

/** `peak +5, now -1 USDC: 6 below it, the limit is 4`. */
function fallOf({ config, status }: BotOverview): Text {
  const limit = config.risk.maxDrawdown;
  const { peakPnl, netPnl, currency } = status;
  if (peakPnl === undefined) return plain("-");
  const fall = text(money(peakPnl).minus(netPnl));
  const numbers = { peak: signedMoney(peakPnl), now: signedMoney(netPnl), fall: signedMoney(fall).replace("+", "") };
  return {
    en: `peak ${numbers.peak}, now ${numbers.now} ${currency}: ${numbers.fall} below it, ${limit === undefined ? "no limit" : `the limit is ${limit}`}`,
    "zh-TW": `高點 ${numbers.peak}，目前 ${numbers.now} ${currency}：回落 ${numbers.fall}，${limit === undefined ? "未設上限" : `上限 ${limit}`}`,
  };
}
