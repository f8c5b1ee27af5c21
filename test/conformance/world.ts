// An emulated exchange, two accounts on it behind our adapter, and hands to move its market and break its wires.

import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { ExchangeFill } from "../../src/core/events.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import type { ExchangeEvent, ExchangePort, OrderRef, PlaceOutcome } from "../../src/core/ports.ts";
import type { Lots, Ticks } from "../../src/core/units.ts";
import { type ExchangeAccount, sealCredentials } from "../../src/exchanges/account.ts";
import type { Dialect } from "../../src/sim/dialect.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { systemClock } from "../exchanges/clock.ts";
import { type Connected, connectTo } from "../exchanges/stub-exchange.ts";
import { admin, startSim, until } from "../sim/loopback-exchange.ts";

export interface Route {
  readonly method: "GET" | "POST" | "DELETE" | "PUT";
  /** Start of the path. */
  readonly path: string;
}

/** An exchange that the suite runs against. */
export interface Subject {
  readonly exchange: string;
  readonly dialect: Dialect;
  /** ccxt's symbols; null where the exchange has no spot. */
  readonly perp: string;
  readonly spot: string | null;
  readonly routes: { readonly place: Route; readonly cancel: Route; readonly openOrders: Route; readonly fills: Route };
  /** Streams as the emulator names them, for faults. */
  readonly topics: { readonly book: string; readonly orders: string };
  /** The exchange accepts every well-formed order first and closes it afterwards when there is no margin for it. */
  readonly refusesLate?: boolean;
  /** Cases that this exchange cannot pass, by number, each with its reason. */
  readonly skips: Readonly<Record<number, string>>;
  /** More for an account's access than the emulator's keys and addresses. */
  readonly access?: (sim: ExchangeSim, account: ExchangeAccount) => ExchangeAccount;
}

/** Room for every case: what the limits are is tested elsewhere. */
const AMPLE = 1_000_000;
/** A dead socket is noticed sooner here than in a bot. */
const KEEP_ALIVE_MS = 1_500;
/** The account that trades with ours. */
const FILLER = "filler";
/** Notional of a usual order, in the quote currency. */
const USUAL = 200;

export class World {
  readonly subject: Subject;
  readonly sim: ExchangeSim;
  readonly one: Connected;
  readonly two: Connected;
  #counter = 0;

  private constructor(subject: Subject, sim: ExchangeSim, one: Connected, two: Connected) {
    this.subject = subject;
    this.sim = sim;
    this.one = one;
    this.two = two;
  }

  static async start(subject: Subject): Promise<World> {
    const limits = subject.dialect.limits.map((limit) => ({ ...limit, limit: AMPLE }));
    const balances = { USDC: "100000", USDT: "100000", ETH: "50", BTC: "5", SOL: "500" };
    const deep = Object.fromEntries(Object.keys(balances).map((currency) => [currency, "1000000000"]));
    const accounts = [...["one", "two"].map((name) => ({ name, balances })), { name: FILLER, balances: deep }];
    const sim = await startSim({ dialect: subject.dialect, paused: true, accounts, limits });
    const one = await connectTo(World.access(subject, sim, "one"), systemClock, KEEP_ALIVE_MS);
    const two = await connectTo(World.access(subject, sim, "two"), systemClock, KEEP_ALIVE_MS);
    return new World(subject, sim, one, two);
  }

  /** How our adapter reaches one of the emulator's accounts. */
  static access(subject: Subject, sim: ExchangeSim, name: string): ExchangeAccount {
    const keys = sim.accounts.find((account) => account.name === name);
    if (keys === undefined) throw new Error(`the emulator has no account ${name}`);
    const { url, wsUrl } = sim;
    const credentials = sealCredentials(keys.credentials);
    const account: ExchangeAccount = { exchange: subject.exchange, account: name, mode: "sim", credentials, url, wsUrl };
    return subject.access?.(sim, account) ?? account;
  }

  get port(): ExchangePort {
    return this.one.port;
  }

  get perp(): string {
    return this.subject.perp;
  }

  async stop(): Promise<void> {
    await Promise.all([this.one.port.close(), this.two.port.close()]);
    await this.sim.close();
  }

  /** Everything as it was: no orders, no position, no faults, the price where it began. */
  async reset(): Promise<void> {
    await this.heal();
    const { exchange } = this.sim;
    for (const account of exchange.state.accounts.values())
      for (const id of [...account.open.keys()]) exchange.run((state, at) => state.cancel(account.name, id, at));
    for (const { id, instrument } of exchange.state.listings.values()) {
      for (const account of exchange.state.accounts.values()) {
        const held = account.positions.get(id)?.quantity ?? 0;
        if (instrument.kind !== "perp" || held === 0) continue;
        const side = held > 0 ? "sell" : "buy";
        const order = { symbol: id, side, price: null, quantity: Math.abs(held) as Lots, quoteQuantity: null } as const;
        const rest = { timeInForce: "ioc", postOnly: false, reduceOnly: true, clientId: null, selfTrade: "rejectTaker" } as const;
        exchange.run((state, at) => state.place(account.name, { ...order, ...rest }, at));
      }
    }
  }

  // ---- orders -------------------------------------------------------------------------------------------------------

  nextId(): string {
    this.#counter += 1;
    return encodeClientOrderId(7, this.#counter);
  }

  async instrument(symbol = this.perp): Promise<Instrument> {
    return await this.port.instrument(symbol);
  }

  /** Best prices at the exchange itself. */
  touch(symbol = this.perp): { readonly bid: Ticks; readonly ask: Ticks } {
    const { engine } = this.sim.exchange.state.market(this.listing(symbol));
    const [bid, ask] = [engine.best("buy")?.price, engine.best("sell")?.price];
    if (bid === undefined || ask === undefined) throw new Error(`the book of ${symbol} has an empty side`);
    return { bid, ask };
  }

  listing(symbol = this.perp): string {
    const found = [...this.sim.exchange.state.listings.values()].find(({ instrument }) => instrument.ref.symbol === symbol);
    if (found === undefined) throw new Error(`the emulator lists no ${symbol}`);
    return found.id;
  }

  /** A quantity whose notional is about `notional` in the quote currency, at least the instrument's minimum. */
  async quantity(notional = USUAL, symbol = this.perp): Promise<Lots> {
    const instrument = await this.instrument(symbol);
    const perLot = this.touch(symbol).ask * Number(instrument.tickSize) * Number(instrument.lotSize);
    return Math.max(instrument.minQuantity, Math.ceil(notional / perLot)) as Lots;
  }

  /** An order far below the market, or what `fields` say. */
  async order(fields: Partial<PlaceOrder> = {}, symbol = this.perp): Promise<PlaceOrder> {
    const { bid } = this.touch(symbol);
    const base = { side: "buy", price: Math.round(bid * 0.97) as Ticks, timeInForce: "gtc", postOnly: false, reduceOnly: false } as const;
    return { ...base, quantity: await this.quantity(USUAL, symbol), clientOrderId: this.nextId(), ...fields };
  }

  async place(order: PlaceOrder, symbol = this.perp, port = this.port): Promise<PlaceOutcome> {
    return await port.place(symbol, order, order.reduceOnly ? "close" : "open", Promise.resolve(true));
  }

  /** Places an order that must be accepted and names it. */
  async resting(fields: Partial<PlaceOrder> = {}, symbol = this.perp): Promise<OrderRef & { readonly order: PlaceOrder }> {
    const order = await this.order(fields, symbol);
    const createdAt = Date.now();
    const outcome = await this.place(order, symbol);
    if (outcome.outcome !== "accepted") throw new Error(`the order was not accepted: ${JSON.stringify(outcome)}`);
    return { symbol, clientOrderId: order.clientOrderId, exchangeOrderId: outcome.exchangeOrderId, createdAt, order };
  }

  /** Buys or sells at once against the emulator's market. */
  async take(side: "buy" | "sell", quantity?: Lots, symbol = this.perp): Promise<OrderRef & { readonly order: PlaceOrder }> {
    const { bid, ask } = this.touch(symbol);
    const price = (side === "buy" ? Math.round(ask * 1.01) : Math.round(bid * 0.99)) as Ticks;
    return await this.resting({ side, price, timeInForce: "ioc", ...(quantity === undefined ? {} : { quantity }) }, symbol);
  }

  /** Our resting order of `ref` trades `quantity` lots at the exchange. */
  fill(ref: OrderRef & { readonly order: PlaceOrder }, quantity: Lots): void {
    const { driver, exchange } = this.sim;
    const symbol = this.listing(ref.symbol);
    const { price } = ref.order;
    const side = ref.order.side === "buy" ? "sell" : "buy";
    // The emulator's own quotes go beside ours first, or they would be hit before it.
    if (exchange.state.market(symbol).price !== price) driver.moveTo(symbol, price, 0 as Lots);
    const order = { symbol, side, price, quantity, quoteQuantity: null, timeInForce: "ioc", postOnly: false, reduceOnly: false } as const;
    const result = exchange.run((state, at) => state.place(FILLER, { ...order, clientId: null, selfTrade: "rejectTaker" }, at));
    if (!result.ok || result.order.executed !== quantity) throw new Error(`our order was not hit: ${JSON.stringify(result)}`);
  }

  /** Everything filled on a symbol since a time, until `count` rows are there. */
  async fills(count: number, since: number, symbol = this.perp): Promise<readonly ExchangeFill[]> {
    return await until(`${count} fills in the history`, async () => {
      const page = await this.port.fillsSince(symbol, since);
      return page.fills.length >= count ? page.fills : null;
    });
  }

  /** The history's fills of one order, when `quantity` lots of it are there. */
  async fillsOf(ref: OrderRef, quantity: number, since: number): Promise<readonly ExchangeFill[]> {
    return await until("the order's fills in the history", async () => {
      const { fills } = await this.port.fillsSince(ref.symbol, since);
      const own = fills.filter((fill) => isOf(fill, ref));
      return own.reduce((sum, fill) => sum + fill.quantity, 0) >= quantity ? own : null;
    });
  }

  /** Open orders at the exchange itself, of account one. */
  open(): number {
    return this.sim.exchange.state.account("one").open.size;
  }

  // ---- wires --------------------------------------------------------------------------------------------------------

  async fault(route: Route, fault: Readonly<Record<string, unknown>>): Promise<void> {
    await admin(this.sim, "POST", "/sim/faults", { ...route, ...fault });
  }

  /** A fault of the streams. */
  async breakStream(topic: "book" | "orders", fault: Readonly<Record<string, unknown>>): Promise<void> {
    await admin(this.sim, "POST", "/sim/faults", { topic: this.subject.topics[topic], ...fault });
  }

  async heal(): Promise<void> {
    await admin(this.sim, "DELETE", "/sim/faults");
  }

  async disconnect(refuseMs = 0): Promise<void> {
    await admin(this.sim, "POST", "/sim/disconnect", { refuseMs });
  }

  listen(symbols: readonly string[] = [this.perp]): Listener {
    return new Listener(this.port, symbols);
  }
}

/** Some histories name our id, some only the exchange's. */
export function isOf(fill: ExchangeFill, ref: Pick<OrderRef, "clientOrderId" | "exchangeOrderId">): boolean {
  return fill.clientOrderId === ref.clientOrderId || (ref.exchangeOrderId !== null && fill.exchangeOrderId === ref.exchangeOrderId);
}

/** Reads the streams and remembers what came. */
export class Listener {
  readonly events: ExchangeEvent[] = [];
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;

  constructor(port: ExchangePort, symbols: readonly string[]) {
    this.#reading = this.#read(port, symbols);
  }

  of<Type extends ExchangeEvent["type"]>(type: Type): Extract<ExchangeEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<ExchangeEvent, { type: Type }> => event.type === type);
  }

  /** Waits until both streams stand and a book has come. */
  async ready(): Promise<this> {
    await until("both streams", () => {
      const up = new Set(this.of("resynced").map((event) => event.stream));
      return up.size === 2 && this.of("book").length > 0;
    });
    return this;
  }

  async until(what: string, holds: () => boolean, deadlineMs?: number): Promise<void> {
    await until(what, holds, deadlineMs);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  async #read(port: ExchangePort, symbols: readonly string[]): Promise<void> {
    for await (const event of port.events(symbols, this.#stop.signal)) this.events.push(event);
  }
}
