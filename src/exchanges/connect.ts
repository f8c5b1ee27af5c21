// Opens an account at an exchange: the right class, the right hosts, no hidden fees, and its markets in memory.

import type { Logger } from "pino";
import type { CredentialValues } from "../core/credentials.ts";
import type { Clock, ExchangePort, Fence, Permits } from "../core/ports.ts";
import { UserError } from "../core/text.ts";
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
}

/**
 * Connects one account: loads the exchange's class, measures its clock and reads its markets (3 requests).
 * Throws a UserError for an account that cannot work and an ExchangeReadError when the exchange does not answer.
 */
export async function connectExchange(options: ConnectOptions): Promise<ExchangePort> {
  const { account, clock, log } = options;
  const quirks = quirksOf(account.exchange);
  if (account.mode === "testnet" && quirks.testnetHosts.length === 0) throw noTestnet(account.exchange);
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
  const exchange = new (quirks.extend(Steady, sink))(configOf(account, quirks, proxy));
  if (account.mode === "testnet") exchange.setSandboxMode(true);
  await prepare(exchange, quirks, account, proxy !== null);
  if (violations.length > 0) throw hiddenFee(account.exchange, violations[0] ?? "");
  const setSession = (next: StreamSession | null): void => {
    session = next;
  };
  return new CcxtAdapter({ exchange, quirks, account, violations, clients, clock, log, setSession });
}

async function prepare(exchange: CcxtExchange, quirks: Quirks, account: ExchangeAccount, hasProxy: boolean): Promise<void> {
  try {
    await withContext(newContext("market", "read"), async () => {
      // ccxt refuses ws:// on loopback until this agent is there.
      await exchange.loadHttpProxyAgent();
      if (hasProxy) await exchange.loadProxyModules();
      await quirks.prepare?.(exchange, valuesOf(account));
      await exchange.loadMarkets();
      const rights = await quirks.keyRights?.(exchange);
      if (rights?.canWithdraw === true) throw canWithdraw(account);
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw toReadError(`connecting to ${quirks.id}`, error);
  }
}

/** The credentials in the clear, for signing only. */
function valuesOf({ credentials }: ExchangeAccount): CredentialValues {
  return Object.fromEntries(Object.entries(credentials).map(([name, secret]) => [name, secret.reveal()]));
}

function configOf(account: ExchangeAccount, quirks: Quirks, proxy: URL | null): Params {
  const login = quirks.login(valuesOf(account));
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
    streaming: { keepAlive: KEEP_ALIVE_MS },
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
