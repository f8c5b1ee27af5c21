// `botswain config validate`: says everything that is wrong with a bot's file.

import type { Command } from "commander";
import { inWords, print } from "../language.ts";
import { withBotFile } from "./bot-file-faults.ts";
import { addVerb } from "./verb.ts";

export function addConfig(program: Command): void {
  const config = addVerb(
    program,
    "config",
    { en: "Work with bots' configuration files.", "zh-TW": "處理機器人設定檔。" },
    "config validate examples/perp-grid.json",
  );
  addVerb(
    config,
    "validate",
    { en: "Check a bot's file and list every fault.", "zh-TW": "檢查機器人設定檔並列出所有錯誤。" },
    "config validate examples/perp-grid.json --json",
  )
    .argument("<file>", inWords({ en: "a bot's file, JSON", "zh-TW": "機器人設定檔（JSON）" }))
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (file: string, { json }: { readonly json?: boolean }) => {
      process.exitCode = await withBotFile(file, json === true, ({ config }) => {
        if (json) print(JSON.stringify({ ok: true, file, config }));
        else
          print({
            en: `${file}: ${config.id} is valid (${config.strategy} on ${config.symbol}, ${config.mode}).`,
            "zh-TW": `${file}：${config.id} 設定正確（${config.strategy}，${config.symbol}，${config.mode}）。`,
          });
      });
    });
}
