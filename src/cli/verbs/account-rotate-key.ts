// `botswain account rotate-key`: puts another master key in place of the one that seals the accounts.

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { join, type Text, UserError } from "../../core/text.ts";
import { Secret } from "../../exchanges/account.ts";
import type { KeySource } from "../../storage/sealing/keyring.ts";
import { askNewPassphrase } from "../account-keys.ts";
import { type AccountSession, refuseWithEnvironment, withAccounts } from "../account-session.ts";
import { inWords } from "../language.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface RotateFlags {
  readonly to?: string;
  readonly newPassphraseFile?: string;
  readonly json?: boolean;
}

export function addAccountRotateKey(account: Command): void {
  const verb = addVerb(
    account,
    "rotate-key",
    {
      en: "Seal all accounts under a new key; the old one goes once that is done. Backups of the database need the key of their time.",
      "zh-TW": "以新金鑰重新封存所有帳戶；完成後才移除舊金鑰。資料庫備份需要當時的金鑰。",
    },
    "account rotate-key\n  $ botswain account rotate-key --to passphrase --new-passphrase-file /run/secrets/botswain",
  );
  withDataFolder(verb)
    .option("--to <kind>", inWords({ en: "file or passphrase (default: as now)", "zh-TW": "file 或 passphrase（預設：與目前相同）" }))
    .option(
      "--new-passphrase-file <file>",
      inWords({ en: "a file with the new passphrase (default: asked)", "zh-TW": "存放新密語的檔案（預設：詢問）" }),
    )
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (flags: RotateFlags) => {
      process.exitCode = await rotate(flags);
    });
}

async function rotate(flags: RotateFlags): Promise<number> {
  return await withAccounts(flags.json === true, async (session) => {
    refuseWithEnvironment(session.settings);
    const to = await nextSource(flags, session);
    const { from, to: keyId, rows } = await session.accounts.rotate(to);
    await session.audit("account rotate-key", "account rotate-key", "allowed", `${from} -> ${keyId}, ${rows} accounts`);
    const sealed: Text = {
      en: `${rows === 1 ? "1 account is" : `${rows} accounts are`} sealed under key ${keyId} now`,
      "zh-TW": `${rows} 個帳戶現在以金鑰 ${keyId} 封存`,
    };
    return {
      text: inWords(join([sealed, to.type === "file" ? newFile(to.path) : NEW_PASSPHRASE], "")),
      data: { from, to: keyId, kind: to.type, accounts: rows },
    };
  });
}

function newFile(path: string): Text {
  return {
    en: ` (${path}). Keep a copy of that file apart from the database; workers on other machines need it, too.`,
    "zh-TW": `（${path}）。請將此檔另外備份（不要與資料庫放在一起）；其他機器上的 worker 也需要它。`,
  };
}

const NEW_PASSPHRASE: Text = {
  en: " (the new passphrase). Set it on every machine and restart a Botswain that runs.",
  "zh-TW": "（新密語）。請在每台機器上設定新密語，並重新啟動執行中的 Botswain。",
};

async function nextSource({ to, newPassphraseFile }: RotateFlags, { settings, source }: AccountSession): Promise<KeySource> {
  const kind = to ?? (newPassphraseFile === undefined ? source.type : "passphrase");
  if (kind === "file") return { type: "file", path: settings.accounts.keyFile };
  if (kind !== "passphrase")
    throw new UserError({ en: `--to ${kind} should be file or passphrase.`, "zh-TW": `--to ${kind} 應為 file 或 passphrase。` });
  const passphrase = newPassphraseFile === undefined ? await askNewPassphrase() : readPassphrase(newPassphraseFile);
  return { type: "passphrase", passphrase: async () => passphrase };
}

function readPassphrase(file: string): string {
  try {
    return new Secret(readFileSync(file, "utf8").replace(/\r?\n$/, "")).reveal();
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new UserError({
      en: `The file ${file} with the new passphrase cannot be read (${why}); nothing was changed.`,
      "zh-TW": `無法讀取存放新密語的檔案 ${file}（${why}）；未做任何變更。`,
    });
  }
}
