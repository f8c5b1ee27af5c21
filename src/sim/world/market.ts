// One instrument of a simulated world: a matching engine, the crowd that moves it, and the bot's own orders and trades.

import type { PlaceOrder } from "../../core/effects.ts";
import type { ExchangeFill } from "../../core/events.ts";
import type { Instrument } from "../../core/instrument.ts";
import { type Liquidity, type Side, signOf } from "../../core/order.ts";
import { type Lots, lots, type Ticks, ticks } from "../../core/units.ts";
import type { RestingOrder } from "../book-side.ts";
import { type IncomingOrder, MatchingEngine, type SelfTrade, type Trade } from "../matching-engine.ts";
import type { Random } from "../random.ts";
import { type BotOrder, type BotOrderStatus, newest, type OrderVersion, versionAt } from "./bot-order.ts";
import { feeOf } from "./fees.ts";
import { FINEST, instrumentIn, type Steps } from "./grain.ts";
import type { FeeToken } from "./twists.ts";

export interface MarketTerms {
  readonly instrument: Instrument;
  readonly startPrice: Ticks;
  /** The person's own position on this account, which the bot neither made nor may touch. */
  readonly userPosition: Lots;
  readonly selfTrade: SelfTrade;
  /** Spot purchases pay their fee in what they buy. */
  readonly paysInBase: boolean;
}

/** How an exchange does things; counted in grains is everything of a market, whatever its steps. */
export interface Habits {
  readonly steps: Steps;
  readonly renamesAmended: boolean;
  readonly refusesLate: boolean;
  readonly feeToken: FeeToken | null;
}

const PLAIN: Habits = { steps: FINEST, renamesAmended: false, refusesLate: false, feeToken: null };

export interface MarketListener {
  opened(market: Market, order: BotOrder): void;
  traded(market: Market, order: BotOrder, fill: ExchangeFill): void;
  closed(market: Market, order: BotOrder): void;
  /** The exchange took an order and will not keep it. */
  doomed(market: Market, order: BotOrder): void;
}

const BOT = "bot";
const CROWD = "crowd";
const LADDER_LEVELS = 5;

export class Market {
  readonly terms: MarketTerms;
  readonly fills: ExchangeFill[] = [];
  readonly #random: Random;
  readonly #listener: MarketListener;
  readonly #engine: MatchingEngine;
  readonly #open = new Map<string, BotOrder>();
  readonly #byClientId = new Map<string, BotOrder>();
  readonly #byEngineId = new Map<number, BotOrder>();
  readonly #habits: Habits;
  /** Orders that were taken to be ended a moment later; they are in no book. */
  readonly #doomed = new Set<BotOrder>();
  /** The person's own position and since when, newest last. */
  readonly #person: { readonly at: number; readonly position: number }[];
  #minLots: number;
  #reopensAt = 0;
  #ladder: number[] = [];
  #engineIds = 0;
  #now = 0;
  /** Of the bot alone, signed lots. */
  position = 0;
  /** What it counts in, in grains. */
  steps: Steps;
  /** What opens a position finds margin. */
  hasMargin = true;

  constructor(terms: MarketTerms, random: Random, listener: MarketListener, habits: Partial<Habits> = {}) {
    this.terms = terms;
    this.#habits = { ...PLAIN, ...habits };
    this.steps = this.#habits.steps;
    this.#minLots = terms.instrument.minQuantity;
    this.#person = [{ at: 0, position: terms.userPosition }];
    this.#random = random;
    this.#listener = listener;
    this.#engine = new MatchingEngine({
      reducible: (_owner, side) => Math.max(0, -signOf(side) * (this.personPosition + this.position)),
      traded: (trade) => this.#traded(trade),
      removed: (order) => this.#removed(order),
    });
    this.step(1, 0);
  }

  /** Every order of the bot that the exchange ever took. */
  get known(): Iterable<BotOrder> {
    return this.#byClientId.values();
  }

  /** Orders of the bot that rest now. */
  get open(): Iterable<BotOrder> {
    return this.#open.values();
  }

  get touch(): { readonly bestBid: Ticks; readonly bestAsk: Ticks; readonly bidQuantity: Lots; readonly askQuantity: Lots } | null {
    const bid = this.#engine.best("buy");
    const ask = this.#engine.best("sell");
    if (bid === undefined || ask === undefined) return null;
    return { bestBid: bid.price, bestAsk: ask.price, bidQuantity: bid.quantity, askQuantity: ask.quantity };
  }

  /** As the exchange describes it now. */
  get instrument(): Instrument {
    return instrumentIn(this.terms.instrument, this.steps, this.#minLots);
  }

  /** The person's own position now, signed lots. */
  get personPosition(): number {
    return this.#person.at(-1)?.position ?? 0;
  }

  /** The person trades beside the bot. */
  personTrades(quantity: number, now: number): void {
    this.#person.push({ at: now, position: this.personPosition + quantity });
  }

  /** Other steps: what rests is canceled, and nothing is taken before `reopensAt`. */
  takeSteps(steps: Steps, now: number, reopensAt: number): void {
    this.#now = now;
    for (const order of [...this.#open.values()]) this.cancel(order.clientOrderId, now);
    this.steps = steps;
    this.#reopensAt = reopensAt;
  }

  takeMinimum(grains: number): void {
    this.#minLots = grains;
  }

  // ---- the crowd ----------------------------------------------------------------------------------------------------

  /** The crowd goes to another price: it trades through what is in the way, as far as its quantity reaches, and quotes anew. */
  step(factor: number, now: number): void {
    this.#now = now;
    const { tick } = this.steps;
    const price = Math.max(LADDER_LEVELS * 4, Math.round((this.terms.startPrice * factor) / tick)) * tick;
    for (const id of this.#ladder) this.#engine.cancel(id);
    this.#ladder = [];
    const most = (this.#random.next() < 0.6 ? 1_000_000 : this.#random.integer(1, 80)) * this.steps.lot;
    this.#crowdOrder("sell", price, most, "ioc");
    this.#crowdOrder("buy", price, most, "ioc");
    const spacing = Math.max(1, Math.round(price / tick / 20_000)) * tick;
    const lowestAsk = Math.max(price + tick, (this.#engine.best("buy")?.price ?? 0) + tick);
    const highestBid = Math.min(price - tick, (this.#engine.best("sell")?.price ?? Number.MAX_SAFE_INTEGER) - tick);
    for (let level = 0; level < LADDER_LEVELS; level += 1) {
      this.#quote("buy", highestBid - level * spacing);
      this.#quote("sell", lowestAsk + level * spacing);
    }
  }

  #quote(side: Side, price: number): void {
    if (price > 0) this.#ladder.push(this.#crowdOrder(side, price, this.#random.integer(5, 400) * this.steps.lot, "gtc"));
  }

  #crowdOrder(side: Side, price: number, quantity: number, timeInForce: "gtc" | "ioc"): number {
    const id = this.#nextEngineId();
    const terms = { side, price: ticks(price), quantity: lots(quantity), timeInForce, postOnly: false, reduceOnly: false } as const;
    this.#engine.submit({ id, owner: CROWD, selfTrade: "rejectMaker", ...terms });
    return id;
  }

  // ---- requests of the bot ------------------------------------------------------------------------------------------

  /** Takes an order, or says why not. */
  place(request: PlaceOrder, now: number): BotOrder | string {
    this.#now = now;
    const { clientOrderId, side, price, quantity } = request;
    const known = this.#byClientId.get(clientOrderId);
    if (known !== undefined && newest(known).status === "open") return "duplicateId";
    if (now < this.#reopensAt) return "closed";
    if (this.#isOffGrid(price, quantity)) return "offGrid";
    const incoming = this.#incoming(request, this.#nextEngineId());
    const refusal = this.#engine.refusalOf(incoming) ?? this.#marginRefusal(request);
    if (refusal !== null && !this.#habits.refusesLate) return refusal;
    const order: BotOrder = {
      clientOrderId,
      side,
      postOnly: request.postOnly,
      reduceOnly: request.reduceOnly,
      versions: [{ at: now, exchangeOrderId: `x${incoming.id}`, price, quantity, filled: lots(0), status: "open" }],
      engineId: incoming.id,
    };
    this.#byClientId.set(clientOrderId, order);
    this.#open.set(clientOrderId, order);
    this.#listener.opened(this, order);
    if (refusal === null) this.#submit(order, incoming);
    else this.#doom(order);
    return order;
  }

  #marginRefusal({ reduceOnly }: PlaceOrder): string | null {
    return this.hasMargin || reduceOnly ? null : "margin";
  }

  #isOffGrid(price: Ticks, quantity: Lots): boolean {
    return price % this.steps.tick !== 0 || quantity % this.steps.lot !== 0 || quantity < this.#minLots;
  }

  #doom(order: BotOrder): void {
    this.#doomed.add(order);
    this.#listener.doomed(this, order);
  }

  /** Ends an order that was taken in vain. */
  endDoomed(order: BotOrder, now: number): void {
    this.#now = now;
    if (this.#doomed.delete(order) && newest(order).status === "open") this.#close(order, "canceled");
  }

  /** The order as it is after the cancel; null when none of that id rests. A null `exchangeOrderId` names it by ours alone. */
  cancel(clientOrderId: string, now: number, exchangeOrderId: string | null = null): BotOrder | null {
    this.#now = now;
    const order = this.#named(clientOrderId, exchangeOrderId);
    if (order === undefined) return null;
    this.#engine.cancel(order.engineId);
    this.#doomed.delete(order);
    this.#close(order, "canceled");
    return order;
  }

  #named(clientOrderId: string, exchangeOrderId: string | null): BotOrder | undefined {
    const order = this.#open.get(clientOrderId);
    if (order === undefined || exchangeOrderId === null) return order;
    return newest(order).exchangeOrderId === exchangeOrderId ? order : undefined;
  }

  /** Changes price and whole quantity of a resting order, which loses its place in the queue; or says why not. */
  amend(clientOrderId: string, to: { readonly price: Ticks; readonly quantity: Lots }, now: number): BotOrder | string {
    this.#now = now;
    const { price, quantity } = to;
    const order = this.#open.get(clientOrderId);
    if (order === undefined) return "notFound";
    if (now < this.#reopensAt) return "closed";
    const left = lots(quantity - newest(order).filled);
    if (left <= 0) return "tooSmall";
    if (price % this.steps.tick !== 0 || quantity % this.steps.lot !== 0) return "offGrid";
    const resting = this.#engine.cancel(order.engineId);
    if (resting === undefined) return "notFound";
    const request = { ...order, price, quantity: left, timeInForce: "gtc" } as const;
    const incoming = this.#incoming(request, this.#nextEngineId());
    const refusal = this.#engine.refusalOf(incoming);
    if (refusal !== null && !this.#habits.refusesLate) {
      this.#engine.rest(resting);
      return refusal;
    }
    this.#byEngineId.delete(order.engineId);
    order.engineId = incoming.id;
    this.#change(order, { price, quantity, ...(this.#habits.renamesAmended ? { exchangeOrderId: `x${incoming.id}` } : {}) });
    this.#listener.opened(this, order);
    if (refusal === null) this.#submit(order, incoming);
    else this.#doom(order);
    return order;
  }

  #incoming(request: Omit<PlaceOrder, "clientOrderId">, id: number): IncomingOrder {
    const { side, price, quantity, timeInForce, postOnly, reduceOnly } = request;
    return { id, owner: BOT, side, price, quantity, timeInForce, postOnly, reduceOnly, selfTrade: this.terms.selfTrade };
  }

  #submit(order: BotOrder, incoming: IncomingOrder): void {
    this.#byEngineId.set(incoming.id, order);
    const result = this.#engine.submit(incoming);
    const isResting = result.outcome === "done" && result.rests > 0;
    if (!isResting && newest(order).status === "open") this.#close(order, "expired");
  }

  #nextEngineId(): number {
    this.#engineIds += 1;
    return this.#engineIds;
  }

  // ---- what the engine tells ----------------------------------------------------------------------------------------

  #traded(trade: Trade): void {
    const isTaker = trade.taker.owner === BOT;
    if (!isTaker && trade.maker.owner !== BOT) return;
    const order = this.#byEngineId.get(isTaker ? trade.taker.id : trade.maker.id);
    if (order === undefined) throw new Error("a trade of the bot without its order");
    this.position += signOf(order.side) * trade.quantity;
    const fill = this.#fill(order, trade, isTaker ? "taker" : "maker");
    this.fills.push(fill);
    const filled = lots(newest(order).filled + trade.quantity);
    this.#change(order, { filled });
    this.#listener.traded(this, order, fill);
    if (filled >= newest(order).quantity) this.#close(order, "filled");
  }

  #fill(order: BotOrder, trade: Trade, liquidity: Liquidity): ExchangeFill {
    const { instrument } = this.terms;
    return {
      symbol: instrument.ref.symbol,
      tradeId: `t${this.fills.length + 1}`,
      exchangeOrderId: newest(order).exchangeOrderId,
      clientOrderId: order.clientOrderId,
      side: order.side,
      price: trade.price,
      quantity: trade.quantity,
      ...feeOf(this.terms, this.#habits.feeToken, { ...trade, side: order.side, liquidity, number: this.fills.length }),
      liquidity,
      at: this.#now,
    };
  }

  #removed(resting: RestingOrder): void {
    const order = this.#byEngineId.get(resting.id);
    if (order !== undefined) this.#close(order, "canceled");
  }

  #change(order: BotOrder, change: Partial<OrderVersion>): void {
    order.versions.push({ ...newest(order), ...change, at: this.#now });
  }

  #close(order: BotOrder, status: BotOrderStatus): void {
    this.#change(order, { status });
    this.#open.delete(order.clientOrderId);
    this.#byEngineId.delete(order.engineId);
    this.#listener.closed(this, order);
  }

  // ---- reads, which may show the past --------------------------------------------------------------------------------

  /** Orders that rested at `at`; looked for among those that still rest or closed a short while ago. */
  listing(at: number): { readonly order: BotOrder; readonly version: OrderVersion }[] {
    const found = [];
    for (const order of this.#byClientId.values()) {
      const version = versionAt(order, at);
      if (version?.status === "open") found.push({ order, version });
    }
    return found;
  }

  find(clientOrderId: string, at: number): { readonly order: BotOrder; readonly version: OrderVersion } | null {
    const order = this.#byClientId.get(clientOrderId);
    const version = order === undefined ? undefined : versionAt(order, at);
    return order === undefined || version === undefined ? null : { order, version };
  }

  /** Trades from `since` to `until`, oldest first. */
  fillsBetween(since: number, until: number): ExchangeFill[] {
    let from = this.fills.length;
    while (from > 0 && (this.fills[from - 1]?.at ?? 0) >= since) from -= 1;
    return this.fills.slice(from).filter((fill) => fill.at <= until);
  }

  /** The account's position at `at`, the person's own included. */
  accountPosition(at: number): Lots {
    let position = (this.#person.findLast((since) => since.at <= at)?.position ?? 0) + this.position;
    for (let index = this.fills.length - 1; index >= 0; index -= 1) {
      const fill = this.fills[index];
      if (fill === undefined || fill.at <= at) break;
      position -= signOf(fill.side) * fill.quantity;
    }
    return lots(position);
  }
}
