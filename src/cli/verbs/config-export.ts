// `botswain config export`: bots of the database as YAML or JSON that imports as exactly the same.

import { type Command, Option } from "commander";
import { UserError } from "../../core/text.ts";
import { type ConfigFormat, documentOf, outputsOf, writeOutputs } from "../config-write.ts";
import { EXIT } from "../exit-code.ts";
import { inWords, print } from "../language.ts";
import { tellingFaults, withDatabase, withJson } from "./config-parts.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface ExportFlags {
  readonly all?: boolean;
  readonly format?: ConfigFormat;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addExport(config: Command): void {
  const verb = addVerb(
    config,
    "export",
    { en: "Write bots as files that import as exactly the same.", "zh-TW": "將機器人匯出成可原樣匯入的檔案。" },
    "config export --all --out bots/",
  )
    .argument("[bot...]", inWords({ en: "ids of bots", "zh-TW": "機器人 id" }))
    .option("--all", inWords({ en: "every bot", "zh-TW": "所有機器人" }))
    .addOption(
      new Option("--format <format>", inWords({ en: "yaml (default) or json", "zh-TW": "yaml（預設）或 json" })).choices(["yaml", "json"]),
    )
    .option(
      "--out <path>",
      inWords({
        en: "a file, or a folder with one file per bot; without it, stdout",
        "zh-TW": "檔案，或每個機器人一檔的資料夾；未指定則輸出至終端",
      }),
    )
    .option("--force", inWords({ en: "overwrite files that exist", "zh-TW": "覆寫已存在的檔案" }));
  withDataFolder(withJson(verb)).action(async (ids: readonly string[], flags: ExportFlags) => {
    process.exitCode = await tellingFaults(flags.json === true, () => exportBots(ids, flags));
  });
}

async function exportBots(ids: readonly string[], { all = false, format, out, force = false, json = false }: ExportFlags): Promise<number> {
  if (all === ids.length > 0)
    throw new UserError({
      en: "Name the bots to export, or give --all for every one.",
      "zh-TW": "請指定要匯出的機器人，或以 --all 匯出全部。",
    });
  const { currentConfigs } = await import("../../storage/config-versions.ts");
  const configs = await withDatabase((db) => currentConfigs(db, ids));
  if (out === undefined) {
    const text = documentOf(configs, format ?? "yaml");
    process.stdout.write(json ? `${JSON.stringify({ ok: true, bots: configs })}\n` : text);
    return EXIT.success;
  }
  const outputs = outputsOf(configs, out, format ?? null);
  writeOutputs(outputs, force);
  const files = outputs.map(({ path }) => path);
  if (json) print(JSON.stringify({ ok: true, files, bots: configs }));
  else for (const file of files) print({ en: `${file} written`, "zh-TW": `已寫入 ${file}` });
  return EXIT.success;
}
