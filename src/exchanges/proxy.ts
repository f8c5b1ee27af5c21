// Which proxy an account's requests and streams go through, and the address they are seen from.

import { hostname } from "node:os";
import { UserError } from "../core/text.ts";
import type { ExchangeAccount } from "./account.ts";
import type { Params } from "./ccxt-loader.ts";

const PROTOCOLS = ["http:", "https:", "socks:", "socks4:", "socks5:", "socks5h:"];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The account's own proxy, else HTTPS_PROXY or HTTP_PROXY of the environment unless NO_PROXY names the host; null for none. A
 * server on this machine is never reached through one. Throws a UserError for an address that is none (without repeating it:
 * it may hold a password).
 */
export function proxyOf(account: ExchangeAccount, hosts: readonly string[], environment: Environment): URL | null {
  if (account.mode === "sim") return null;
  const own = account.proxy?.reveal();
  if (own === undefined && hosts.some((host) => isExempt(host, environment.NO_PROXY ?? environment.no_proxy ?? ""))) return null;
  const address = own ?? environment.HTTPS_PROXY ?? environment.https_proxy ?? environment.HTTP_PROXY ?? environment.http_proxy ?? "";
  if (address === "") return null;
  if (!URL.canParse(address) || !PROTOCOLS.includes(new URL(address).protocol)) throw noProxy(account, own === undefined);
  return new URL(address);
}

/** ccxt's settings for a proxy: REST and streams alike, by the one kind that it is. */
export function proxyConfig(proxy: URL | null): Params {
  if (proxy === null) return {};
  const address = proxy.href.replace(/\/$/, "");
  if (proxy.protocol.startsWith("socks")) return { socksProxy: address, wsSocksProxy: address };
  return { httpsProxy: address, wssProxy: address };
}

/** Names where requests leave from, for limits that count addresses; never with a password. */
export function egressOf(proxy: URL | null): string {
  return proxy === null ? hostname() : proxy.host;
}

function isExempt(host: string, list: string): boolean {
  return list
    .split(",")
    .map((entry) => entry.trim().replace(/^\*?\./, ""))
    .some((entry) => entry === "*" || (entry !== "" && (host === entry || host.endsWith(`.${entry}`))));
}

function noProxy(account: ExchangeAccount, isOfEnvironment: boolean): UserError {
  const whose = isOfEnvironment ? "HTTPS_PROXY / HTTP_PROXY" : `${account.exchange}:${account.account}`;
  return new UserError({
    en: `The proxy of ${whose} cannot be used: it must look like http://USER:PASSWORD@HOST:PORT, https://… or socks5://…`,
    "zh-TW": `無法使用 ${whose} 的代理伺服器：格式應為 http://使用者:密碼@主機:連接埠、https://… 或 socks5://…`,
  });
}
