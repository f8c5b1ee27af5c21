// Starts the simulated exchange: restores its state, plays its markets and serves a dialect's REST and WebSocket API on loopback.

import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Clock } from "../core/ports.ts";
import { UserError } from "../core/text.ts";
import { serveAdmin } from "./admin-rest.ts";
import { backpackDialect } from "./backpack/dialect.ts";
import type { Dialect, DialectAccount } from "./dialect.ts";
import { ExchangeState } from "./exchange-state.ts";
import { type Fault, Faults } from "./faults.ts";
import type { FundingRates } from "./funding.ts";
import { createGenerator } from "./generator.ts";
import { createJournal, readJournal } from "./journal.ts";
import { MarketDriver } from "./market-driver.ts";
import type { MarketSource } from "./market-step.ts";
import { listingFor, openRecording } from "./recording.ts";
import { type RequestLimit, RequestLimits } from "./request-limits.ts";
import { loadKeys, readEndpoint, writeEndpoint } from "./sim-folder.ts";
import { SimulatedExchange } from "./simulated-exchange.ts";
import { SocketTap } from "./socket-tap.ts";
import { installStaleReads } from "./stale-reads.ts";

const START_BALANCE = "100000";
const DEFAULT_SEED = 1;
/** Quiet books are repeated this often. */
const HEARTBEAT_MS = 250;
/** What is due by the exchange's clock is done so often: dead-man switches, funding. */
const TICK_MS = 20;
const PROBE_TIMEOUT_MS = 500;

export interface SimAccountOptions {
  readonly name: string;
  /** Decimal strings by asset; 100000 USDC when absent. Only counts when the account is opened for the first time. */
  readonly balances?: Readonly<Record<string, string>>;
}

export interface ExchangeSimOptions {
  /** Which exchange it speaks like; Backpack by default. */
  readonly dialect?: Dialect;
  /** Loopback address to bind; 127.0.0.1 by default. */
  readonly host?: string;
  /** 0 takes the port of the folder's last run when it is free, else any free one. */
  readonly port: number;
  /** Keeps journal, `keys.json` and `endpoint.json`; null keeps nothing. */
  readonly folder: string | null;
  /** `sim` alone by default. */
  readonly accounts?: readonly SimAccountOptions[];
  /** Recorded markets; instruments without one are generated. */
  readonly data?: readonly { readonly symbol?: string; readonly file: string }[];
  /** How many times faster recordings play; 1 by default. */
  readonly speed?: number;
  readonly seed?: number;
  /** The dialect's documented limits by default. */
  readonly limits?: readonly RequestLimit[];
  /** Injected from the start on. */
  readonly faults?: readonly Fault[];
  /** What perpetuals pay; the usual rate every interval by default. */
  readonly funding?: FundingRates;
  /** Begin with the markets standing still. */
  readonly paused?: boolean;
  readonly log: Logger;
  readonly clock?: Clock;
}

export interface ExchangeSim {
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  readonly accounts: readonly DialectAccount[];
  readonly exchange: SimulatedExchange;
  readonly driver: MarketDriver;
  close(): Promise<void>;
}

const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

function openSources(options: ExchangeSimOptions, { listings }: Dialect): ReadonlyMap<string, MarketSource> {
  const sources = new Map<string, MarketSource>();
  for (const entry of options.data ?? []) {
    const listing = listingFor(entry, listings);
    if (sources.has(listing.id))
      throw new UserError({
        en: `Two recorded files are given for ${listing.id}, the second is ${entry.file}. Give one file for each instrument.`,
        "zh-TW": `${listing.id} 指定了兩個行情錄製檔，第二個是 ${entry.file}。每個商品請只指定一個檔案。`,
      });
    sources.set(listing.id, openRecording(entry.file, listing));
  }
  const seed = String(options.seed ?? DEFAULT_SEED);
  for (const listing of listings) if (!sources.has(listing.id)) sources.set(listing.id, createGenerator(listing, seed));
  return sources;
}

/** The exchange as its folder left it, or a fresh one, with every account opened. */
function openExchange(
  options: ExchangeSimOptions,
  { listings }: Dialect,
  keys: readonly DialectAccount[],
  clock: Clock,
): SimulatedExchange {
  const state = new ExchangeState(listings);
  const file = options.folder === null ? null : join(options.folder, "journal.jsonl");
  if (file !== null) {
    const stored = readJournal(file);
    if (stored.snapshot !== null) state.restore(stored.snapshot);
    for (const facts of stored.lines) for (const fact of facts) state.retell(fact);
    state.rebuildBooks();
  }
  const journal = file === null ? null : createJournal(file, state.snapshot());
  const { funding } = options;
  const exchange = new SimulatedExchange({ state, journal, clock, ...(funding === undefined ? {} : { funding }) });
  const settle = listings[0]?.instrument.settle ?? "USDC";
  for (const { name } of keys) {
    const balances = options.accounts?.find((account) => account.name === name)?.balances ?? { [settle]: START_BALANCE };
    exchange.run((running) => running.openAccount(name, balances));
  }
  return exchange;
}

/** Refuses a folder whose exchange is alive: two of them would write one journal. */
async function refuseLiveFolder(folder: string): Promise<void> {
  const endpoint = readEndpoint(folder);
  if (endpoint === null) return;
  let served: unknown;
  try {
    const answer = await fetch(`${endpoint.url}/sim/state`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    served = ((await answer.json()) as { folder?: unknown }).folder;
  } catch {
    return;
  }
  if (served !== resolve(folder)) return;
  throw new UserError({
    en: `The simulated exchange of ${folder} is already running at ${endpoint.url} (process ${endpoint.pid}). Use it, or stop it first.`,
    "zh-TW": `${folder} 的模擬交易所已在 ${endpoint.url} 執行（程序 ${endpoint.pid}）。請直接使用，或先停止它。`,
  });
}

async function listen(app: FastifyInstance, host: string, port: number, lastPort: number): Promise<void> {
  try {
    await app.listen({ host, port: port === 0 ? lastPort : port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    if (port === 0) {
      await app.listen({ host, port: 0 });
      return;
    }
    throw new UserError({
      en: `Port ${port} on ${host} is in use. Stop the program that holds it, or choose another port (0 takes any free one).`,
      "zh-TW": `${host} 的連接埠 ${port} 已被占用。請停止占用它的程式，或改用其他連接埠（0 表示任一可用埠）。`,
    });
  }
}

/**
 * Starts the simulated exchange and resolves once it listens and every market has a book.
 * Throws a UserError for an unreadable data file, a taken port, a damaged journal or a folder that is already served.
 */
export async function startExchangeSim(options: ExchangeSimOptions): Promise<ExchangeSim> {
  const { folder, log, host = "127.0.0.1", speed = 1, dialect = backpackDialect } = options;
  if (!(speed > 0 && speed <= 1_000_000))
    throw new UserError({
      en: `Speed ${speed} must be above 0 and at most 1000000.`,
      "zh-TW": `速度 ${speed} 必須大於 0 且不超過 1000000。`,
    });
  const clock = options.clock ?? SYSTEM_CLOCK;
  if (folder !== null) await refuseLiveFolder(folder);
  const sources = openSources(options, dialect);
  const keys = loadKeys(
    folder,
    (options.accounts ?? [{ name: "sim" }]).map((account) => account.name),
    (account) => dialect.createCredentials(account),
  );
  const exchange = openExchange(options, dialect, keys, clock);
  const app = Fastify({ forceCloseConnections: true });
  const driver = new MarketDriver({ exchange, sources, speed });
  const limits = new RequestLimits(options.limits ?? dialect.limits, dialect.ban ?? null);
  const faults = new Faults(clock);
  faults.add(options.faults ?? []);
  installStaleReads(app, exchange, faults);
  const tap = new SocketTap({ faults, clock });
  const notice = (): string | null => endedRecordings(driver);
  const socket = dialect.serve({ app, exchange, accounts: keys, limits, faults, tap, clock, log, notice });
  serveAdmin(app, {
    exchange,
    driver,
    socket,
    limits,
    faults,
    folder: folder === null ? null : resolve(folder),
    speed,
    dialect: dialect.name,
  });
  app.server.on("upgrade", (request, stream, head) => socket.upgrade(request, stream, head));
  if (options.paused) driver.pause();
  driver.start();
  const lastPort = folder === null ? 0 : Number(new URL(readEndpoint(folder)?.url ?? "http://127.0.0.1:0").port);
  try {
    await listen(app, host, options.port, lastPort);
  } catch (error) {
    driver.stop();
    exchange.close();
    throw error;
  }
  const { port } = app.server.address() as AddressInfo;
  const url = `http://${host}:${port}`;
  const wsUrl = `ws://${host}:${port}${dialect.wsPath}`;
  if (folder !== null) writeEndpoint(folder, { url, wsUrl, pid: process.pid });
  const heartbeat = setInterval(() => socket.heartbeat(), HEARTBEAT_MS);
  const ticking = setInterval(() => exchange.tick(), TICK_MS);
  log.info({ url, accounts: keys.map(({ name }) => name), recordings: (options.data ?? []).length, speed }, "simulated exchange listens");
  const close = async (): Promise<void> => {
    clearInterval(heartbeat);
    clearInterval(ticking);
    driver.stop();
    socket.close();
    await app.close();
    exchange.close();
    log.info("simulated exchange closed");
  };
  return { url, wsUrl, port, accounts: keys, exchange, driver, close };
}

/** A sentence about recordings that have come to their end, or null. */
function endedRecordings(driver: MarketDriver): string | null {
  const ended = driver.status().filter((status) => status.ended);
  return ended.length === 0 ? null : `the recording of ${ended.map((status) => status.symbol).join(", ")} has ended; the last price holds`;
}
