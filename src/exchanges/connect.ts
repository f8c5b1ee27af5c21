// Opens an account at an exchange: the right class, the right hosts, no hidden fees, and its markets in memory.

import type { Logger } from "pino";
import type { CredentialValues } from "../core/credentials.ts";
import type { Clock, ExchangePort, Fence, Permits } from "../core/ports.ts";
import { type Text, UserError } from "../core/text.ts";
import { checkHosts, type ExchangeAccount } from "./account.ts";
import { CcxtAdapter } from "./adapter.ts";
import { type CcxtClient, type CcxtExchange, loadCcxt, type Params } from "./ccxt-loader.ts";
import { guardExchange } from "./guarded-exchange.ts";
import { toReadError } from "./outcome.ts";
import { proxyConfig, proxyOf } from "./proxy.ts";
import { type Quirks, quirksOf, type StreamSink } from "./quirks.ts";
import { newContext, withContext } from "./request-context.ts";
import { steadyStreams } from "./steady-streams.ts";
import type { StreamSession } from "./streams.ts";

/** Shorter than any lease: a request that hangs must be over before someone else may trade for this bot. */
const TIMEOUT_MS = 8_000;
/** A half-open socket is noticed after two of these without a pong. */
const KEEP_ALIVE_MS = 5_000;

export interface ConnectOptions {
  readonly account: ExchangeAccount;
  readonly permits: Permits;
  readonly fence: Fence;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ms between pings of a stream; 5000 when absent. */
  readonly keepAliveMs?: number;
}

/** An exchange that is built and has sent nothing yet. */
export interface OpenedExchange {
  readonly exchange: CcxtExchange;
  readonly quirks: Quirks;
  readonly clients: Set<CcxtClient>;
  /** Requests that the builder-fee guard stopped. */
  readonly violations: readonly string[];
  readonly proxy: URL | null;
  /** Who wants what the exchange's subclass tells beside ccxt's own structures. */
  readonly setSession: (session: StreamSession | null) => void;
}

/**
 * Connects one account: loads the exchange's class, measures its clock and reads its markets (3 requests).
 * Throws a UserError for an account that cannot work and an ExchangeReadError when the exchange does not answer.
 */
export async function connectExchange(options: ConnectOptions): Promise<ExchangePort> {
  const { account, clock, log } = options;
  const opened = await openExchange(options);
  const { exchange, violations } = opened;
  await reachable(account, opened, async () => {
    await opened.quirks.prepare?.(exchange, valuesOf(account));
    await exchange.loadMarkets();
    const rights = await opened.quirks.keyRights?.(exchange);
    if (rights?.canWithdraw === true) throw canWithdraw(account);
  });
  if (violations.length > 0) throw hiddenFee(account.exchange, violations[0] ?? "");
  return new CcxtAdapter({ ...opened, account, clock, log });
}

/** Opens an exchange for its public data alone: no credentials go anywhere. Throws as `connectExchange`. */
export async function connectPublic(options: ConnectOptions): Promise<OpenedExchange> {
  const opened = await openExchange(options, true);
  await reachable(options.account, opened, () => opened.exchange.loadMarkets());
  return opened;
}

/** Builds the guarded class of an exchange for an account, or without credentials for public data. Throws a UserError. */
export async function openExchange(options: ConnectOptions, isPublic = false): Promise<OpenedExchange> {
  const { account, log } = options;
  const quirks = quirksOf(account.exchange);
  if (account.mode === "testnet" && quirks.testnetHosts.length === 0) throw noTestnet(account.exchange);
  if (account.mode === "live" && quirks.unconfirmed !== undefined && !isPublic) throw unconfirmed(quirks.title, quirks.unconfirmed);
  const hosts = account.mode === "testnet" ? quirks.testnetHosts : quirks.hosts;
  checkHosts(account, hosts);
  const proxy = proxyOf(account, hosts, process.env);
  const { Exchange } = await loadCcxt(quirks.ccxtId);
  const violations: string[] = [];
  const clients = new Set<CcxtClient>();
  let session: StreamSession | null = null;
  const sink: StreamSink = {
    onOrder: (update) => session?.onOrder(update),
    onTrade: (trade) => session?.onTrade(trade),
    onPrivateUp: () => session?.onPrivateUp(),
    onMark: (symbol, price) => session?.onMark(symbol, price),
    onBookGap: (symbol) => session?.onBookGap(symbol),
  };
  const onConnected = (url: string): void => session?.onConnected(url);
  const Guarded = guardExchange(Exchange, { ...options, quirks, violations });
  const Steady = steadyStreams(Guarded, { log, clients, onConnected });
  const exchange = new (quirks.extend(Steady, sink))({
    ...configOf(account, quirks, proxy, isPublic),
    streaming: { keepAlive: options.keepAliveMs ?? KEEP_ALIVE_MS },
  });
  if (account.mode === "testnet") exchange.setSandboxMode(true);
  const setSession = (next: StreamSession | null): void => {
    session = next;
  };
  return { exchange, quirks, clients, violations, proxy, setSession };
}

/** Runs the first requests of a connection. Throws an ExchangeReadError when the exchange does not answer. */
export async function reachable<T>(account: ExchangeAccount, { exchange, proxy }: OpenedExchange, work: () => Promise<T>): Promise<T> {
  try {
    return await withContext(newContext("market", "read"), async () => {
      // ccxt refuses ws:// on loopback until this agent is there.
      await exchange.loadHttpProxyAgent();
      if (proxy !== null) await exchange.loadProxyModules();
      return await work();
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw toReadError(`connecting to ${account.exchange}`, error);
  }
}

/** The credentials in the clear, for signing only. */
export function valuesOf({ credentials }: ExchangeAccount): CredentialValues {
  return Object.fromEntries(Object.entries(credentials).map(([name, secret]) => [name, secret.reveal()]));
}

function configOf(account: ExchangeAccount, quirks: Quirks, proxy: URL | null, isPublic: boolean): Params {
  const login = isPublic ? {} : quirks.login(valuesOf(account));
  const options = quirks.config.options as Params | undefined;
  const urls = account.url === undefined || account.wsUrl === undefined ? {} : { urls: quirks.urls(account.url, account.wsUrl) };
  return {
    ...quirks.config,
    ...urls,
    ...login,
    ...proxyConfig(proxy),
    // Structures then carry decimal strings; as floats, digits are lost.
    number: String,
    timeout: TIMEOUT_MS,
    enableRateLimit: true,
    // Requests hold signatures: none is kept.
    fetchHistoryCacheSize: 0,
    has: { ...(quirks.config.has as Params | undefined), fetchCurrencies: false },
    options: {
      ...options,
      ...(login.options as Params | undefined),
      // A retry inside ccxt would skip the permit and could double an order.
      maxRetriesOnFailure: 0,
      adjustForTimeDifference: true,
      // Streams take no permits, and our own back-off decides when to dial.
      ws: { throttle: async () => undefined, backoff: { base: 0 } },
      builderFee: false,
    },
  };
}

function noTestnet(exchange: string): UserError {
  return new UserError({
    en: `Exchange ${exchange} has no testnet; use mode sim or live`,
    "zh-TW": `交易所 ${exchange} 沒有測試網；請使用 sim 或 live 模式`,
  });
}

function unconfirmed(title: string, what: Text): UserError {
  return new UserError({
    en: `${title} is not traded with real money yet: ${what.en}`,
    "zh-TW": `尚未支援在 ${title} 以真實資金交易：${what["zh-TW"]}`,
  });
}

function canWithdraw({ account, exchange }: ExchangeAccount): UserError {
  return new UserError({
    en: `The key of account ${exchange}:${account} can withdraw, so it is not used; make one that can only trade`,
    "zh-TW": `帳戶 ${exchange}:${account} 的金鑰具有提領權限，因此不予使用；請建立只能交易的金鑰`,
  });
}

function hiddenFee(exchange: string, violation: string): UserError {
  return new UserError({
    en: `Exchange ${exchange} was not opened: ccxt tried to approve a builder fee (${violation})`,
    "zh-TW": `未開啟交易所 ${exchange}：ccxt 試圖核准額外的 builder 手續費（${violation}）`,
  });
}
