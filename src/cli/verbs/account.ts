// `botswain account`: adds, shows, arms and removes the accounts on which bots trade.

import type { Command } from "commander";
import { addAccountAdd } from "./account-add.ts";
import { addAccountArm } from "./account-arm.ts";
import { addAccountImport } from "./account-import.ts";
import { addAccountList } from "./account-list.ts";
import { addAccountRemove } from "./account-remove.ts";
import { addAccountRotateKey } from "./account-rotate-key.ts";
import { addVerb } from "./verb.ts";

export function addAccount(program: Command): void {
  const account = addVerb(
    program,
    "account",
    { en: "Work with accounts at exchanges; their secrets are sealed.", "zh-TW": "管理交易所帳戶；其密鑰一律封存。" },
    "account add backpack main",
  );
  addAccountAdd(account);
  addAccountList(account);
  addAccountArm(account);
  addAccountRemove(account);
  addAccountImport(account);
  addAccountRotateKey(account);
}
