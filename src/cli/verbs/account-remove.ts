// `botswain account remove`: forgets an account's secrets, unless a bot needs them.

import { confirm, isCancel } from "@clack/prompts";
import type { Command } from "commander";
import { UserError } from "../../core/text.ts";
import { noSuchAccount } from "../../storage/accounts.ts";
import { canceled } from "../account-keys.ts";
import { refuseWithEnvironment, withAccounts } from "../account-session.ts";
import { inWords } from "../language.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface RemoveFlags {
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addAccountRemove(account: Command): void {
  const verb = addVerb(
    account,
    "remove",
    { en: "Remove an account and its secrets.", "zh-TW": "移除帳戶及其密鑰。" },
    "account remove backpack main",
  );
  withDataFolder(verb)
    .argument("<exchange>", inWords({ en: "e.g. backpack", "zh-TW": "例如 backpack" }))
    .argument("<name>", inWords({ en: "e.g. main", "zh-TW": "例如 main" }))
    .option("--force", inWords({ en: "also when stopped bots are configured to use it", "zh-TW": "即使有已停止的機器人設定使用此帳戶" }))
    .option("-y, --yes", inWords({ en: "do not ask", "zh-TW": "不詢問" }))
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (exchange: string, name: string, flags: RemoveFlags) => {
      process.exitCode = await remove(exchange, name, flags);
    });
}

async function remove(exchange: string, name: string, { force, yes, json }: RemoveFlags): Promise<number> {
  return await withAccounts(json === true, async ({ settings, accounts, audit }) => {
    refuseWithEnvironment(settings);
    if ((await accounts.find(exchange, name)) === null) throw noSuchAccount({ exchange, account: name });
    if (yes !== true) await ask(exchange, name);
    const line = `account remove ${exchange} ${name}${force === true ? " --force" : ""}`;
    try {
      await accounts.remove(exchange, name, force === true);
    } catch (error) {
      if (error instanceof UserError) await audit("account remove", line, "refused", error.text.en);
      throw error;
    }
    await audit("account remove", line, "allowed", "removed");
    return {
      text: inWords({ en: `${exchange}:${name} was removed.`, "zh-TW": `已移除 ${exchange}:${name}。` }),
      data: { account: { exchange, name } },
    };
  });
}

async function ask(exchange: string, name: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new UserError({
      en: "This is no terminal to ask in: add --yes to remove the account without a question.",
      "zh-TW": "這裡不是可以提問的終端機：加上 --yes 即可不詢問直接移除。",
    });
  const message = inWords({ en: `Remove ${exchange}:${name} and its secrets?`, "zh-TW": `要移除 ${exchange}:${name} 及其密鑰嗎？` });
  const answer = await confirm({ message, initialValue: false });
  if (isCancel(answer) || !answer) throw canceled();
}
