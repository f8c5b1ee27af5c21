// `botswain config history` and `config diff`: the versions of a bot's configuration and what differs between two.

import type { Command } from "commander";
import { diffConfigs, sayChange } from "../../core/config-diff.ts";
import { UserError } from "../../core/text.ts";
import type { ConfigVersion } from "../../storage/config-versions.ts";
import { EXIT } from "../exit-code.ts";
import { inWords, print } from "../language.ts";
import { tellingFaults, withDatabase, withJson } from "./config-parts.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface HistoryFlags {
  readonly json?: boolean;
}

const BOT = { en: "id of a bot", "zh-TW": "機器人 id" };

export function addHistory(config: Command): void {
  const history = addVerb(
    config,
    "history",
    { en: "List the versions of a bot's configuration and what each changed.", "zh-TW": "列出機器人設定的各個版本與變更內容。" },
    "config history eth_grid --json",
  ).argument("<bot>", inWords(BOT));
  withDataFolder(withJson(history)).action(async (bot: string, { json = false }: HistoryFlags) => {
    process.exitCode = await tellingFaults(json, async () => tellHistory(bot, await versionsOf(bot), json));
  });
  const diff = addVerb(
    config,
    "diff",
    { en: "Show what differs between two versions of a bot's configuration.", "zh-TW": "顯示機器人設定兩個版本之間的差異。" },
    "config diff eth_grid 1 3",
  )
    .argument("<bot>", inWords(BOT))
    .argument("<from>", inWords({ en: "a version", "zh-TW": "版本" }))
    .argument("<to>", inWords({ en: "another version", "zh-TW": "另一個版本" }));
  withDataFolder(withJson(diff)).action(async (bot: string, from: string, to: string, { json = false }: HistoryFlags) => {
    process.exitCode = await tellingFaults(json, async () => tellDiff(bot, await versionsOf(bot), from, to, json));
  });
}

async function versionsOf(bot: string): Promise<readonly ConfigVersion[]> {
  const { configVersions } = await import("../../storage/config-versions.ts");
  return withDatabase((db) => configVersions(db, bot));
}

function tellHistory(bot: string, versions: readonly ConfigVersion[], isJson: boolean): number {
  if (isJson) {
    const rows = versions.map(({ version, at, by, changes }) => ({ version, at: new Date(at).toISOString(), by, changes }));
    print(JSON.stringify({ ok: true, bot, versions: rows }));
    return EXIT.success;
  }
  for (const { version, at, by, changes } of versions) {
    const time = new Date(at).toISOString().slice(0, 19).replace("T", " ");
    print(`v${version}  ${time} UTC${by === null ? "" : `  ${by}`}`);
    for (const change of changes) print(`  ${inWords(sayChange(change))}`);
  }
  return EXIT.success;
}

function tellDiff(bot: string, versions: readonly ConfigVersion[], from: string, to: string, isJson: boolean): number {
  const changes = diffConfigs(pick(bot, versions, from).config, pick(bot, versions, to).config);
  if (isJson) print(JSON.stringify({ ok: true, bot, from: Number(from), to: Number(to), changes }));
  else if (changes.length === 0) print({ en: "The two versions are the same.", "zh-TW": "兩個版本相同。" });
  else for (const change of changes) print(sayChange(change));
  return EXIT.success;
}

function pick(bot: string, versions: readonly ConfigVersion[], wanted: string): ConfigVersion {
  const found = versions.find(({ version }) => String(version) === wanted.replace(/^v/i, ""));
  if (found !== undefined) return found;
  const known = versions.map(({ version }) => version).join(", ");
  throw new UserError({
    en: `${bot} has no version ${wanted}; it has ${known}.`,
    "zh-TW": `${bot} 沒有版本 ${wanted}；現有 ${known}。`,
  });
}
