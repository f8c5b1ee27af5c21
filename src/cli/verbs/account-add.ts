// `botswain account add`: stores an account, its secrets asked hidden, piped, or out of variables.

import type { Command } from "commander";
import { UserError } from "../../core/text.ts";
import { loadCcxt } from "../../exchanges/ccxt-loader.ts";
import { describedCredentials } from "../../exchanges/credential-fields.ts";
import { completeAccount } from "../account-draft.ts";
import { type AccountFlags, hint, takeDraft } from "../account-input.ts";
import { checkAccountName } from "../account-name.ts";
import { refuseWithEnvironment, withAccounts } from "../account-session.ts";
import { inWords } from "../language.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface AddFlags extends AccountFlags {
  readonly replace?: boolean;
  readonly json?: boolean;
}

const DONE = {
  added: { en: "was added", "zh-TW": "已加入" },
  replaced: { en: "was replaced and is no longer armed", "zh-TW": "已取代，並取消啟用" },
  unchanged: { en: "is stored already with these values", "zh-TW": "已儲存相同內容" },
} as const;

export function addAccountAdd(account: Command): void {
  const verb = addVerb(
    account,
    "add",
    {
      en: "Add an account. Its secrets are asked without an echo; an argument never takes one.",
      "zh-TW": "新增帳戶。密鑰以不顯示的方式輸入，絕不經由參數。",
    },
    "account add backpack main\n  $ botswain account add binance hedge --network testnet --from-stdin --json < fields.json",
  );
  withDataFolder(verb)
    .argument(
      "<exchange>",
      inWords({ en: "as ccxt calls it: backpack, aster, binance…", "zh-TW": "ccxt 的名稱：backpack、aster、binance…" }),
    )
    .argument("<name>", inWords({ en: "your name for the account, e.g. main", "zh-TW": "自訂的帳戶名稱，例如 main" }))
    .option("--network <network>", inWords({ en: "live (default) or testnet", "zh-TW": "live（預設）或 testnet" }))
    .option(
      "--subaccount <name>",
      inWords({ en: "the sub-account that the keys belong to, for you to read", "zh-TW": "金鑰所屬的子帳戶名稱（僅供辨識）" }),
    )
    .option("--note <words>", inWords({ en: "a remark", "zh-TW": "備註" }))
    .option(
      "--tag <tag>",
      inWords({ en: "a tag (may be repeated)", "zh-TW": "標籤（可重複）" }),
      (tag: string, before: readonly string[] = []) => [...before, tag],
    )
    .option("--from-stdin", inWords({ en: 'read {"field":"value",…} from standard input', "zh-TW": '從標準輸入讀取 {"欄位":"值",…}' }))
    .option(
      "--env",
      inWords({ en: "take BOTSWAIN_ACCOUNT_EXCHANGE_NAME_FIELD variables", "zh-TW": "使用 BOTSWAIN_ACCOUNT_交易所_名稱_欄位 變數" }),
    )
    .option("--replace", inWords({ en: "put other values in place of stored ones", "zh-TW": "以新內容取代已儲存的內容" }))
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (exchange: string, name: string, flags: AddFlags) => {
      process.exitCode = await add(exchange, name, flags);
    });
}

async function add(exchange: string, name: string, flags: AddFlags): Promise<number> {
  return await withAccounts(flags.json === true, async ({ settings, accounts, audit }) => {
    refuseWithEnvironment(settings);
    checkAccountName(exchange, name);
    // Any exchange of ccxt will do, but a mistyped one must not get an account.
    if (!describedCredentials.includes(exchange)) await loadCcxt(exchange);
    // Whoever is asked for secrets should not type them for nothing.
    const isAsked = flags.fromStdin !== true && flags.env !== true;
    if (isAsked && flags.replace !== true && (await accounts.find(exchange, name)) !== null) throw storedAlready(exchange, name);
    const account = completeAccount(await takeDraft(exchange, name, flags));
    const outcome = await accounts.store(account, flags.replace === true);
    const { network, fingerprint, proxyHost } = account;
    if (outcome !== "unchanged") await audit("account add", `account add ${exchange} ${name}`, "allowed", `${outcome} ${fingerprint}`);
    const done = inWords(DONE[outcome]);
    const tail = outcome === "unchanged" ? "" : hint(exchange, name, network);
    return {
      text: `${exchange}:${name} (${network}, ${fingerprint}) ${done}.${tail}`,
      data: { account: { exchange, name, network, fingerprint, proxyHost }, outcome },
    };
  });
}

function storedAlready(exchange: string, name: string): UserError {
  return new UserError({
    en: `Account ${exchange}:${name} exists already; nothing was changed. Choose another name, or replace it: account add ${exchange} ${name} --replace.`,
    "zh-TW": `帳戶 ${exchange}:${name} 已存在；未做任何變更。請改用其他名稱，或取代它：account add ${exchange} ${name} --replace。`,
  });
}
