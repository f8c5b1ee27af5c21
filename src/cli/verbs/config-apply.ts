// `botswain config apply`: makes the bots what the files of a folder say; shows the difference, asks, then does all or nothing.

import { statSync } from "node:fs";
import { confirm, isCancel } from "@clack/prompts";
import type { Command } from "commander";
import { type Text, UserError } from "../../core/text.ts";
import type { BotDraft, ImportOptions, ImportResult } from "../../storage/config-import.ts";
import type { PlannedBot } from "../../storage/config-plan.ts";
import type { Database } from "../../storage/database.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, print } from "../language.ts";
import {
  auditConfig,
  localActor,
  planRows,
  readFiles,
  readingRows,
  tellFaults,
  tellingFaults,
  tellNotes,
  tellPlan,
  withDatabase,
  withJson,
  withSet,
} from "./config-parts.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface ApplyFlags {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly yes?: boolean;
  readonly set?: readonly string[];
}

export function addApply(config: Command): void {
  const verb = addVerb(
    config,
    "apply",
    {
      en: "Make the bots what the files of a folder say: shows the difference, asks, then does all of it or nothing.",
      "zh-TW": "讓機器人與資料夾中的檔案一致：先顯示差異並詢問，再全部套用或完全不套用。",
    },
    "config apply bots/ --dry-run",
  )
    .argument("<folder>", inWords({ en: "a folder with YAML or JSON files", "zh-TW": "含 YAML 或 JSON 檔的資料夾" }))
    .option("--dry-run", inWords({ en: "only show the difference", "zh-TW": "只顯示差異" }))
    .option(
      "--prune",
      inWords({
        en: "take out bots that no file names, if they are stopped, flat and without orders",
        "zh-TW": "移除檔案中沒有的機器人（必須已停止、無部位、無委託）",
      }),
    )
    .option("-y, --yes", inWords({ en: "do not ask", "zh-TW": "不詢問" }));
  withDataFolder(withSet(withJson(verb))).action(async (folder: string, flags: ApplyFlags) => {
    process.exitCode = await tellingFaults(flags.json === true, () => apply(folder, flags));
  });
}

async function apply(folder: string, flags: ApplyFlags): Promise<number> {
  const { json = false, set } = flags;
  if (statSync(folder, { throwIfNoEntry: false })?.isFile() === true)
    throw new UserError({
      en: `${folder} is a file; apply takes a folder, since it says of every bot whether it should be there (import takes files).`,
      "zh-TW": `${folder} 是檔案；apply 需要資料夾，因為它決定每個機器人是否應存在（檔案請用 import）。`,
    });
  const read = await readFiles([folder], set);
  if (read.faults.length > 0) {
    if (json) print(JSON.stringify({ ok: false, applied: false, ...readingRows(read), bots: [] }));
    else tellFaults(read.faults);
    return EXIT.failure;
  }
  const drafts = read.bots.map(({ file, validation }) => ({ source: file, config: validation.config }));
  if (!json) tellNotes(read);
  const by = localActor(`config apply ${folder}`);
  const options: ImportOptions = { strategies: read.strategies, by, now: Date.now(), others: flags.prune === true ? "prune" : "report" };
  return withDatabase(async (db) => {
    const { result, applied, code } = await carryOut(db, drafts, options, flags);
    if (applied) await auditConfig(db, by, result.bots);
    if (json) print(JSON.stringify({ ok: result.ok, applied, ...readingRows(read), bots: planRows(result.bots) }));
    return code;
  });
}

interface Applied {
  readonly result: ImportResult;
  readonly applied: boolean;
  readonly code: number;
}

async function carryOut(db: Database, drafts: readonly BotDraft[], options: ImportOptions, flags: ApplyFlags): Promise<Applied> {
  const { json = false, dryRun = false, yes = false } = flags;
  const { importBots } = await import("../../storage/config-import.ts");
  const planned = await importBots(db, drafts, { ...options, isDryRun: true });
  if (!json) tellPlan(planned.bots);
  const say = (text: Text, tell = print): void => {
    if (!json) tell(text);
  };
  if (!planned.ok) {
    say({ en: "Nothing was applied.", "zh-TW": "沒有套用任何變更。" }, complain);
    return { result: planned, applied: false, code: EXIT.failure };
  }
  if (!planned.bots.some(isChange)) {
    say({ en: "The bots are what the files say: nothing to do.", "zh-TW": "機器人已與檔案一致：無需變更。" });
    return { result: planned, applied: false, code: EXIT.success };
  }
  if (dryRun) {
    say({ en: "Dry run: nothing was applied.", "zh-TW": "試跑：沒有套用任何變更。" });
    return { result: planned, applied: false, code: EXIT.success };
  }
  if (!yes && !(await mayApply(json))) {
    const how = { en: "Nothing was applied; --yes applies without asking.", "zh-TW": "沒有套用任何變更；加上 --yes 可不經詢問直接套用。" };
    say(how, complain);
    return { result: planned, applied: false, code: EXIT.needsConfirmation };
  }
  const result = await importBots(db, drafts, { ...options, now: Date.now(), shown: planned.bots });
  say(result.ok ? { en: "Applied.", "zh-TW": "已套用。" } : { en: "Nothing was applied.", "zh-TW": "沒有套用任何變更。" });
  return { result, applied: result.ok, code: result.ok ? EXIT.success : EXIT.failure };
}

function isChange({ action }: PlannedBot): boolean {
  return action === "created" || action === "changed" || action === "pruned";
}

/** Asks where somebody can answer. */
async function mayApply(isJson: boolean): Promise<boolean> {
  if (isJson || !process.stdin.isTTY) return false;
  const answer = await confirm({ message: inWords({ en: "Apply this?", "zh-TW": "要套用嗎？" }), initialValue: false });
  return !isCancel(answer) && answer;
}
