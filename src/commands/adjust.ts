// `/adjust`: changes a bot's parameters and limits while it runs; asks first, with old → new and what the change would mean.

import { z } from "zod";
import { argument } from "../core/chat/command-argument.ts";
import { type Block, type BotOverview, defineCommand, type Reply, type Role } from "../core/command.ts";
import { paramFields } from "../core/param-fields.ts";
import { plain, UserError } from "../core/text.ts";
import { loadStrategies } from "../strategies/index.ts";
import { BOT, chosenBot } from "./parts/bot-choice.ts";
import { type ChangeWords, changeBots } from "./parts/change-reply.ts";
import { type ParamChange, readChanges, shownParam, strategyOf } from "./parts/param-changes.ts";
import { previewBlocks } from "./parts/preview-fields.ts";
import { botWithMode } from "./parts/shown-values.ts";

const WORDS: ChangeWords = {
  doing: { en: "Adjusting", "zh-TW": "正在調整" },
  done: { en: "adjusted", "zh-TW": "已調整" },
  notDone: { en: "was not adjusted, everything is as it was", "zh-TW": "未調整，一切維持原狀" },
};

const CHANGES = argument(z.string().trim().min(1).optional(), {
  description: { en: "name=value …; without it, lists the parameters", "zh-TW": "名稱=數值 …；省略時列出所有參數" },
  right: { en: "changes such as orderQuantity=0.05 risk.maxOpenOrders=40", "zh-TW": "變更，例如 orderQuantity=0.05 risk.maxOpenOrders=40" },
  takesRest: true,
});

export default defineCommand({
  name: "adjust",
  summary: { en: "Change a bot's parameters and limits, also while it runs", "zh-TW": "調整機器人參數與限制（執行中也可以）" },
  args: z.object({ bot: BOT, changes: CHANGES }),
  role: "operator",
  async confirm({ bot: choice, changes: words }, { fleet, role }) {
    if (words === undefined) return null;
    const bot = await chosenBot(fleet, choice);
    const { changes, params, line, loosened } = readChanges(bot.config, words, await loadStrategies());
    refuseLoosening(loosened, role);
    const name = botWithMode(bot.id, bot.config.mode);
    return {
      text: { en: `Change ${name.en} like this?`, "zh-TW": `要這樣調整 ${name["zh-TW"]} 嗎？` },
      blocks: [changesTable(changes), ...previewBlocks(await fleet.preview(bot.id, params))],
      choices: [{ label: { en: "Adjust", "zh-TW": "調整" }, line: `/adjust ${bot.id} ${line}`, style: "primary" }],
    };
  },
  async run({ bot: choice, changes: words }, context) {
    const bot = await chosenBot(context.fleet, choice);
    if (words === undefined) return listParams(bot);
    const { changes, params, fields, loosened } = readChanges(bot.config, words, await loadStrategies());
    refuseLoosening(loosened, context.role);
    const change = { params, ...(Object.keys(fields).length === 0 ? {} : { fields }) };
    const reply = await changeBots(context, [bot], WORDS, (botId) => ({ type: "adjust", botId, ...change }));
    return { ...reply, blocks: [changesTable(changes), ...reply.blocks], data: { ...(reply.data as object), changes } };
  },
});

/** An operator may tighten limits; to loosen them is an admin's decision. */
function refuseLoosening(loosened: readonly string[], role: Role): void {
  if (loosened.length === 0 || role === "admin") return;
  const names = loosened.map((name) => `risk.${name}`);
  throw new UserError(
    {
      en: `Only an admin may loosen ${names.join(", ")}; tightening them is fine.`,
      "zh-TW": `只有管理員可以放寬 ${names.join("、")}；收緊則不受限制。`,
    },
    "role",
  );
}

function changesTable(changes: readonly ParamChange[]): Block {
  return {
    type: "fields",
    fields: changes.map(({ name, before, after }) => ({ label: plain(name), value: plain(`${before} → ${after}`) })),
  };
}

/** The help that every strategy gets from its schema: each parameter with its value and meaning. */
async function listParams(bot: BotOverview): Promise<Reply> {
  const strategy = strategyOf(bot.config, await loadStrategies());
  const fields = paramFields(strategy.params);
  const name = botWithMode(bot.id, bot.config.mode);
  const shown = fields.map((field) => ({ field, value: shownParam(bot.config.params, fields, field.name) }));
  return {
    tone: "neutral",
    title: { en: `${name.en}: the parameters of ${strategy.name}`, "zh-TW": `${name["zh-TW"]}：${strategy.name} 的參數` },
    blocks: [
      { type: "text", text: strategy.summary },
      {
        type: "fields",
        fields: shown.map(({ field, value }) => ({ label: plain(field.name), value: plain(`${value} (${field.description})`) })),
      },
      {
        type: "text",
        text: {
          en: `Change some with /adjust ${bot.id} name=value …; name=default goes back to the default. So may be changed: risk.…, runFor, schedule, schedule.timezone, schedule.outside, notify.….`,
          "zh-TW": `用 /adjust ${bot.id} 名稱=數值 … 調整；名稱=default 可恢復預設值。同樣可調整：risk.…、runFor、schedule、schedule.timezone、schedule.outside、notify.…。`,
        },
      },
    ],
    data: {
      bot: bot.id,
      strategy: strategy.name,
      params: shown.map(({ field, value }) => ({ name: field.name, value, type: field.type, description: field.description })),
    },
  };
}
