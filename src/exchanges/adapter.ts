// The ExchangePort over ccxt.pro: orders with an honest outcome, reads that are whole or throw, streams that come back.

import type { Logger } from "pino";
import type { PlaceOrder } from "../core/effects.ts";
import type { Instrument } from "../core/instrument.ts";
import type {
  AccountSnapshot,
  CancelOutcome,
  Capabilities,
  Clock,
  ExchangeEvent,
  ExchangePort,
  FillPage,
  FundingPage,
  OrderLookup,
  OrderRef,
  PlaceOutcome,
  Position,
  Touch,
} from "../core/ports.ts";
import type { Lots } from "../core/units.ts";
import type { ExchangeAccount } from "./account.ts";
import type { CcxtClient, CcxtExchange, CcxtOrder, CcxtPosition } from "./ccxt-loader.ts";
import { CLOCK_SKEW_MS, inFills, inOrderHistory, readFills, readFunding } from "./history.ts";
import { JoinedRead } from "./joined-read.ts";
import { filledOf, toBalances, toInstrument, toOpenOrder, toPosition } from "./normalize.ts";
import { OrderEntry } from "./order-entry.ts";
import { AnswerError, ExchangeReadError, messageOf, toReadError } from "./outcome.ts";
import type { Pages } from "./paging.ts";
import type { Quirks } from "./quirks.ts";
import { newContext, withContext } from "./request-context.ts";
import { StreamSession, touchOf } from "./streams.ts";

/** Characters of an announcement that a status shows. */
const NOTICE_MAX = 200;
/** Steps and limits of the markets, and the difference of the clocks, are read again after this time. */
const MARKETS_MAX_AGE_MS = 300_000;
/** The clocks are compared again at most this often when the exchange calls our requests expired. */
const CLOCK_CHECK_MS = 30_000;

export interface AdapterOptions {
  readonly exchange: CcxtExchange;
  readonly quirks: Quirks;
  readonly account: ExchangeAccount;
  readonly violations: readonly string[];
  readonly clients: Set<CcxtClient>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the subclass finds the session that wants its raw messages. */
  readonly setSession: (session: StreamSession | null) => void;
}

interface SymbolReads {
  readonly fills: JoinedRead<FillPage>;
  readonly orders: JoinedRead<Pages<CcxtOrder>> | null;
}

export class CcxtAdapter implements ExchangePort {
  readonly name: string;
  readonly account: string;
  readonly capabilities: Capabilities;
  readonly #options: AdapterOptions;
  readonly #exchange: CcxtExchange;
  readonly #quirks: Quirks;
  readonly #reads = new Map<string, SymbolReads>();
  /** As first read: whoever trades here counts in these steps until it connects anew, whatever the exchange has changed. */
  readonly #instruments = new Map<string, Instrument>();
  readonly #closing = new AbortController();
  readonly #entry: OrderEntry;
  readonly amend?: NonNullable<ExchangePort["amend"]>;
  readonly setPerp?: NonNullable<ExchangePort["setPerp"]>;
  readonly perpSettings?: NonNullable<ExchangePort["perpSettings"]>;
  readonly positionMode?: NonNullable<ExchangePort["positionMode"]>;
  readonly deadManSwitch?: NonNullable<ExchangePort["deadManSwitch"]>;
  #clockCheckedAt = Number.NEGATIVE_INFINITY;
  #marketsAt: number;
  #isStreaming = false;

  constructor(options: AdapterOptions) {
    this.#options = options;
    this.#exchange = options.exchange;
    this.#quirks = options.quirks;
    this.name = options.quirks.id;
    this.account = options.account.account;
    this.capabilities = options.quirks.capabilities;
    this.#marketsAt = options.clock.monotonic();
    const { account, exchange, quirks, violations } = options;
    const known = (symbol: string): Instrument => this.#known(symbol);
    const refused = (message: string): void => this.#compareClocks(message);
    const entry = new OrderEntry({ account, exchange, quirks, violations, known, refused });
    this.#entry = entry;
    if (quirks.amend !== undefined) this.amend = (order, to, ready) => entry.amend(order, to, ready);
    const { deadManSwitch, perpSettings, positionMode, setPerp } = quirks;
    if (setPerp !== undefined)
      this.setPerp = (symbol, settings) => this.#read(`settings of ${symbol}`, "reconcile", () => setPerp(exchange, symbol, settings));
    if (perpSettings !== undefined)
      this.perpSettings = (symbol) => this.#read(`settings of ${symbol}`, "reconcile", () => perpSettings(exchange, symbol));
    if (positionMode !== undefined) this.positionMode = () => this.#read("position mode", "reconcile", () => positionMode(exchange));
    if (deadManSwitch !== undefined)
      this.deadManSwitch = (symbols, timeoutMs) =>
        this.#read("dead-man switch", "reduce", () => deadManSwitch(exchange, symbols, timeoutMs));
  }

  async instrument(symbol: string): Promise<Instrument> {
    return await this.#read(`instrument ${symbol}`, "market", async () => {
      if (this.#options.clock.monotonic() - this.#marketsAt > MARKETS_MAX_AGE_MS) {
        await this.#exchange.loadMarkets(true);
        this.#marketsAt = this.#options.clock.monotonic();
      }
      this.#known(symbol);
      return this.#described(symbol);
    });
  }

  place(symbol: string, order: PlaceOrder, urgency: "close" | "open", ready: Promise<boolean>): Promise<PlaceOutcome> {
    return this.#entry.place(symbol, order, urgency, ready);
  }

  cancel(order: OrderRef, urgency: "panic" | "cancel"): Promise<CancelOutcome> {
    return this.#entry.cancel(order, urgency);
  }

  async lookup(order: OrderRef): Promise<OrderLookup> {
    try {
      const instrument = this.#known(order.symbol);
      const told = await this.#order(instrument, order);
      if (told !== null) return told;
      const since = order.createdAt - CLOCK_SKEW_MS;
      const reads = this.#readsOf(instrument);
      const orders = await reads.orders?.ask(since);
      const listed = orders === undefined ? null : inOrderHistory(this.#quirks, instrument, orders.rows, order);
      if (listed !== null) return listed;
      const fills = await reads.fills.ask(since);
      const filled = inFills(fills.fills, order);
      if (filled !== null) return filled;
      const isWhole = (orders?.complete ?? true) && fills.complete;
      return isWhole ? { found: "notFound" } : { found: "unknown", message: "the history is longer than what was read" };
    } catch (error) {
      return { found: "unknown", message: messageOf(error) };
    }
  }

  async snapshot(symbols: readonly string[]): Promise<AccountSnapshot> {
    return await this.#read("snapshot", "reconcile", async () => {
      const at = this.#options.clock.now();
      const instruments = new Map(symbols.map((symbol) => [symbol, this.#known(symbol)]));
      const [orders, positions, balances] = await Promise.all([
        this.#quirks.openOrders(this.#exchange, symbols),
        this.#positions(instruments),
        this.#quirks.balances(this.#exchange),
      ]);
      const openOrders = orders.flatMap((order) => {
        const instrument = instruments.get(order.symbol ?? "");
        return instrument === undefined ? [] : (toOpenOrder(instrument, this.#quirks, order) ?? []);
      });
      const held: Position[] = [];
      for (const instrument of instruments.values()) {
        if (instrument.kind !== "perp") continue;
        const { symbol } = instrument.ref;
        const position = positions.find((candidate) => candidate.symbol === symbol);
        held.push(
          position === undefined
            ? { symbol, quantity: 0 as Lots, averageEntryPrice: null }
            : toPosition(instrument, this.#quirks, position),
        );
      }
      return { at, openOrders, positions: held, balances: toBalances(balances) };
    });
  }

  async fillsSince(symbol: string, since: number): Promise<FillPage> {
    try {
      const page = await this.#readsOf(this.#known(symbol)).fills.ask(since);
      return { complete: page.complete, fills: page.fills.filter((fill) => fill.at >= since) };
    } catch (error) {
      throw toReadError(`fills of ${symbol}`, error);
    }
  }

  async fundingSince(symbol: string, since: number): Promise<FundingPage> {
    return await this.#read(`funding of ${symbol}`, "reconcile", async () => {
      this.#known(symbol);
      return await readFunding(this.#exchange, this.#quirks, symbol, since, this.#options.clock.now());
    });
  }

  async touch(symbol: string): Promise<Touch> {
    return await this.#read(`touch of ${symbol}`, "market", async () => {
      const instrument = this.#known(symbol);
      const touch = touchOf(instrument, await this.#exchange.fetchOrderBook(symbol), this.#options.clock.now());
      if (touch === null) throw new ExchangeReadError("transient", `the book of ${symbol} has an empty side`);
      return touch;
    });
  }

  async notice(): Promise<string | null> {
    return await this.#read("the exchange's notice", "market", async () => {
      const { status, info } = await this.#exchange.fetchStatus();
      const message = typeof info?.message === "string" ? info.message.slice(0, NOTICE_MAX) : "";
      if (message !== "") return message;
      return status === undefined || status === "ok" ? null : `the exchange says: ${status}`;
    });
  }

  /** One reading at a time: it owns the sockets. A second one throws when it is iterated. */
  async *events(symbols: readonly string[], signal: AbortSignal): AsyncGenerator<ExchangeEvent, void, undefined> {
    if (this.#isStreaming) throw new Error(`the streams of ${this.name}:${this.account} are being read already`);
    this.#isStreaming = true;
    const { clients, clock, exchange, log, setSession } = this.#options;
    const instruments = new Map(symbols.map((symbol) => [symbol, this.#known(symbol)]));
    const session = new StreamSession(
      { exchange, instruments, quirks: this.#quirks, clients, clock, log },
      AbortSignal.any([signal, this.#closing.signal]),
    );
    setSession(session);
    try {
      yield* session.run();
    } finally {
      setSession(null);
      this.#isStreaming = false;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#exchange.fetchDispatcher?.destroy();
  }

  /** What the exchange says about the order itself, or null when it knows of none. */
  async #order(instrument: Instrument, order: OrderRef): Promise<OrderLookup | null> {
    try {
      const answer = await withContext(newContext("reconcile", "read"), () => this.#quirks.order(this.#exchange, order));
      const status = this.#quirks.statusOf(answer);
      const open = toOpenOrder(instrument, this.#quirks, answer);
      if (status === "open" && open !== null) return { found: "open", order: open };
      const filledQuantity = filledOf(instrument, answer);
      if (status === null || status === "open" || answer.id === undefined || filledQuantity === null) return null;
      return { found: "closed", status, exchangeOrderId: answer.id, filledQuantity };
    } catch (error) {
      if (error instanceof AnswerError && error.reading.kind === "notFound") return null;
      throw error;
    }
  }

  /** Positions of the perpetuals; an account that trades spot alone is not asked for any. */
  async #positions(instruments: ReadonlyMap<string, Instrument>): Promise<readonly CcxtPosition[]> {
    const perps = [...instruments.values()].filter(({ kind }) => kind === "perp").map(({ ref }) => ref.symbol);
    return perps.length === 0 ? [] : await this.#quirks.positions(this.#exchange, perps);
  }

  /** Reads of the history are rationed (30 a minute at Backpack): whoever asks while one waits shares it. */
  #readsOf(instrument: Instrument): SymbolReads {
    const { symbol } = instrument.ref;
    let reads = this.#reads.get(symbol);
    if (reads === undefined) {
      const now = (): number => this.#options.clock.now();
      const readOrders = this.#quirks.orders;
      const run = <T>(work: () => Promise<T>): Promise<T> => withContext(newContext("reconcile", "read"), work);
      reads = {
        fills: new JoinedRead((since) => run(() => readFills(this.#exchange, this.#quirks, this.#known(symbol), since, now()))),
        orders: readOrders === null ? null : new JoinedRead((since) => run(() => readOrders(this.#exchange, symbol, since, now()))),
      };
      this.#reads.set(symbol, reads);
    }
    return reads;
  }

  /** The instrument that this port counts in. Throws for a symbol that the exchange does not list. */
  #known(symbol: string): Instrument {
    const known = this.#instruments.get(symbol) ?? this.#described(symbol);
    this.#instruments.set(symbol, known);
    return known;
  }

  /** The instrument as the markets in memory describe it. */
  #described(symbol: string): Instrument {
    const market = this.#exchange.markets?.[symbol];
    if (market === undefined) throw new ExchangeReadError("rejected", `${this.name} lists no ${symbol.slice(0, 40)}`);
    return toInstrument(market, this.#quirks, this.account);
  }

  /** A machine whose clock was set has every order refused as expired until the difference is measured again. */
  #compareClocks(message: string): void {
    const now = this.#options.clock.monotonic();
    if (!/expired|timestamp/i.test(message) || now - this.#clockCheckedAt < CLOCK_CHECK_MS) return;
    this.#clockCheckedAt = now;
    withContext(newContext("reconcile", "read"), () => this.#exchange.loadTimeDifference()).catch((error: unknown) => {
      this.#options.log.warn({ error: messageOf(error) }, "the exchange's clock could not be read");
    });
  }

  async #read<T>(what: string, permitClass: "reduce" | "reconcile" | "market", work: () => Promise<T>): Promise<T> {
    try {
      return await withContext(newContext(permitClass, "read"), work);
    } catch (error) {
      throw toReadError(what, error);
    }
  }
}
