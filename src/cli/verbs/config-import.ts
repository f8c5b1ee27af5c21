// `botswain config import`: stores the bots of files as new versions, all or none.

import type { Command } from "commander";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, print } from "../language.ts";
import {
  auditConfig,
  localActor,
  planRows,
  readFiles,
  readingRows,
  type SeedFlags,
  tellFaults,
  tellingFaults,
  tellNotes,
  tellPlan,
  withDatabase,
  withJson,
  withSeeds,
  withSet,
} from "./config-parts.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface ImportFlags extends SeedFlags {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly set?: readonly string[];
}

export function addImport(config: Command): void {
  const verb = addVerb(
    config,
    "import",
    {
      en: "Store the bots of files; an unchanged bot gets no new version. Files of the old system are converted, key by key.",
      "zh-TW": "儲存設定檔中的機器人；未變更者不會產生新版本。舊系統的設定檔會逐鍵轉換。",
    },
    "config import bots/ --set mode=paper --dry-run",
  )
    .argument("<file...>", inWords({ en: "files or folders, YAML or JSON", "zh-TW": "檔案或資料夾（YAML 或 JSON）" }))
    .option("--dry-run", inWords({ en: "only say what would happen", "zh-TW": "只顯示會發生什麼，不儲存" }));
  withDataFolder(withSeeds(withSet(withJson(verb)))).action(async (paths: readonly string[], flags: ImportFlags) => {
    process.exitCode = await tellingFaults(flags.json === true, () => importFiles(paths, flags));
  });
}

async function importFiles(paths: readonly string[], flags: ImportFlags): Promise<number> {
  const { json = false, dryRun = false, set } = flags;
  const read = await readFiles(paths, set, flags);
  if (read.faults.length > 0) {
    if (json) print(JSON.stringify({ ok: false, stored: false, ...readingRows(read), bots: [] }));
    else {
      tellNotes({ notes: [], keys: read.keys });
      tellFaults(read.faults);
    }
    return EXIT.failure;
  }
  const { importBots } = await import("../../storage/config-import.ts");
  const drafts = read.bots.map(({ file, validation }) => ({ source: file, config: validation.config }));
  const by = localActor(`config import ${paths.join(" ")}`);
  const result = await withDatabase(async (db) => {
    const done = await importBots(db, drafts, { strategies: read.strategies, by, now: Date.now(), isDryRun: dryRun });
    if (done.ok && !dryRun) await auditConfig(db, by, done.bots);
    return done;
  });
  const stored = result.ok && !dryRun;
  if (json) print(JSON.stringify({ ok: result.ok, stored, ...readingRows(read), bots: planRows(result.bots) }));
  else {
    tellNotes(read);
    tellPlan(result.bots);
    if (!result.ok) complain({ en: "Nothing was stored.", "zh-TW": "沒有儲存任何內容。" });
    else if (dryRun) print({ en: "Dry run: nothing was stored.", "zh-TW": "試跑：沒有儲存任何內容。" });
  }
  return result.ok ? EXIT.success : EXIT.failure;
}
