// `/notify`: which alerts of a bot are told, and how loudly; without a level, lists them; with a time, only for that long.

import { z } from "zod";
import { withFields } from "../core/bot-config.ts";
import { argument } from "../core/chat/command-argument.ts";
import { type BotOverview, type CommandContext, defineCommand, type Reply } from "../core/command.ts";
import { durationMs } from "../core/duration.ts";
import { faultsIn, sayFault } from "../core/fault-words.ts";
import {
  ALERT_KINDS,
  type AlertKind,
  alertKindNamed,
  EVERY_KIND,
  levelNow,
  NOTIFY_LEVELS,
  type NotifyEntry,
  type NotifyLevel,
  notifyLevel,
  notifySchema,
} from "../core/notify.ts";
import { join, plain, UserError } from "../core/text.ts";
import { ALL, chosenBot, chosenBots } from "./parts/bot-choice.ts";
import { type ChangeWords, changeBots } from "./parts/change-reply.ts";
import { shownNotify } from "./parts/config-fields.ts";
import { botWithMode } from "./parts/shown-values.ts";

const WORDS: ChangeWords = {
  doing: { en: "Changing the alerts of", "zh-TW": "正在變更警示設定：" },
  done: { en: "alerts changed", "zh-TW": "警示設定已變更" },
  notDone: { en: "alerts were not changed", "zh-TW": "未能變更警示設定" },
};

const KINDS = [EVERY_KIND, ...ALERT_KINDS];
const word = z.string().trim().max(40);

export default defineCommand({
  name: "notify",
  summary: { en: "Choose which alerts of a bot are told, and how loudly", "zh-TW": "設定機器人的警示種類與提示方式" },
  args: z.object({
    bot: argument(word, {
      description: { en: "Name of the bot, or all; all when left out", "zh-TW": "機器人名稱或 all；省略時為全部" },
      right: { en: "a bot's name such as eth_grid, or all", "zh-TW": "機器人名稱，例如 eth_grid，或 all" },
    }),
    kind: argument(word.optional(), {
      description: { en: "Kind of alert such as fills, or * for every other", "zh-TW": "警示種類，例如 fills，或 *（其餘全部）" },
      right: { en: "a kind of alert such as fills", "zh-TW": "警示種類，例如 fills" },
    }),
    level: argument(word.optional(), {
      description: { en: "on, silent (without a sound) or off", "zh-TW": "on 開啟、silent 靜音、off 關閉" },
      right: { en: "on, silent or off", "zh-TW": " on、silent 或 off" },
    }),
    time: argument(word.optional(), {
      description: { en: "For how long, such as 2h; for good when left out", "zh-TW": "持續多久，例如 2h；省略則一直有效" },
      right: { en: "a duration such as 30m or 2h", "zh-TW": "時間長度，例如 30m 或 2h" },
    }),
  }),
  role: "operator",
  async run(args, context) {
    const typed = [args.bot, args.kind, args.level, args.time].filter((part) => part !== undefined);
    // `/notify fills silent 2h` names no bot: all are meant.
    const isKindFirst =
      isLevel(typed[1]) && alertKindNamed(args.bot) !== null && (await context.fleet.bot(args.bot.toLowerCase())) === undefined;
    const [choice = ALL, kind, level, time] = isKindFirst ? [ALL, ...typed] : typed;
    if (kind === undefined) return list(await chosenBot(context.fleet, choice.toLowerCase()), context);
    return change({ choice: choice.toLowerCase(), ...readWish(kind, level, time, context.now) }, context);
  },
});

function isLevel(typed: string | undefined): boolean {
  return NOTIFY_LEVELS.some((level) => level === typed?.toLowerCase());
}

interface Wish {
  readonly kind: AlertKind | typeof EVERY_KIND;
  readonly level: NotifyLevel;
  /** Epoch ms; null for good. */
  readonly until: number | null;
}

function readWish(typedKind: string, typedLevel: string | undefined, typedTime: string | undefined, now: number): Wish {
  const kind = alertKindNamed(typedKind);
  if (kind === null)
    throw new UserError({
      en: `/notify: kind "${typedKind}" is not right (give one of ${KINDS.join(", ")}).`,
      "zh-TW": `/notify：kind「${typedKind}」不正確（可用的有 ${KINDS.join("、")}）。`,
    });
  const level = NOTIFY_LEVELS.find((known) => known === typedLevel?.toLowerCase());
  if (level === undefined)
    throw new UserError({
      en: `/notify: level ${typedLevel === undefined ? "is missing" : `"${typedLevel}" is not right`} (give on, silent or off).`,
      "zh-TW": `/notify：${typedLevel === undefined ? "缺少 level" : `level「${typedLevel}」不正確`}（請輸入 on、silent 或 off）。`,
    });
  const forMs = typedTime === undefined ? null : durationMs(typedTime.toLowerCase());
  if (typedTime !== undefined && forMs === null)
    throw new UserError({
      en: `/notify: time "${typedTime}" is not right (give a duration such as 30m or 2h).`,
      "zh-TW": `/notify：time「${typedTime}」不正確（請輸入時間長度，例如 30m 或 2h）。`,
    });
  return { kind, level, until: forMs === null ? null : now + forMs };
}

/** Each bot keeps its own configuration: the entry is laid over what it has, and what it had comes back when the time is over. */
async function change({ choice, kind, level, until }: Wish & { readonly choice: string }, context: CommandContext): Promise<Reply> {
  const bots = await chosenBots(context.fleet, choice);
  const entryOver = (before: NotifyEntry | undefined): NotifyEntry => {
    if (until === null) return level;
    const after = levelNow(before, Number.POSITIVE_INFINITY);
    return { level, until, ...(after === null ? {} : { after }) };
  };
  const notifyOf = ({ config }: BotOverview) => ({ ...config.notify, [kind]: entryOver(config.notify[kind]) });
  for (const bot of bots) refuseFaults(notifyOf(bot));
  const byId = new Map(bots.map((bot) => [bot.id, bot]));
  const reply = await changeBots(context, bots, WORDS, (botId) => {
    const bot = byId.get(botId);
    const config = bot === undefined ? undefined : withFields(bot.config, bot.config.params, { notify: notifyOf(bot) });
    return { type: "adjust", botId, params: config?.params ?? {}, fields: config === undefined ? {} : { notify: config.notify } };
  });
  const first = bots[0];
  const shown = first === undefined ? level : shownNotify(notifyOf(first)[kind]);
  return { ...reply, blocks: [{ type: "fields", fields: [{ label: plain(kind), value: plain(shown) }] }, ...reply.blocks] };
}

function refuseFaults(notify: unknown): void {
  const parsed = notifySchema.safeParse(notify);
  if (parsed.success) return;
  const all = join(faultsIn(parsed.error, notify).map(sayFault), "; ");
  throw new UserError({ en: `/notify: ${all.en}.`, "zh-TW": `/notify：${all["zh-TW"]}。` }, "faults");
}

function list({ id, config }: BotOverview, { now }: CommandContext): Reply {
  const name = botWithMode(id, config.mode);
  const shownFor = (kind: AlertKind): string => {
    const entry = config.notify[kind];
    return entry === undefined || typeof entry === "string" ? notifyLevel(config.notify, kind, now) : shownNotify(entry);
  };
  return {
    tone: "neutral",
    title: { en: `${name.en}: which alerts are told`, "zh-TW": `${name["zh-TW"]}：警示設定` },
    blocks: [
      { type: "fields", fields: ALERT_KINDS.map((kind) => ({ label: plain(kind), value: plain(shownFor(kind)) })) },
      {
        type: "text",
        text: {
          en: `Change one with /notify ${id} KIND on|silent|off, for a time with 2h behind it.`,
          "zh-TW": `用 /notify ${id} 種類 on|silent|off 變更；在後面加上 2h 可設定持續時間。`,
        },
      },
    ],
    data: { bot: id, notify: config.notify },
  };
}
