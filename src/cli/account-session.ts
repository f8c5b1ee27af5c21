// What every account verb does around its own work: settings, database, the audit row, and answers for people or programs.

import { randomBytes } from "node:crypto";
import type { AuditEntry } from "../core/command.ts";
import { redactor } from "../core/redact.ts";
import { type Text, UserError } from "../core/text.ts";
import { type Accounts, createAccounts } from "../storage/accounts.ts";
import { createAudit } from "../storage/audit.ts";
import { type Database, openDatabase } from "../storage/database.ts";
import type { KeySource } from "../storage/sealing/keyring.ts";
import { keySourceForVerb } from "./account-keys.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { EXIT } from "./exit-code.ts";
import { inWords, print } from "./language.ts";
import { loadSettings, type Settings } from "./settings.ts";

export interface AccountSession {
  readonly settings: Settings;
  readonly db: Database;
  readonly accounts: Accounts;
  readonly source: KeySource;
  /** Writes who did what; `line` as it was typed, which holds no secret. */
  audit(command: string, line: string, outcome: AuditEntry["outcome"], detail: string): Promise<void>;
}

/**
 * Runs `work` on the accounts of this data folder and prints what it gives: JSON for programs, else its text. Returns the exit
 * code; with `json` a UserError is printed as `{"ok":false,"error":…}`.
 */
export async function withAccounts(
  json: boolean,
  work: (session: AccountSession) => Promise<{ readonly ok?: boolean; readonly text: string; readonly data: object }>,
): Promise<number> {
  try {
    const settings = loadSettings();
    prepareDataFolder(settings.dataFolder);
    const db = await openDatabase(settings.databaseUrl);
    try {
      const source = await keySourceForVerb(db, settings);
      const {
        ok = true,
        text,
        data,
      } = await work({
        settings,
        db,
        source,
        accounts: createAccounts(db, source),
        audit: (command, line, outcome, detail) => createAudit(db).append(entryOf(command, line, outcome, detail), Date.now()),
      });
      print(json ? JSON.stringify({ ok, ...data }) : text);
      return ok ? EXIT.success : EXIT.failure;
    } finally {
      await db.close();
    }
  } catch (error) {
    if (!json || !(error instanceof UserError)) throw error;
    print(JSON.stringify({ ok: false, error: redactor.scrub(inWords(error.text)) }));
    return EXIT.failure;
  }
}

function entryOf(command: string, line: string, outcome: AuditEntry["outcome"], detail: string): AuditEntry {
  const key = `cli-${randomBytes(8).toString("hex")}`;
  return { actor: { frontend: "terminal", userId: "local", userName: "local", chatId: "cli", key, line }, command, outcome, detail };
}

/** Throws a UserError where accounts come out of the environment: nothing is stored there. */
export function refuseWithEnvironment({ accounts }: Settings): void {
  if (accounts.fromEnv === null) return;
  throw new UserError(FROM_ENVIRONMENT);
}

const FROM_ENVIRONMENT: Text = {
  en: "Accounts come from the environment here (BOTSWAIN_ACCOUNTS_FROM_ENV), so none is stored or changed; set BOTSWAIN_ACCOUNT_… and BOTSWAIN_ARMED instead.",
  "zh-TW": "此處的帳戶來自環境變數（BOTSWAIN_ACCOUNTS_FROM_ENV），不會儲存或變更；請改設 BOTSWAIN_ACCOUNT_… 與 BOTSWAIN_ARMED。",
};
