// The versions of a bot's configuration: which there were, since when, and who made them.

import { type BotConfig, botConfigSchema } from "../core/bot-config.ts";
import type { Actor } from "../core/command.ts";
import { diffConfigs, type FieldChange } from "../core/config-diff.ts";
import { UserError } from "../core/text.ts";
import type { Database } from "./database.ts";

export interface ConfigVersion {
  readonly version: number;
  /** Epoch ms. */
  readonly at: number;
  /** Name of whoever made it; null where nobody is on record (the first one). */
  readonly by: string | null;
  readonly config: BotConfig;
  /** Against the version before it; empty for the first. */
  readonly changes: readonly FieldChange[];
}

/** All configurations of a bot, oldest first. Throws a UserError for a bot that does not exist. */
export async function configVersions({ prisma }: Database, botId: string): Promise<readonly ConfigVersion[]> {
  const rows = await prisma.botConfigVersion.findMany({ where: { botId }, orderBy: { version: "asc" } });
  if (rows.length === 0) throw await noSuchBot({ prisma }, botId);
  const made = await prisma.change.findMany({
    where: { botId, configVersion: { not: null } },
    select: { configVersion: true, actor: true },
  });
  const makers = new Map(made.map(({ configVersion, actor }) => [configVersion, (JSON.parse(actor) as Actor).userName]));
  const configs = rows.map((row) => botConfigSchema.parse(JSON.parse(row.json)));
  return rows.flatMap(({ version, createdAt }, index) => {
    const config = configs[index];
    const before = configs[index - 1];
    if (config === undefined) return [];
    const changes = before === undefined ? [] : diffConfigs(before, config);
    return [{ version, at: Number(createdAt), by: makers.get(version) ?? null, config, changes }];
  });
}

/** The newest configurations of these bots (all when none is named), by id. Throws a UserError for a name that no bot has. */
export async function currentConfigs({ prisma }: Database, ids: readonly string[]): Promise<readonly BotConfig[]> {
  const where = ids.length === 0 ? {} : { id: { in: [...ids] } };
  const include = { versions: { orderBy: { version: "desc" }, take: 1 } } as const;
  const rows = await prisma.bot.findMany({ where, include, orderBy: { id: "asc" } });
  const unknown = ids.find((id) => !rows.some((row) => row.id === id));
  if (unknown !== undefined) throw await noSuchBot({ prisma }, unknown);
  return rows.flatMap(({ versions }) => versions.map(({ json }) => botConfigSchema.parse(JSON.parse(json))));
}

async function noSuchBot({ prisma }: Pick<Database, "prisma">, id: string): Promise<UserError> {
  const names = (await prisma.bot.findMany({ select: { id: true }, orderBy: { id: "asc" } })).map((row) => row.id).join(", ");
  return new UserError(
    {
      en: `There is no bot named ${id}; ${names === "" ? "there are none yet" : `the bots are ${names}`}.`,
      "zh-TW": `沒有名為 ${id} 的機器人；${names === "" ? "目前尚無任何機器人" : `現有機器人：${names}`}。`,
    },
    "unknownBot",
  );
}
