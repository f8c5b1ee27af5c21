// `/bots`, also `/list`: every configured bot, what is wanted of it and what it does.

import { z } from "zod";
import { desiredWord, modeWord, stateWord } from "../core/chat/words.ts";
import { type BotOverview, defineCommand } from "../core/command.ts";
import { NO_BOTS } from "./parts/bot-choice.ts";

export default defineCommand({
  name: "bots",
  aliases: ["list"],
  summary: { en: "List all bots", "zh-TW": "列出所有機器人" },
  args: z.object({}),
  role: "viewer",
  async run(_args, { fleet, invocation }) {
    const bots = await fleet.bots();
    if (bots.length === 0) return { tone: "neutral", title: NO_BOTS, blocks: [], data: { bots: [] } };
    const { language } = invocation;
    return {
      tone: "neutral",
      title: { en: bots.length === 1 ? "1 bot" : `${bots.length} bots`, "zh-TW": `${bots.length} 個機器人` },
      blocks: [
        {
          type: "table",
          columns: [
            { en: "bot", "zh-TW": "機器人" },
            { en: "mode", "zh-TW": "模式" },
            { en: "state", "zh-TW": "狀態" },
            { en: "desired", "zh-TW": "目標" },
            { en: "strategy", "zh-TW": "策略" },
            { en: "exchange/account", "zh-TW": "交易所／帳戶" },
            { en: "symbol", "zh-TW": "交易標的" },
          ],
          rows: bots.map(({ id, desired, strategy, symbol, config, status }) => [
            id,
            modeWord(config.mode)[language],
            stateWord(status.state)[language],
            desiredWord(desired)[language],
            strategy,
            `${config.exchange}/${config.account}`,
            symbol,
          ]),
        },
      ],
      data: { bots: bots.map(botData) },
    };
  },
});

function botData({ id, desired, halted, strategy, symbol, config, status }: BotOverview): Readonly<Record<string, unknown>> {
  const { exchange, account, mode, tags } = config;
  return { id, mode, state: status.state, desired, halted, strategy, exchange, account, symbol, tags };
}
