// Takes a new account from a person (without an echo), from standard input, or from variables; never from arguments.

import { z } from "zod";
import { type Text, UserError } from "../core/text.ts";
import { credentialFault, credentialFieldsOf } from "../exchanges/credential-fields.ts";
import type { Network } from "../storage/accounts.ts";
import type { AccountDraft } from "./account-draft.ts";
import { draftFromEnv } from "./account-environment.ts";
import { askHidden } from "./account-keys.ts";
import { complain, inWords } from "./language.ts";
import { environment } from "./settings.ts";

export interface AccountFlags {
  readonly network?: string;
  readonly subaccount?: string;
  readonly note?: string;
  readonly tag?: readonly string[];
  readonly fromStdin?: boolean;
  readonly env?: boolean;
}

/** A whole account fits in this many characters. */
const STDIN_MAX = 100_000;

const stdinSchema = z
  .object({
    network: z.string().optional(),
    proxy: z.string().optional(),
    subaccount: z.string().optional(),
    note: z.string().optional(),
    tags: z.array(z.string()).optional(),
  })
  .catchall(z.union([z.string(), z.number().transform(String)]));

/** Throws a UserError when nothing can be taken or asked here. */
export async function takeDraft(exchange: string, name: string, flags: AccountFlags): Promise<AccountDraft> {
  // A mistyped option is told before anybody types a secret.
  if (flags.network !== undefined) networkOf(flags.network);
  const given =
    flags.fromStdin === true ? await readStdin(exchange, name) : flags.env === true ? fromEnv(exchange, name) : await ask(exchange);
  const { subaccount, note, tag } = flags;
  return {
    ...given,
    exchange,
    name,
    network: networkOf(flags.network ?? given.network ?? "live"),
    ...(subaccount === undefined ? {} : { subaccount }),
    ...(note === undefined ? {} : { note }),
    ...(tag === undefined ? {} : { tags: tag }),
  };
}

type Given = Omit<AccountDraft, "exchange" | "name" | "network"> & { readonly network?: string };

function networkOf(value: string): Network {
  if (value === "live" || value === "testnet") return value;
  throw new UserError({
    en: `network ${value.slice(0, 40)} should be live or testnet.`,
    "zh-TW": `network ${value.slice(0, 40)} 應為 live 或 testnet。`,
  });
}

async function readStdin(exchange: string, name: string): Promise<Given> {
  const parsed = stdinSchema.safeParse(parseJson(await wholeStdin()));
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path[0];
    throw field === undefined ? notJson(exchange) : notText(exchange, name, String(field));
  }
  const { network, proxy, subaccount, note, tags, ...credentials } = parsed.data;
  return {
    credentials: credentials as Record<string, string>,
    ...(network === undefined ? {} : { network }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(subaccount === undefined ? {} : { subaccount }),
    ...(note === undefined ? {} : { note }),
    ...(tags === undefined ? {} : { tags }),
  };
}

async function wholeStdin(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > STDIN_MAX) break;
  }
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Not a word of what was read is repeated: it is secret. */
function notJson(exchange: string): UserError {
  const example = JSON.stringify(Object.fromEntries(credentialFieldsOf(exchange).map(({ name }) => [name, "…"])));
  return new UserError({
    en: `Standard input should be one JSON object such as ${example}.`,
    "zh-TW": `標準輸入應為一個 JSON 物件，例如 ${example}。`,
  });
}

function notText(exchange: string, name: string, field: string): UserError {
  return new UserError({
    en: `Account ${exchange}:${name}: ${field.slice(0, 40)} should be a text in quotes.`,
    "zh-TW": `帳戶 ${exchange}:${name}：${field.slice(0, 40)} 應為加引號的文字。`,
  });
}

function fromEnv(exchange: string, name: string): Given {
  const draft = draftFromEnv(environment(), exchange, name);
  if (draft !== null) return draft;
  const prefix = `BOTSWAIN_ACCOUNT_${exchange}_${name}_`.toUpperCase();
  throw new UserError({
    en: `No variable ${prefix}… is set; the fields of ${exchange} are ${credentialFieldsOf(exchange)
      .map((field) => field.name)
      .join(", ")}.`,
    "zh-TW": `未設定任何 ${prefix}… 變數；${exchange} 的欄位有 ${credentialFieldsOf(exchange)
      .map((field) => field.name)
      .join("、")}。`,
  });
}

/** Everything is asked without an echo: what is public in it helps a thief to the rest. */
async function ask(exchange: string): Promise<Given> {
  if (!process.stdin.isTTY)
    throw new UserError({
      en: "This is no terminal to ask in: pipe the fields as JSON with --from-stdin, or set BOTSWAIN_ACCOUNT_… and use --env.",
      "zh-TW": "這裡不是可以提問的終端機：請以 --from-stdin 傳入 JSON，或設定 BOTSWAIN_ACCOUNT_… 後使用 --env。",
    });
  const credentials: Record<string, string> = {};
  for (const field of credentialFieldsOf(exchange)) {
    const { name, summary, right, isOptional } = field;
    for (;;) {
      const value = await askHidden(question(name, summary, right, isOptional === true));
      if (value === "" && isOptional === true) break;
      const wrong = credentialFault(field, value);
      if (wrong === null) {
        credentials[name] = value;
        break;
      }
      complain(wrong);
    }
  }
  const proxy = await askHidden({
    en: "Proxy, http://, https:// or socks5://[USER:PASSWORD@]HOST:PORT (empty: none)",
    "zh-TW": "代理伺服器，http://、https:// 或 socks5://[使用者:密碼@]主機:埠（留空表示不用）",
  });
  return { credentials, ...(proxy === "" ? {} : { proxy }) };
}

function question(name: string, summary: Text, right: Text, isOptional: boolean): Text {
  const end: Text = isOptional ? { en: "; empty skips it", "zh-TW": "；留空略過" } : { en: "", "zh-TW": "" };
  return {
    en: `${name}: ${summary.en}; ${right.en}${end.en}`,
    "zh-TW": `${name}：${summary["zh-TW"]}；${right["zh-TW"]}${end["zh-TW"]}`,
  };
}

/** The options of an account that are no secrets, in the words that the person typed. */
export function hint(exchange: string, name: string, network: Network): string {
  if (network === "testnet") return "";
  return inWords({
    en: ` It may trade real money once it is armed: bin/botswain account arm ${exchange} ${name}`,
    "zh-TW": ` 啟用後才可用真實資金交易：bin/botswain account arm ${exchange} ${name}`,
  });
}
