// Where the key that seals accounts comes from on this machine: settings, else a question at the terminal.

import { isCancel, password } from "@clack/prompts";
import { type Text, UserError } from "../core/text.ts";
import { Secret } from "../exchanges/account.ts";
import type { Database } from "../storage/database.ts";
import { type KeySource, keyKind } from "../storage/sealing/keyring.ts";
import { PASSPHRASE_MIN_LENGTH } from "../storage/sealing/passphrase.ts";
import { inWords } from "./language.ts";
import type { Settings } from "./settings.ts";

/** The key of a role, which nobody can be asked for. */
export function keySourceOf({ accounts }: Pick<Settings, "accounts">): KeySource {
  const { passphrase, keyFile } = accounts;
  return passphrase === null ? { type: "file", path: keyFile } : { type: "passphrase", passphrase: async () => passphrase.reveal() };
}

/** The key of a verb: a passphrase that no setting tells is asked for once, where there is a terminal. */
export async function keySourceForVerb(db: Database, settings: Pick<Settings, "accounts">): Promise<KeySource> {
  const source = keySourceOf(settings);
  if (source.type === "passphrase" || !process.stdin.isTTY || (await keyKind(db)) !== "passphrase") return source;
  let asked: Promise<string> | null = null;
  return {
    type: "passphrase",
    passphrase: () => {
      asked ??= askHidden({ en: "Passphrase of the accounts", "zh-TW": "帳戶密語" });
      return asked;
    },
  };
}

/** A new passphrase, typed twice. Throws a UserError when there is no terminal to ask at. */
export async function askNewPassphrase(): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UserError({
      en: "This is no terminal to ask in: give the new passphrase with --new-passphrase-file FILE.",
      "zh-TW": "這裡不是可以提問的終端機：請以 --new-passphrase-file FILE 提供新密語。",
    });
  const first = await askHidden({
    en: `New passphrase (at least ${PASSPHRASE_MIN_LENGTH} characters)`,
    "zh-TW": `新密語（至少 ${PASSPHRASE_MIN_LENGTH} 個字元）`,
  });
  const second = await askHidden({ en: "The new passphrase once more", "zh-TW": "再輸入一次新密語" });
  if (first === second) return first;
  throw new UserError({
    en: "The two passphrases differ; nothing was changed.",
    "zh-TW": "兩次輸入的密語不同；未做任何變更。",
  });
}

/** Asks without an echo. Throws a UserError when the person cancels. */
export async function askHidden(question: Text): Promise<string> {
  const answer = await password({ message: inWords(question) });
  if (isCancel(answer)) throw canceled();
  // Whatever is typed here must not come out of a log line.
  return new Secret((answer ?? "").trim()).reveal();
}

export function canceled(): UserError {
  return new UserError({ en: "Nothing was changed.", "zh-TW": "未做任何變更。" }, "canceled");
}
