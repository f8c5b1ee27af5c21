// An account at an exchange: its credentials, and the rule that a mode never talks to the wrong host.

import { inspect } from "node:util";
import type { Mode } from "../core/alert.ts";
import type { CredentialValues } from "../core/credentials.ts";
import { redactor } from "../core/redact.ts";
import { UserError } from "../core/text.ts";

const REDACTED = "[redacted]";

/** A secret that cannot be printed by accident: JSON, string concatenation and console.log all show `[redacted]`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
    // Whatever else of this process prints it by accident, the log scrubs it.
    redactor.learn(value);
  }
  /** The secret itself, for signing only. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return REDACTED;
  }
  toJSON(): string {
    return REDACTED;
  }
  [inspect.custom](): string {
    return REDACTED;
  }
}

/** Values by field name; the quirks file of the exchange says which it wants. Every one of them prints as `[redacted]`. */
export type Credentials = Readonly<Record<string, Secret>>;

/** Wraps the values that came out of the store. */
export function sealCredentials(values: CredentialValues): Credentials {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]));
}

/** One set of credentials at one exchange. `url` and `wsUrl` are for a server on this machine. */
export interface ExchangeAccount {
  readonly exchange: string;
  readonly account: string;
  readonly mode: Mode;
  readonly credentials: Credentials;
  readonly url?: string;
  readonly wsUrl?: string;
  /** `http://`, `https://`, `socks5://` with optional user and password, for REST and WebSocket. */
  readonly proxy?: Secret;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Throws a UserError when the account's urls do not fit its mode: `sim` talks to this machine only, every other mode only
 * to hosts of the exchange itself (`hosts`; its defaults when the account names no url).
 */
export function checkHosts(account: ExchangeAccount, hosts: readonly string[]): void {
  const fields = [
    ["url", account.url, ["http:", "https:"]],
    ["wsUrl", account.wsUrl, ["ws:", "wss:"]],
  ] as const;
  for (const [field, value, protocols] of fields) {
    if (value === undefined) {
      if (account.mode === "sim") throw fault(account, field, "nothing", "http://127.0.0.1:PORT");
      continue;
    }
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url === null || !(protocols as readonly string[]).includes(url.protocol) || url.username !== "")
      throw fault(account, field, value, `${protocols[0]}//HOST`);
    if (account.mode === "sim" && !LOOPBACK.test(url.hostname)) throw fault(account, field, value, "127.0.0.1, localhost or ::1");
    if (account.mode !== "sim" && !hosts.includes(url.hostname)) throw fault(account, field, value, hosts.join(" / "));
  }
}

function fault(account: ExchangeAccount, field: string, value: string, right: string): UserError {
  const name = `${account.exchange}:${account.account}`;
  return new UserError({
    en: `Account ${name} (${account.mode}): ${field} is ${value}, but this mode only talks to ${right}`,
    "zh-TW": `帳戶 ${name}（${account.mode}）：${field} 是 ${value}，但此模式只能連線到 ${right}`,
  });
}
