// `botswain account arm` and `disarm`: allows trading with real money on an account, once and knowingly.

import { isCancel, text } from "@clack/prompts";
import type { Command } from "commander";
import { UserError } from "../../core/text.ts";
import { noSuchAccount } from "../../storage/accounts.ts";
import { canceled } from "../account-keys.ts";
import { refuseWithEnvironment, withAccounts } from "../account-session.ts";
import { inWords } from "../language.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface ArmFlags {
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addAccountArm(account: Command): void {
  const arm = addVerb(
    account,
    "arm",
    { en: "Allow bots in mode live to trade real money on an account.", "zh-TW": "允許 live 模式的機器人以此帳戶的真實資金交易。" },
    "account arm backpack main",
  );
  withDataFolder(arm)
    .argument("<exchange>", inWords({ en: "e.g. backpack", "zh-TW": "例如 backpack" }))
    .argument("<name>", inWords({ en: "e.g. main", "zh-TW": "例如 main" }))
    .option("-y, --yes", inWords({ en: "do not ask for the account's name", "zh-TW": "不要求輸入帳戶名稱確認" }))
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (exchange: string, name: string, flags: ArmFlags) => {
      process.exitCode = await armAccount(exchange, name, flags);
    });
  const disarm = addVerb(
    account,
    "disarm",
    {
      en: "Allow no further start with real money on an account. Bots that run go on: stop them too.",
      "zh-TW": "不再允許以此帳戶的真實資金啟動。執行中的機器人會繼續：請一併停止。",
    },
    "account disarm backpack main",
  );
  withDataFolder(disarm)
    .argument("<exchange>", inWords({ en: "e.g. backpack", "zh-TW": "例如 backpack" }))
    .argument("<name>", inWords({ en: "e.g. main", "zh-TW": "例如 main" }))
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (exchange: string, name: string, { json }: ArmFlags) => {
      process.exitCode = await disarmAccount(exchange, name, json === true);
    });
}

async function armAccount(exchange: string, name: string, { yes, json }: ArmFlags): Promise<number> {
  return await withAccounts(json === true, async ({ settings, accounts, audit }) => {
    refuseWithEnvironment(settings);
    const record = await accounts.find(exchange, name);
    if (record === null) throw noSuchAccount({ exchange, account: name });
    const line = `account arm ${exchange} ${name}`;
    if (record.network !== "live") throw notLive(exchange, name);
    if (yes !== true) await confirmByName(exchange, name);
    const changed = await accounts.arm(exchange, name);
    await audit("account arm", line, "allowed", changed ? "armed" : "was armed already");
    return {
      text: inWords(
        changed
          ? { en: `${exchange}:${name} may trade real money now.`, "zh-TW": `${exchange}:${name} 現在可以用真實資金交易。` }
          : { en: `${exchange}:${name} was armed already.`, "zh-TW": `${exchange}:${name} 原本就已啟用。` },
      ),
      data: { account: { exchange, name, armed: true }, changed },
    };
  });
}

async function disarmAccount(exchange: string, name: string, json: boolean): Promise<number> {
  return await withAccounts(json, async ({ settings, accounts, audit }) => {
    refuseWithEnvironment(settings);
    const changed = await accounts.disarm(exchange, name);
    await audit("account disarm", `account disarm ${exchange} ${name}`, "allowed", changed ? "disarmed" : "was not armed");
    const { bots } = (await accounts.find(exchange, name)) ?? { bots: [] };
    return {
      text: inWords(
        changed
          ? {
              en: `No bot starts with real money on ${exchange}:${name} any more; one that runs goes on until it is stopped.`,
              "zh-TW": `不再有機器人能以 ${exchange}:${name} 的真實資金啟動；執行中的會繼續，直到停止為止。`,
            }
          : { en: `${exchange}:${name} was not armed.`, "zh-TW": `${exchange}:${name} 原本就未啟用。` },
      ),
      data: { account: { exchange, name, armed: false, bots }, changed },
    };
  });
}

async function confirmByName(exchange: string, name: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new UserError({
      en: "This is no terminal to ask in: add --yes to arm the account without a question.",
      "zh-TW": "這裡不是可以提問的終端機：加上 --yes 即可不詢問直接啟用。",
    });
  const answer = await text({
    message: inWords({
      en: `Bots in mode live will trade real money on ${exchange}:${name}. Type ${name} to allow it`,
      "zh-TW": `live 模式的機器人將以 ${exchange}:${name} 的真實資金交易。請輸入 ${name} 以允許`,
    }),
  });
  if (isCancel(answer)) throw canceled();
  if (answer.trim() !== name)
    throw new UserError({
      en: `That was not ${name}; the account was not armed.`,
      "zh-TW": `輸入的不是 ${name}；未啟用該帳戶。`,
    });
}

function notLive(exchange: string, name: string): UserError {
  return new UserError({
    en: `Account ${exchange}:${name} is on testnet, where no real money is; it needs no arming.`,
    "zh-TW": `帳戶 ${exchange}:${name} 在測試網，沒有真實資金，不需啟用。`,
  });
}
