// `botswain account list` and `show`: what may be known of accounts; never a secret, and no key is needed.

import type { Command } from "commander";
import { renderPlain } from "../../bot/render.ts";
import { plain, type Text } from "../../core/text.ts";
import { listAccounts, noSuchAccount } from "../../storage/accounts.ts";
import type { Database } from "../../storage/database.ts";
import type { EnvAccount } from "../account-environment.ts";
import { withAccounts } from "../account-session.ts";
import { inWords, language } from "../language.ts";
import type { Settings } from "../settings.ts";
import { addVerb, withDataFolder } from "./verb.ts";

/** An account as it is shown; times are ISO, UTC. */
interface ShownAccount {
  readonly exchange: string;
  readonly name: string;
  readonly network: string;
  readonly armed: boolean;
  readonly armedAt: string | null;
  readonly fingerprint: string;
  readonly subaccount: string | null;
  readonly proxyHost: string | null;
  readonly note: string | null;
  readonly tags: readonly string[];
  readonly from: "database" | "environment";
  readonly keyId: string | null;
  readonly storedAt: string | null;
  readonly bots: readonly string[];
}

export function addAccountList(account: Command): void {
  const list = addVerb(
    account,
    "list",
    { en: "List the accounts, without their secrets.", "zh-TW": "列出帳戶（不含密鑰）。" },
    "account list --json",
  );
  withDataFolder(list)
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async ({ json }: { readonly json?: boolean }) => {
      process.exitCode = await withAccounts(json === true, async ({ settings, db }) => {
        const accounts = await shownAccounts(settings, db);
        return { text: tableOf(accounts), data: { accounts } };
      });
    });
  const show = addVerb(
    account,
    "show",
    { en: "Show one account, without its secrets.", "zh-TW": "顯示單一帳戶（不含密鑰）。" },
    "account show backpack main",
  );
  withDataFolder(show)
    .argument("<exchange>", inWords({ en: "e.g. backpack", "zh-TW": "例如 backpack" }))
    .argument("<name>", inWords({ en: "e.g. main", "zh-TW": "例如 main" }))
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (exchange: string, name: string, { json }: { readonly json?: boolean }) => {
      process.exitCode = await withAccounts(json === true, async ({ settings, db }) => {
        const found = (await shownAccounts(settings, db)).find((each) => each.exchange === exchange && each.name === name);
        if (found === undefined) throw noSuchAccount({ exchange, account: name });
        return { text: fieldsOf(found), data: { account: found } };
      });
    });
}

async function shownAccounts({ accounts }: Settings, db: Database): Promise<readonly ShownAccount[]> {
  if (accounts.fromEnv !== null) return await Promise.all(accounts.fromEnv.map((account) => ofEnvironment(account, db)));
  return (await listAccounts(db)).map(({ armedAt, storedAt, ...record }) => ({
    ...record,
    armed: armedAt !== null,
    armedAt: armedAt === null ? null : new Date(armedAt).toISOString(),
    storedAt: new Date(storedAt).toISOString(),
    from: "database" as const,
  }));
}

async function ofEnvironment(account: EnvAccount, db: Database): Promise<ShownAccount> {
  const { exchange, name, network, isArmed, fingerprint, subaccount, proxyHost } = account;
  const numbers = await db.prisma.botNumber.findMany({ where: { exchange, account: name }, orderBy: { botId: "asc" } });
  return {
    ...{ exchange, name, network, armed: isArmed, armedAt: null, fingerprint, subaccount, proxyHost, note: null, tags: [] },
    ...{ from: "environment" as const, keyId: null, storedAt: null, bots: numbers.map(({ botId }) => botId) },
  };
}

function armedWord({ network, armed }: ShownAccount): Text {
  if (network !== "live") return plain("-");
  return armed ? { en: "armed", "zh-TW": "已啟用" } : { en: "not armed", "zh-TW": "未啟用" };
}

function tableOf(accounts: readonly ShownAccount[]): string {
  if (accounts.length === 0)
    return inWords({
      en: "There is no account yet; add one: bin/botswain account add backpack main",
      "zh-TW": "目前沒有帳戶；新增：bin/botswain account add backpack main",
    });
  const columns: readonly Text[] = [
    { en: "account", "zh-TW": "帳戶" },
    { en: "network", "zh-TW": "網路" },
    { en: "real money", "zh-TW": "真實資金" },
    { en: "fingerprint", "zh-TW": "指紋" },
    { en: "proxy", "zh-TW": "代理" },
    { en: "bots", "zh-TW": "機器人" },
  ];
  const rows = accounts.map((account) => [
    `${account.exchange}:${account.name}`,
    account.network,
    inWords(armedWord(account)),
    account.fingerprint,
    account.proxyHost ?? "-",
    account.bots.join(" ") || "-",
  ]);
  const title = { en: accounts.length === 1 ? "1 account" : `${accounts.length} accounts`, "zh-TW": `${accounts.length} 個帳戶` };
  return renderPlain({ tone: "neutral", title, blocks: [{ type: "table", columns, rows }], data: null }, language);
}

function fieldsOf(account: ShownAccount): string {
  const field = (en: string, zhTw: string, value: Text | string | null) => ({
    label: { en, "zh-TW": zhTw },
    value: typeof value === "string" ? plain(value) : (value ?? plain("-")),
  });
  const fields = [
    field("Network", "網路", account.network),
    field("Real money", "真實資金", armedWord(account)),
    field("Armed at", "啟用時間", account.armedAt),
    field("Fingerprint", "指紋", account.fingerprint),
    field("Sub-account", "子帳戶", account.subaccount),
    field("Proxy", "代理", account.proxyHost),
    field("Note", "備註", account.note),
    field("Tags", "標籤", account.tags.join(" ") || null),
    field(
      "Kept in",
      "儲存於",
      account.from === "database" ? { en: "the database", "zh-TW": "資料庫" } : { en: "the environment", "zh-TW": "環境變數" },
    ),
    field("Sealed under key", "封存金鑰", account.keyId),
    field("Stored at", "儲存時間", account.storedAt),
    field("Bots", "機器人", account.bots.join(" ") || null),
  ];
  return renderPlain(
    { tone: "neutral", title: plain(`${account.exchange}:${account.name}`), blocks: [{ type: "fields", fields }], data: null },
    language,
  );
}
