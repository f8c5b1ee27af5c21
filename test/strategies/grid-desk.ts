// A desk around the grid alone: a book, the grid's last wish, its fills in a ledger, and nothing that could fail on its way.

import type { Instrument } from "../../src/core/instrument.ts";
import { type Money, money, text } from "../../src/core/money.ts";
import type { Side } from "../../src/core/order.ts";
import { applyFill, averageEntryPrice, emptyLedger, type PositionLedger, positionOf, totalsOf } from "../../src/core/position-ledger.ts";
import type {
  Intent,
  LegView,
  MarketSnapshot,
  Quote,
  Refusal,
  StrategyEvent,
  StrategyReport,
  Until,
  View,
} from "../../src/core/strategy.ts";
import { lots, ticks } from "../../src/core/units.ts";
import type { GridParams } from "../../src/strategies/grid/params.ts";
import type { GridState } from "../../src/strategies/grid/state.ts";
import grid from "../../src/strategies/grid.ts";
import { ETH_PERP } from "../core/instruments.ts";

export const LEG = "main";

export interface DeskOptions {
  readonly params: object;
  readonly instrument?: Instrument;
  /** Ticks of the middle of the first book. */
  readonly mid?: number;
  readonly available?: { base: string; quote: string };
}

/** `{ price: quantity }` per side, for short expectations. */
export type Resting = Readonly<Record<string, string>>;

export class GridDesk {
  instrument: Instrument;
  params: GridParams;
  state: GridState;
  now = 1_000_000;
  bestBid: number | null;
  bestAsk: number | null;
  readonly ledger: PositionLedger;
  /** Last wish of the leg. */
  orders: readonly Quote[] = [];
  until: Until | undefined;
  hold: Extract<Intent, { type: "hold" }> | null = null;
  /** Everything but quotes and holds, in order. */
  readonly said: Intent[] = [];

  constructor({ params, instrument = ETH_PERP, mid = 10_000, available }: DeskOptions) {
    this.instrument = instrument;
    this.ledger = emptyLedger(instrument);
    this.params = grid.params.parse(params) as GridParams;
    this.bestBid = mid - 1;
    this.bestAsk = mid + 1;
    this.state = grid.init(this.params, marketAt(instrument, mid, available)) as GridState;
    this.ask({ type: "start" });
  }

  get position(): number {
    return positionOf(this.ledger, this.instrument);
  }

  get report(): StrategyReport {
    return grid.report?.(this.state, this.view()) ?? {};
  }

  view(): View<GridParams> {
    return { params: this.params, at: this.now, legs: { [LEG]: this.leg() } };
  }

  leg(): LegView {
    const mark = this.mark();
    const totals = totalsOf(this.ledger, this.instrument, mark);
    return {
      instrument: this.instrument,
      bestBid: this.bestBid === null ? null : ticks(this.bestBid),
      bestAsk: this.bestAsk === null ? null : ticks(this.bestAsk),
      bidQuantity: null,
      askQuantity: null,
      mark: null,
      available: null,
      realizedPnl: text(totals.realizedPnl),
      unrealizedPnl: text(totals.unrealizedPnl),
      fees: text(totals.fees),
      funding: text(totals.funding),
      netPnl: text(totals.netPnl),
      volume: text(totals.volume),
      position: positionOf(this.ledger, this.instrument),
      averageEntryPrice: averageEntryPrice(this.ledger),
    };
  }

  mark() {
    return this.bestBid === null || this.bestAsk === null ? null : ticks(Math.round((this.bestBid + this.bestAsk) / 2));
  }

  ask(event: StrategyEvent): readonly Intent[] {
    const intents = grid.decide(this.state, event, this.view());
    for (const intent of intents) {
      if (intent.type === "quote") {
        this.orders = intent.orders;
        this.until = intent.until;
        this.hold = null;
      } else if (intent.type === "hold") {
        this.hold = intent;
        this.orders = [];
        this.until = undefined;
      } else this.said.push(intent);
    }
    return intents;
  }

  /** A book around `mid`, one second later. */
  book(mid: number, halfSpread = 1): readonly Intent[] {
    this.now += 1_000;
    this.bestBid = mid - halfSpread;
    this.bestAsk = mid + halfSpread;
    return this.ask({ type: "book", leg: LEG });
  }

  fill(slot: string, side: Side, price: number, quantity: number, fee = "0", feeCurrency = this.instrument.quote): readonly Intent[] {
    const fill = { side, price: ticks(price), quantity: lots(quantity), fee, feeCurrency };
    applyFill(this.ledger, this.instrument, fill);
    return this.ask({ type: "fill", leg: LEG, slot, ...fill });
  }

  /** Fills a wished order, wholly or in part, and says that it is over when nothing is left. */
  trade(slot: string, quantity?: number, fee?: string, feeCurrency?: string): readonly Intent[] {
    const order = this.order(slot);
    const filled = quantity ?? order.quantity;
    const answer = this.fill(slot, order.side, order.price, filled, fee, feeCurrency);
    return filled >= order.quantity ? this.ask({ type: "orderClosed", leg: LEG, slot, status: "filled" }) : answer;
  }

  /** Fills the wished order at a price. */
  tradeAt(price: string, quantity?: number): readonly Intent[] {
    const order = this.orders.find((candidate) => this.priceOf(candidate) === price);
    if (order === undefined) throw new Error(`nothing rests at ${price}: ${JSON.stringify(this.resting())}`);
    return this.trade(order.slot, quantity);
  }

  /** Does what the hold asks for at the touch. */
  take(quantity = Number.POSITIVE_INFINITY): readonly Intent[] {
    if (this.hold === null || this.bestBid === null || this.bestAsk === null) throw new Error("nothing to take");
    const difference = this.hold.quantity - this.position;
    const side = difference > 0 ? "buy" : "sell";
    return this.fill("take", side, side === "buy" ? this.bestAsk : this.bestBid, Math.min(quantity, Math.abs(difference)));
  }

  closed(slot: string, status: "canceled" | "rejected" | "expired" = "canceled"): readonly Intent[] {
    return this.ask({ type: "orderClosed", leg: LEG, slot, status });
  }

  order(slot: string): Quote {
    const order = this.orders.find((candidate) => candidate.slot === slot);
    if (order === undefined) throw new Error(`nothing rests in ${slot}: ${JSON.stringify(this.orders)}`);
    return order;
  }

  /** State through JSON, as after a restart. */
  restart(): void {
    this.state = JSON.parse(JSON.stringify(this.state)) as GridState;
    this.ask({ type: "start" });
  }

  /** Takes new parameters over, or returns the refusal with everything as it was. */
  adapt(changes: object): Refusal | null {
    const params = grid.params.parse({ ...this.params, ...changes }) as GridParams;
    const before = JSON.stringify(this.state);
    const answer = grid.adapt(this.state, { version: grid.version, params: this.params }, { ...this.view(), params });
    if ("refused" in (answer as object)) {
      if (JSON.stringify(this.state) !== before) throw new Error("a refusal changed the state");
      return answer as Refusal;
    }
    this.state = answer as GridState;
    this.params = params;
    this.ask({ type: "control" });
    return null;
  }

  priceOf(order: Quote): string {
    return (order.price / 100).toString();
  }

  /** What rests per price, e.g. `{ "98": "buy 10", "102": "sell 10" }`. */
  resting(): Record<string, string> {
    const entries = [...this.orders]
      .sort((a, b) => a.price - b.price)
      .map((order) => [this.priceOf(order), `${order.side} ${order.quantity}`]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  lotsHeld(): number {
    const long = this.state.levels.reduce((sum, level) => sum + (level.side === "buy" ? 1 : -1) * quantityOf(level.lots), 0);
    const carried = this.state.carried.reduce((sum, pile) => sum + (pile.side === "sell" ? 1 : -1) * quantityOf(pile.lots), 0);
    return long + carried + quantityOf(this.state.spent);
  }

  /** grid profit + unpaired profit - realized - unrealized; zero or the books are wrong. */
  difference(): Money {
    const { gridProfit = "0", unpairedPnl = "0" } = this.report;
    const totals = totalsOf(this.ledger, this.instrument, this.mark());
    return money(gridProfit).plus(unpairedPnl).minus(totals.realizedPnl).minus(totals.unrealizedPnl);
  }
}

function quantityOf(held: readonly { quantity: number }[]): number {
  return held.reduce((sum, lot) => sum + lot.quantity, 0);
}

/** A market with a touch one tick around `mid`. */
export function marketAt(instrument: Instrument, mid: number, available?: { base: string; quote: string }): MarketSnapshot {
  const leg = { instrument, bestBid: ticks(mid - 1), bestAsk: ticks(mid + 1), ...(available === undefined ? {} : { available }) };
  return { at: 1_000_000, legs: { [LEG]: leg } };
}

/** The reports of a kind, in order. */
export function saidTypes(desk: GridDesk): string[] {
  return desk.said.map((intent) => intent.type);
}
