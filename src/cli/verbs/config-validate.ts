// `botswain config validate`: says everything that is wrong with bots' files.

import type { Command } from "commander";
import { EXIT } from "../exit-code.ts";
import { inWords, print } from "../language.ts";
import {
  readFiles,
  readingRows,
  type SeedFlags,
  tellFaults,
  tellingFaults,
  tellNotes,
  withJson,
  withSeeds,
  withSet,
} from "./config-parts.ts";
import { addVerb } from "./verb.ts";

interface ValidateFlags extends SeedFlags {
  readonly json?: boolean;
  readonly set?: readonly string[];
}

export function addValidate(config: Command): void {
  const verb = addVerb(
    config,
    "validate",
    { en: "Check bots' files and list every fault of all of them.", "zh-TW": "檢查機器人設定檔，列出所有檔案的所有錯誤。" },
    "config validate examples/perp-grid.json --json",
  ).argument("<file...>", inWords({ en: "files or folders, YAML or JSON", "zh-TW": "檔案或資料夾（YAML 或 JSON）" }));
  withSeeds(withSet(withJson(verb))).action(async (paths: readonly string[], flags: ValidateFlags) => {
    process.exitCode = await tellingFaults(flags.json === true, () => validate(paths, flags));
  });
}

async function validate(paths: readonly string[], flags: ValidateFlags): Promise<number> {
  const { json = false, set } = flags;
  const read = await readFiles(paths, set, flags);
  const ok = read.faults.length === 0;
  if (json) {
    const bots = read.bots.map(({ file, path, validation: { config } }) => ({ file, path, config }));
    print(JSON.stringify({ ok, ...readingRows(read), bots }));
    return ok ? EXIT.success : EXIT.failure;
  }
  for (const { file, validation } of read.bots) {
    const { id, strategy, symbol, mode } = validation.config;
    print({
      en: `${file}: ${id} is valid (${strategy} on ${symbol}, ${mode}).`,
      "zh-TW": `${file}：${id} 設定正確（${strategy}，${symbol}，${mode}）。`,
    });
  }
  tellNotes(read);
  tellFaults(read.faults);
  return ok ? EXIT.success : EXIT.failure;
}
