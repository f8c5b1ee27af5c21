// `botswain account import-env`: takes accounts over from the variables of the market-making scripts that people come from.

import { statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Command } from "commander";
import { type Text, UserError } from "../../core/text.ts";
import { accountTaken, type NewAccount } from "../../storage/accounts.ts";
import { completeAccount } from "../account-draft.ts";
import { type ReadVariable, readSeedVariables, type SeedAccounts } from "../account-seed-variables.ts";
import { type AccountSession, refuseWithEnvironment, withAccounts } from "../account-session.ts";
import { readEnvFile } from "../env-file.ts";
import { inWords, language } from "../language.ts";
import { environment } from "../settings.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface ImportFlags {
  readonly file?: string;
  readonly name: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface ImportedAccount {
  readonly account: string;
  readonly network: string;
  readonly fingerprint: string;
  readonly outcome: "added" | "unchanged" | "would be stored" | "refused";
  readonly why: string | null;
}

export function addAccountImport(account: Command): void {
  const verb = addVerb(
    account,
    "import-env",
    { en: "Import accounts from an .env file or the environment of the older scripts.", "zh-TW": "從舊腳本的 .env 檔或環境變數匯入帳戶。" },
    "account import-env --file ~/market-maker/.env --dry-run",
  );
  withDataFolder(verb)
    .option(
      "--file <file>",
      inWords({ en: "an .env file (default: the environment and the project's .env)", "zh-TW": ".env 檔（預設：環境變數與專案的 .env）" }),
    )
    .option("--name <name>", inWords({ en: "the accounts' name", "zh-TW": "帳戶名稱" }), "main")
    .option("--dry-run", inWords({ en: "only say what would happen", "zh-TW": "僅說明將會如何，不實際匯入" }))
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (flags: ImportFlags) => {
      process.exitCode = await importAccounts(flags);
    });
}

async function importAccounts({ file, name, dryRun, json }: ImportFlags): Promise<number> {
  return await withAccounts(json === true, async (session) => {
    refuseWithEnvironment(session.settings);
    const read = readSeedVariables(valuesOf(file), name, file !== undefined);
    const imported = await storeAll(session, read, dryRun === true);
    const ok = imported.every(({ outcome }) => outcome !== "refused") && imported.length > 0;
    const variables = read.variables.map(({ variable, account, why }) => ({ variable, account, why: why === null ? null : why[language] }));
    return { ok, text: wordsOf(imported, read.variables), data: { dryRun: dryRun === true, accounts: imported, variables } };
  });
}

function valuesOf(file: string | undefined): NodeJS.ProcessEnv {
  if (file === undefined) return environment();
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new UserError({ en: `There is no file ${file}; name an .env file.`, "zh-TW": `沒有檔案 ${file}；請指定一個 .env 檔。` });
  const { values, faults } = readEnvFile(file);
  if (faults.length === 0) return values;
  throw new UserError({ en: faults.map((fault) => fault.en).join("\n"), "zh-TW": faults.map((fault) => fault["zh-TW"]).join("\n") });
}

async function storeAll({ accounts, audit }: AccountSession, read: SeedAccounts, isDry: boolean): Promise<readonly ImportedAccount[]> {
  const imported: ImportedAccount[] = [];
  for (const draft of read.accounts) {
    const complete = completeAccount(draft);
    const { exchange, name, network, fingerprint } = complete;
    const known = { account: `${exchange}:${name}`, network, fingerprint, why: null };
    try {
      if (isDry) {
        imported.push({ ...known, outcome: await foreseen(accounts, complete) });
        continue;
      }
      const outcome = await accounts.store(complete, false);
      if (outcome === "added")
        await audit("account import-env", `account import-env (${exchange} ${name})`, "allowed", `added ${fingerprint}`);
      imported.push({ ...known, outcome: outcome === "added" ? "added" : "unchanged" });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      imported.push({ ...known, outcome: "refused", why: error.text[language] });
    }
  }
  for (const { account, why } of read.refused)
    imported.push({ account, network: "", fingerprint: "", outcome: "refused", why: why[language] });
  return imported;
}

/** What storing it would give. Throws the same UserError as storing would. */
async function foreseen(accounts: AccountSession["accounts"], account: NewAccount): Promise<"unchanged" | "would be stored"> {
  const { exchange, name, network, credentials, proxy } = account;
  const stored = await accounts.find(exchange, name);
  if (stored === null) return "would be stored";
  const secrets = await accounts.reveal(exchange, name);
  if (stored.network === network && isDeepStrictEqual([secrets.credentials, secrets.proxy], [credentials, proxy])) return "unchanged";
  throw accountTaken({ exchange, account: name });
}

const OUTCOMES = {
  added: { en: "added", "zh-TW": "已加入" },
  unchanged: { en: "stored already", "zh-TW": "先前已儲存" },
  "would be stored": { en: "would be stored", "zh-TW": "將會儲存" },
  refused: { en: "refused", "zh-TW": "拒絕" },
} as const;

function wordsOf(imported: readonly ImportedAccount[], variables: readonly ReadVariable[]): string {
  const accounts = imported.map(({ account, network, fingerprint, outcome, why }) =>
    [`${account}: `, inWords(OUTCOMES[outcome]), why === null ? ` (${network}, ${fingerprint})` : `: ${why}`].join(""),
  );
  const read = variables.map(({ variable, account, why }) => `  ${variable} ${account === null ? unused(why) : `→ ${account}`}`);
  const none = inWords({ en: "No variable of an account was found.", "zh-TW": "找不到任何帳戶變數。" });
  return [...(imported.length === 0 ? [none] : accounts), ...read].join("\n");
}

function unused(why: Text | null): string {
  const words: Text = { en: "is not used", "zh-TW": "不使用" };
  return inWords(why === null ? words : { en: `${words.en}: ${why.en}`, "zh-TW": `${words["zh-TW"]}：${why["zh-TW"]}` });
}
