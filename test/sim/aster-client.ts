// A simulated Aster for a test, and unmodified ccxt clients of it: with an agent wallet, with the main wallet, and as Binance.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { aster as Aster, binanceusdm as BinanceUsdm } from "ccxt";
import { asterDialect } from "../../src/sim/aster/dialect.ts";
import { mainWalletOf, walletOf } from "../../src/sim/aster/wallet.ts";
import type { DialectAccount } from "../../src/sim/dialect.ts";
import type { ExchangeSim, ExchangeSimOptions } from "../../src/sim/exchange-sim.ts";
import { admin, startSim } from "./loopback-exchange.ts";

export type AsterClient = InstanceType<typeof Aster>;
export type BinanceClient = InstanceType<typeof BinanceUsdm>;
type Message = Readonly<Record<string, unknown>>;

export const ETH = "ETH/USDT:USDT";
export const ETH_SPOT = "ETH/USDT";

async function load<Client>(id: string): Promise<new (config: object) => Client> {
  const entry = createRequire(import.meta.url).resolve("ccxt");
  const file = new URL(`../js/src/pro/${id}.js`, pathToFileURL(entry));
  return ((await import(file.href)) as { default: new (config: object) => Client }).default;
}

/** A simulated Aster whose accounts hold dollars, with its markets standing still. */
export function startAster(options: Partial<ExchangeSimOptions> = {}): Promise<ExchangeSim> {
  const accounts = [{ name: "sim", balances: { USDT: "100000" } }];
  return startSim({ dialect: asterDialect, paused: true, accounts, ...options });
}

/** Moves ETH, perpetual and spot, to 2500. */
export async function calm(sim: ExchangeSim): Promise<void> {
  for (const symbol of ["ETHUSDT", "ETHUSDT_SPOT"]) await admin(sim, "POST", "/sim/price", { symbol, price: "2500" });
}

function urlsOf(sim: ExchangeSim): object {
  const streams = sim.wsUrl.replace(/\/fstream$/, "");
  const of = (path: string) => ({ spot: `${streams}/sstream/${path}`, swap: `${streams}/fstream/${path}` });
  const rest = {
    fapiPublic: `${sim.url}/fapi`,
    fapiPrivate: `${sim.url}/fapi`,
    sapiPublic: `${sim.url}/api`,
    sapiPrivate: `${sim.url}/api`,
  };
  return { api: { ...rest, ws: { public: of("stream"), private: of("ws") } } };
}

export function accountOf(sim: ExchangeSim, name = "sim"): DialectAccount {
  const account = sim.accounts.find((one) => one.name === name);
  if (account === undefined) throw new Error(`the simulated exchange has no account ${name}`);
  return account;
}

async function asterWith(sim: ExchangeSim, privateKey: string, options: object): Promise<AsterClient> {
  const Client = await load<AsterClient>("aster");
  const config = { privateKey, urls: urlsOf(sim), enableRateLimit: false, number: String };
  const client = new Client({ ...config, options: { builderFee: false, defaultType: "swap", ...options } });
  await client.loadHttpProxyAgent();
  return client;
}

/** As a bot connects: the agent's key, for the account's wallet. */
export async function connectAster(sim: ExchangeSim, name = "sim", options: object = {}): Promise<AsterClient> {
  const { privateKey = "", walletAddress, signerAddress } = accountOf(sim, name).credentials;
  const client = await asterWith(sim, privateKey, options);
  // ccxt takes the key for the account's own wallet; it remembers the address by a fingerprint of the key.
  client.sign("v3/order", "fapiPrivate", "GET");
  const fingerprint = client.options.privateKeyHashForCachedWalletAddress;
  Object.assign(client.options, { cachedWalletAddress: walletAddress, privateKeyHashForCachedWalletAddress: fingerprint, signerAddress });
  return client;
}

/** As ccxt does by default: with the key of the account's own wallet. */
export function connectMainWallet(sim: ExchangeSim, name = "sim"): Promise<AsterClient> {
  const agent = walletOf(accountOf(sim, name).credentials.privateKey);
  return asterWith(sim, mainWalletOf(agent).privateKey, {});
}

/** A wallet that no account knows. */
export function connectStranger(sim: ExchangeSim): Promise<AsterClient> {
  return asterWith(sim, walletOf().privateKey, {});
}

/** ccxt's Binance futures, which speaks the older interface with a key and a secret. */
export async function connectBinance(sim: ExchangeSim, name = "sim", config: object = {}): Promise<BinanceClient> {
  const Client = await load<BinanceClient>("binanceusdm");
  const { apiKey, secret } = accountOf(sim, name).credentials;
  const api = (version: string) => `${sim.url}/fapi/${version}`;
  const rest = {
    fapiPublic: api("v1"),
    fapiPublicV2: api("v2"),
    fapiPublicV3: api("v3"),
    fapiPrivate: api("v1"),
    fapiPrivateV2: api("v2"),
    fapiPrivateV3: api("v3"),
  };
  const urls = { api: { ...rest, ws: { future: `${sim.wsUrl}/ws` } } };
  const client = new Client({
    apiKey,
    secret,
    urls,
    enableRateLimit: false,
    number: String,
    options: { fetchCurrencies: false },
    ...config,
  });
  await client.loadHttpProxyAgent();
  return client;
}

/** Every raw message that a client receives from now on; user data unwrapped. */
export function tapMessages(client: AsterClient | BinanceClient): Message[] {
  const seen: Message[] = [];
  const tapped = client as unknown as { handleMessage(socket: unknown, message: Message): unknown };
  const handle = tapped.handleMessage.bind(client);
  tapped.handleMessage = (socket, message) => {
    seen.push((message.data as Message | undefined) ?? message);
    return handle(socket, message);
  };
  return seen;
}
