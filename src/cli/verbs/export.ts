// `botswain export`: fills, orders, funding or profit per day, for people, spreadsheets and tax tools.

import { Argument, type Command, Option } from "commander";
import type { Grouping } from "../../core/statistics.ts";
import { UserError } from "../../core/text.ts";
import { complain, inWords, print } from "../language.ts";
import { loadSettings } from "../settings.ts";
import { answer, withJson } from "./answer.ts";
import type { Format, Sheet } from "./export-file.ts";
import { readSelection, type SelectionFlags, withSelection } from "./export-selection.ts";
import type { SheetKind } from "./export-sheets.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface ExportFlags extends SelectionFlags {
  readonly json?: boolean;
  readonly format?: Format;
  readonly out?: string;
  readonly replace?: boolean;
  readonly profile?: "tax";
  readonly by: Grouping;
}

const KINDS: readonly SheetKind[] = ["fills", "orders", "funding", "pnl"];

export function addExport(program: Command): void {
  const verb = addVerb(
    program,
    "export",
    {
      en: "Write fills, orders, funding or profit per day as CSV or JSON; numbers are exact, times UTC and local.",
      "zh-TW": "將成交、訂單、資金費或每日損益匯出為 CSV 或 JSON；數字精確，時間含 UTC 與當地時間。",
    },
    "export fills --bot eth_grid --from 2026-01-01 --out fills.csv",
  );
  withJson(withSelection(withDataFolder(verb)))
    .addArgument(new Argument("<what>", inWords({ en: "what to export", "zh-TW": "匯出內容" })).choices([...KINDS]))
    .addOption(
      new Option("--format <format>", inWords({ en: "default csv; --json means json", "zh-TW": "預設 csv；--json 即為 json" })).choices([
        "csv",
        "json",
      ]),
    )
    .option("--out <file>", inWords({ en: "write to this file instead of stdout", "zh-TW": "寫入此檔案而非標準輸出" }))
    .option("--replace", inWords({ en: "replace a file of that name", "zh-TW": "取代同名檔案" }))
    .addOption(
      new Option(
        "--profile <profile>",
        inWords({
          en: "fills and funding in the columns of tax tools; real money only, unless --mode says otherwise",
          "zh-TW": "以報稅工具的欄位匯出成交與資金費；除非以 --mode 指定，否則只含實盤",
        }),
      ).choices(["tax"]),
    )
    .addOption(
      new Option("--by <group>", inWords({ en: "pnl: one row per day and …", "zh-TW": "pnl：每日每個…一列" }))
        .choices(["bot", "account", "currency"])
        .default("bot"),
    )
    .action(async (kind: SheetKind, flags: ExportFlags) => {
      if (flags.out === undefined) {
        await exportTo(kind, flags);
        return;
      }
      await answer(
        flags.json,
        async () => ({ ok: true, what: kind, file: flags.out, rows: await exportTo(kind, flags) }),
        ({ file, rows }) => print({ en: `${file}: ${rows} rows`, "zh-TW": `${file}：${rows} 筆` }),
      );
    });
}

async function exportTo(kind: SheetKind, flags: ExportFlags): Promise<number> {
  const { openExisting } = await import("../../storage/database.ts");
  const { writeSheet } = await import("./export-file.ts");
  const { databaseUrl, timezone } = loadSettings();
  const db = await openExisting(databaseUrl);
  try {
    return await writeSheet(
      await chooseSheet(kind, flags, db, timezone),
      flags.format ?? (flags.json ? "json" : "csv"),
      flags.out,
      flags.replace === true,
    );
  } finally {
    await db.close();
  }
}

async function chooseSheet(kind: SheetKind, flags: ExportFlags, db: Parameters<typeof readSelection>[0], timezone: string): Promise<Sheet> {
  if (flags.profile === undefined) {
    const { sheetOf } = await import("./export-sheets.ts");
    return sheetOf(kind, db, await readSelection(db, flags, timezone), flags.by);
  }
  if (kind !== "fills" && kind !== "funding")
    throw new UserError({
      en: `--profile tax is for fills and for funding, not for ${kind}.`,
      "zh-TW": `--profile tax 適用於 fills 與 funding，不適用於 ${kind}。`,
    });
  const { taxSheet } = await import("./export-tax.ts");
  const selection = await readSelection(db, { ...flags, mode: flags.mode ?? "live" }, timezone);
  if (selection.bots.length === 0)
    complain({
      en: "No bot trades real money, so the sheet is empty; --mode sim shows what it would look like.",
      "zh-TW": "沒有以真實資金交易的機器人，因此內容為空；可用 --mode sim 預覽格式。",
    });
  return taxSheet(kind, db, selection);
}
