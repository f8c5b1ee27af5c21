// The `bot` argument that most commands take, and the bots that it names.

import { z } from "zod";
import { BOT_ID } from "../../core/bot-config.ts";
import { cleanLine } from "../../core/chat/clean-text.ts";
import { argument } from "../../core/chat/command-argument.ts";
import { nearestNames } from "../../core/chat/nearest-names.ts";
import type { BotOverview, Fleet } from "../../core/command.ts";
import { type Text, UserError } from "../../core/text.ts";

/** The word that means every bot; no bot can be reached by a command under this name. */
export const ALL = "all";
const LISTED_MAX = 20;

/** Phones write the first letter large, so case does not matter. */
const botId = z.string().trim().toLowerCase().regex(BOT_ID);

export const BOT = argument(botId, {
  description: { en: "Name of the bot", "zh-TW": "機器人名稱" },
  right: { en: "a bot's name such as eth_grid", "zh-TW": "機器人名稱，例如 eth_grid" },
});

const BOT_OR_ALL_WORDS = {
  description: { en: "Name of the bot, or all", "zh-TW": "機器人名稱，或 all（全部）" },
  right: { en: "a bot's name such as eth_grid, or all", "zh-TW": "機器人名稱，例如 eth_grid，或 all（全部）" },
} as const;

export const BOT_OR_ALL = argument(botId, BOT_OR_ALL_WORDS);
export const OPTIONAL_BOT_OR_ALL = argument(botId.optional(), BOT_OR_ALL_WORDS);

/** The bots that a choice names, in the fleet's order. Throws a UserError that lists what there is. */
export async function chosenBots(fleet: Fleet, choice: string): Promise<readonly BotOverview[]> {
  if (choice !== ALL) return [await chosenBot(fleet, choice)];
  const bots = await fleet.bots();
  if (bots.length === 0) throw new UserError(NO_BOTS, "noBots");
  return bots;
}

/** Like `chosenBots`, but only bots that are not stopped. Throws a UserError that says how to start one. */
export async function startedBots(fleet: Fleet, choice: string): Promise<readonly BotOverview[]> {
  const started = (await chosenBots(fleet, choice)).filter((bot) => bot.desired !== "stopped");
  if (started.length > 0) return started;
  const name = choice === ALL ? { en: "Every bot", "zh-TW": "所有機器人" } : { en: cleanLine(choice, 40), "zh-TW": cleanLine(choice, 40) };
  const start = choice === ALL ? "/start all" : `/start ${cleanLine(choice, 40)}`;
  throw new UserError(
    { en: `${name.en} is stopped; ${start} starts it.`, "zh-TW": `${name["zh-TW"]}已停止；請用 ${start} 啟動。` },
    "stopped",
  );
}

/** One bot by its name. Throws a UserError that lists what there is. */
export async function chosenBot(fleet: Fleet, id: string): Promise<BotOverview> {
  const bot = await fleet.bot(id);
  if (bot !== undefined) return bot;
  throw unknownBot(
    id,
    (await fleet.bots()).map((known) => known.id),
  );
}

export const NO_BOTS: Text = { en: "There is no bot yet.", "zh-TW": "目前還沒有任何機器人。" };

function unknownBot(id: string, ids: readonly string[]): UserError {
  const shown = cleanLine(id, 40);
  if (ids.length === 0)
    return new UserError(
      { en: `There is no bot ${shown}; there is no bot yet.`, "zh-TW": `沒有機器人 ${shown}；目前還沒有任何機器人。` },
      "unknownBot",
    );
  const near = nearestNames(id, ids)[0];
  const more = ids.length > LISTED_MAX ? ids.length - LISTED_MAX : 0;
  const listed = ids.slice(0, LISTED_MAX);
  return new UserError(
    {
      en: `There is no bot ${shown}${near === undefined ? "" : ` (did you mean ${near}?)`}; the bots are ${listed.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`,
      "zh-TW": `沒有機器人 ${shown}${near === undefined ? "" : `（你是指 ${near} 嗎？）`}；現有的機器人：${listed.join("、")}${more > 0 ? `，另有 ${more} 個` : ""}。`,
    },
    "unknownBot",
  );
}
