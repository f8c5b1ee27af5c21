// `botswain db restore`: puts a backup in the place of a database, after two questions when that holds anything.

import { resolve } from "node:path";
import { confirm, isCancel, text } from "@clack/prompts";
import type { Command } from "commander";
import { UserError } from "../../core/text.ts";
import { shownAddress } from "../../storage/database-address.ts";
import { prepareDataFolder } from "../data-folder.ts";
import { inWords, print } from "../language.ts";
import { lockHolder } from "../lock.ts";
import { createProgressBar } from "../progress-bar.ts";
import { loadSettings, type Settings } from "../settings.ts";
import { answer, withJson } from "./answer.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface RestoreFlags {
  readonly json?: boolean;
  readonly into?: string;
  readonly intoEnv?: string;
  readonly yes?: boolean;
}

export function addRestore(db: Command): void {
  const verb = addVerb(
    db,
    "restore",
    {
      en: "Put a backup in the place of the database, whole or not at all; also from SQLite to PostgreSQL and back.",
      "zh-TW": "以備份取代資料庫，全有或全無；也可在 SQLite 與 PostgreSQL 之間搬移。",
    },
    "db restore ~/botswain-2026-11-20.jsonl.gz --into postgresql://app@db.example/botswain",
  );
  withJson(withDataFolder(verb))
    .argument("<file>", inWords({ en: "file that db backup wrote", "zh-TW": "由 db backup 寫出的檔案" }))
    .option("--into <url>", inWords({ en: "another database than DATABASE_URL", "zh-TW": "改用 DATABASE_URL 以外的資料庫" }))
    .option(
      "--into-env <name>",
      inWords({
        en: "like --into, with the address (and its password) in this variable",
        "zh-TW": "同 --into，位址（含密碼）取自此環境變數",
      }),
    )
    .option("--yes", inWords({ en: "replace what is there without asking", "zh-TW": "不詢問直接取代現有內容" }))
    .action(async (name: string, flags: RestoreFlags) => {
      await answer(
        flags.json,
        () => restoreFile(resolve(name), flags),
        ({ into, rows, createdAt, keptAs }) => {
          print({
            en: `${into}: restored ${rows} rows of ${createdAt}${keptAs === null ? "" : `; the database before is kept as ${keptAs}`}`,
            "zh-TW": `${into}：已還原 ${createdAt} 的 ${rows} 筆資料${keptAs === null ? "" : `；先前的資料庫保留為 ${keptAs}`}`,
          });
        },
      );
    });
}

async function restoreFile(file: string, flags: RestoreFlags) {
  const { restore, verifyBackup } = await import("../../storage/backup/backup.ts");
  const { countRows } = await import("../../storage/backup/target.ts");
  const settings = loadSettings();
  const url = targetOf(flags, settings);
  if (!/^(file:.|postgres(ql)?:\/\/.)/.test(url))
    throw new UserError({
      en: "The database to restore into must be file:PATH (SQLite) or postgresql://USER@HOST/DATABASE.",
      "zh-TW": "還原目標必須是 file:路徑（SQLite）或 postgresql://使用者@主機/資料庫。",
    });
  if (url === settings.databaseUrl) refuseRunning(settings);
  const { rows } = await verifyBackup(file);
  // A restore is often the first thing that happens on a new machine.
  if (url === settings.dataFolder.databaseUrl) prepareDataFolder(settings.dataFolder);
  const replaced = await countRows(url);
  if (replaced > 0 && flags.yes !== true) await askTwice(shownAddress(url), replaced);
  const bar = createProgressBar(process.stderr, rows, () => performance.now());
  try {
    return { ok: true, replaced, ...(await restore(file, url, Date.now(), (done) => bar.show(done, "restore"))) };
  } finally {
    bar.end();
  }
}

function targetOf({ into, intoEnv }: RestoreFlags, settings: Settings): string {
  if (intoEnv === undefined) return into ?? settings.databaseUrl;
  const url = process.env[intoEnv];
  if (into === undefined && url) return url;
  throw new UserError(
    into === undefined
      ? {
          en: `The environment variable ${intoEnv} is empty; put the database's address in it.`,
          "zh-TW": `環境變數 ${intoEnv} 是空的；請放入資料庫位址。`,
        }
      : { en: "Give --into or --into-env, not both.", "zh-TW": "--into 與 --into-env 只能擇一。" },
  );
}

/** The processes of this data folder hold the database open, or are about to. */
function refuseRunning({ dataFolder }: Settings): void {
  const holder = lockHolder(dataFolder.lockFile);
  if (holder === null) return;
  throw new UserError({
    en: `Botswain runs on this data folder (process ${holder.pid} on ${holder.host}); stop it with botswain down, then restore.`,
    "zh-TW": `Botswain 正在此資料夾上執行（${holder.host} 的程序 ${holder.pid}）；請先以 botswain down 停止再還原。`,
  });
}

/** Asks whether to replace, then for a word that nobody types by accident. Throws a UserError unless both are answered so. */
async function askTwice(place: string, rows: number): Promise<void> {
  if (!process.stdin.isTTY)
    throw new UserError({
      en: `${place} holds ${rows} rows, which a restore replaces; add --yes if that is meant.`,
      "zh-TW": `${place} 已有 ${rows} 筆資料，還原會取代它們；若確定要這麼做，請加上 --yes。`,
    });
  const isWanted = await confirm({
    message: inWords({ en: `${place} holds ${rows} rows. Replace all of them?`, "zh-TW": `${place} 已有 ${rows} 筆資料。要全部取代嗎？` }),
    initialValue: false,
  });
  const word =
    isWanted === true ? await text({ message: inWords({ en: 'Type "replace" to go on.', "zh-TW": "請輸入 replace 以繼續。" }) }) : "";
  if (!isCancel(word) && word === "replace") return;
  throw new UserError({ en: "Nothing was changed.", "zh-TW": "未做任何變更。" });
}
