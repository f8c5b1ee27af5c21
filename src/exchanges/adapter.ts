// The ExchangePort over ccxt.pro: orders with an honest outcome, reads that are whole or throw, streams that come back.

import type { Logger } from "pino";
import { decodeClientOrderId } from "../core/client-order-id.ts";
import type { PlaceOrder } from "../core/effects.ts";
import { type Instrument, toPrice, toQuantity } from "../core/instrument.ts";
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
import type { CcxtClient, CcxtExchange, CcxtOrder, Params } from "./ccxt-loader.ts";
import { CLOCK_SKEW_MS, inFills, inOrderHistory, readFills, readFunding, readOrders } from "./history.ts";
import { JoinedRead } from "./joined-read.ts";
import { filledOf, toBalances, toInstrument, toOpenOrder, toPosition } from "./normalize.ts";
import { AnswerError, DeniedError, ExchangeReadError, messageOf, toReadError } from "./outcome.ts";
import type { Quirks } from "./quirks.ts";
import { newContext, type RequestContext, withContext } from "./request-context.ts";
import { StreamSession, touchOf } from "./streams.ts";

/** Steps and limits of the markets, and the difference of the clocks, are read again after this time. */
/** Characters of an announcement that a status shows. */
const NOTICE_MAX = 200;
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
  readonly orders: JoinedRead<Awaited<ReturnType<typeof readOrders>>>;
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

  async place(symbol: string, order: PlaceOrder, urgency: "close" | "open", ready: Promise<boolean>): Promise<PlaceOutcome> {
    const context = newContext(urgency === "close" ? "reduce" : "place", "place", ready);
    try {
      const instrument = this.#known(symbol);
      const params = this.#placeParams(order);
      const quantity = toQuantity(instrument, order.quantity);
      const price = toPrice(instrument, order.price);
      if (order.quantity <= 0 || order.price <= 0) throw new DeniedError("invalid", `order of ${quantity} at ${price} is not one`);
      const answer = await withContext(context, () => this.#exchange.createOrder(symbol, "limit", order.side, quantity, price, params));
      return this.#accepted(instrument, answer);
    } catch (error) {
      return this.#placeFailure(error, context);
    } finally {
      // A refusal before the wait must not leave the intent's failure unheard.
      ready.catch(() => undefined);
    }
  }

  async cancel(order: OrderRef, urgency: "panic" | "cancel"): Promise<CancelOutcome> {
    const context = newContext(urgency, "cancel");
    try {
      const instrument = this.#known(order.symbol);
      if (this.#options.account.mode === "paper") throw new DeniedError("paper", "paper mode sends no orders");
      if (decodeClientOrderId(order.clientOrderId) === null)
        throw new DeniedError("notOurs", `order ${order.clientOrderId.slice(0, 20)} was not placed by a bot of ours`);
      const answer = await withContext(context, () =>
        order.exchangeOrderId === null
          ? this.#exchange.cancelOrder(undefined, order.symbol, this.#quirks.lookupParams(order.clientOrderId))
          : this.#exchange.cancelOrder(order.exchangeOrderId, order.symbol, {}),
      );
      const status = this.#quirks.statusOf(answer);
      if (status === null || status === "open") return { outcome: "unknown", message: "the cancel was taken, the order is not closed yet" };
      return { outcome: "canceled", filledQuantity: filledOf(instrument, answer) };
    } catch (error) {
      return cancelFailure(error, context);
    }
  }

  async lookup(order: OrderRef): Promise<OrderLookup> {
    try {
      const instrument = this.#known(order.symbol);
      const open = await this.#openOrder(instrument, order);
      if (open !== null) return open;
      const since = order.createdAt - CLOCK_SKEW_MS;
      const reads = this.#readsOf(instrument);
      const orders = await reads.orders.ask(since);
      const listed = inOrderHistory(this.#quirks, instrument, orders.rows, order);
      if (listed !== null) return listed;
      const fills = await reads.fills.ask(since);
      const filled = inFills(fills.fills, order);
      if (filled !== null) return filled;
      const isWhole = orders.complete && fills.complete;
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
        this.#exchange.fetchOpenOrders(),
        this.#exchange.fetchPositions(),
        this.#exchange.fetchBalance(),
      ]);
      const openOrders = orders.flatMap((order) => {
        const instrument = instruments.get(order.symbol ?? "");
        return instrument === undefined ? [] : (toOpenOrder(instrument, order) ?? []);
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
      return await readFunding(this.#exchange, this.#quirks, symbol, since);
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
    const privateUrl = this.#quirks.privateStreamUrl(exchange);
    const follow = this.#quirks.watchMark;
    const watchMark = follow === null ? null : (symbol: string) => follow(exchange, symbol);
    const session = new StreamSession(
      { exchange, instruments, privateUrl, watchMark, clients, clock, log },
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

  #placeParams(order: PlaceOrder): Params {
    if (this.#options.account.mode === "paper") throw new DeniedError("paper", "paper mode sends no orders");
    if (this.#options.violations.length > 0) throw new DeniedError("builderFee", `stopped for good: ${this.#options.violations[0]}`);
    if (order.postOnly && order.timeInForce === "ioc") throw new DeniedError("invalid", "an order cannot be postOnly and ioc");
    // Only these reach the exchange, whatever else the object holds.
    const params: Record<string, unknown> = { ...this.#quirks.placeParams(order.clientOrderId) };
    if (order.timeInForce === "ioc") params.timeInForce = "IOC";
    else if (order.timeInForce !== "gtc")
      throw new DeniedError("invalid", `timeInForce must be gtc or ioc, not ${String(order.timeInForce)}`);
    if (order.postOnly) params.postOnly = true;
    if (order.reduceOnly) params.reduceOnly = true;
    return params;
  }

  #accepted(instrument: Instrument, answer: CcxtOrder): PlaceOutcome {
    const status = this.#quirks.statusOf(answer);
    if (answer.id === undefined || status === null) return { outcome: "unknown", message: "the answer names no order" };
    const filledQuantity = filledOf(instrument, answer) ?? (0 as Lots);
    return { outcome: "accepted", exchangeOrderId: answer.id, filledQuantity, closed: status !== "open" };
  }

  #placeFailure(error: unknown, context: RequestContext): PlaceOutcome {
    const message = messageOf(error);
    if (error instanceof DeniedError) return { outcome: "denied", code: error.code, message };
    if (error instanceof AnswerError) {
      this.#compareClocks(message);
      const { isProof, kind } = error.reading;
      if (!isProof || this.#quirks.isDoubtful(error.code ?? "", message)) return { outcome: "unknown", message };
      const code = kind === "rejected" || kind === "insufficientFunds" ? (error.code ?? kind) : kind;
      return { outcome: "rejected", code, message };
    }
    // Nothing was written: a refused connection, a name that does not resolve, a signature that cannot be made.
    return context.wasWritten ? { outcome: "unknown", message } : { outcome: "denied", code: "notSent", message };
  }

  async #openOrder(instrument: Instrument, order: OrderRef): Promise<OrderLookup | null> {
    try {
      const answer = await withContext(newContext("reconcile", "read"), () =>
        order.exchangeOrderId === null
          ? this.#exchange.fetchOpenOrder(undefined, order.symbol, this.#quirks.lookupParams(order.clientOrderId))
          : this.#exchange.fetchOpenOrder(order.exchangeOrderId, order.symbol, {}),
      );
      const status = this.#quirks.statusOf(answer);
      const open = toOpenOrder(instrument, answer);
      if (status === "open" && open !== null) return { found: "open", order: open };
      const filledQuantity = filledOf(instrument, answer);
      if (status === null || status === "open" || answer.id === undefined || filledQuantity === null) return null;
      return { found: "closed", status, exchangeOrderId: answer.id, filledQuantity };
    } catch (error) {
      if (error instanceof AnswerError && error.reading.kind === "notFound") return null;
      throw error;
    }
  }

  /** Reads of the history are rationed (30 a minute at Backpack): whoever asks while one waits shares it. */
  #readsOf(instrument: Instrument): SymbolReads {
    const { symbol } = instrument.ref;
    let reads = this.#reads.get(symbol);
    if (reads === undefined) {
      const run = <T>(work: () => Promise<T>): Promise<T> => withContext(newContext("reconcile", "read"), work);
      reads = {
        fills: new JoinedRead((since) => run(() => readFills(this.#exchange, this.#quirks, this.#known(symbol), since))),
        orders: new JoinedRead((since) => run(() => readOrders(this.#exchange, this.#quirks, symbol, since))),
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

  async #read<T>(what: string, permitClass: "reconcile" | "market", work: () => Promise<T>): Promise<T> {
    try {
      return await withContext(newContext(permitClass, "read"), work);
    } catch (error) {
      throw toReadError(what, error);
    }
  }
}

function cancelFailure(error: unknown, context: RequestContext): CancelOutcome {
  const message = messageOf(error);
  if (error instanceof DeniedError) return { outcome: "denied", code: error.code, message };
  if (error instanceof AnswerError) {
    const { kind, isProof } = error.reading;
    if (kind === "notFound") return { outcome: "notFound" };
    // The exchange took no notice of the cancel: the order is what it was.
    if (isProof) return { outcome: "denied", code: kind === "rejected" ? (error.code ?? kind) : kind, message };
    return { outcome: "unknown", message };
  }
  return context.wasWritten ? { outcome: "unknown", message } : { outcome: "denied", code: "notSent", message };
}
