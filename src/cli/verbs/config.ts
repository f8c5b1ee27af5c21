// `botswain config`: bots' configurations as files, checked, stored, written, compared.

import type { Command } from "commander";
import { addApply } from "./config-apply.ts";
import { addExport } from "./config-export.ts";
import { addHistory } from "./config-history.ts";
import { addImport } from "./config-import.ts";
import { addTemplates } from "./config-templates.ts";
import { addValidate } from "./config-validate.ts";
import { addVerb } from "./verb.ts";

export function addConfig(program: Command): void {
  const config = addVerb(
    program,
    "config",
    {
      en: "Work with bots' configurations: check, import, export, apply a folder.",
      "zh-TW": "處理機器人設定：檢查、匯入、匯出、套用資料夾。",
    },
    "config validate examples/perp-grid.json",
  );
  for (const add of [addValidate, addImport, addExport, addTemplates, addApply, addHistory]) add(config);
}
