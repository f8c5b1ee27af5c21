// Instruments, views and a kernel with scripted answers for the tests of the maker-taker hedge.

import type { Effect, PlaceOrder } from "../../src/core/effects.ts";
import type { KernelEvent } from "../../src/core/events.ts";
import { type Instrument, toQuantity } from "../../src/core/instrument.ts";
import { createKernel, type Kernel, type KernelState } from "../../src/core/kernel.ts";
import { type Side, signOf } from "../../src/core/order.ts";
import type { Intent, LegView, StrategyEvent, View } from "../../src/core/strategy.ts";
import { lots, ticks } from "../../src/core/units.ts";
import type { HedgeParams } from "../../src/strategies/maker-taker-hedge/params.ts";
import type { HedgeState } from "../../src/strategies/maker-taker-hedge/state.ts";
import hedge from "../../src/strategies/maker-taker-hedge.ts";

/** Tick 0.01, lot 0.001. */
export const MAKER_PERP: Instrument = {
  ref: { exchange: "backpack", account: "main", symbol: "ETH/USDC:USDC" },
  revision: "0.01|0.001|0.001|0",
  kind: "perp",
  base: "ETH",
  quote: "USDC",
  settle: "USDC",
  tickSize: "0.01",
  lotSize: "0.001",
  minQuantity: lots(1),
  minNotional: "0",
  contractSize: "1",
  makerFee: "0.0002",
  takerFee: "0.0005",
};

/** Tick 0.1, lot 0.03 (3 contracts of 0.01), smallest order 0.09. */
export const HEDGE_PERP: Instrument = {
  ...MAKER_PERP,
  ref: { exchange: "aster", account: "hedge", symbol: "ETH/USDC:USDC" },
  tickSize: "0.1",
  lotSize: "0.03",
  minQuantity: lots(3),
  contractSize: "0.01",
  takerFee: "0.0004",
};

export const PAIRED = { hedgeSymbol: HEDGE_PERP.ref.symbol, hedgeExchange: "aster", hedgeAccount: "hedge" };

export function paramsOf(given: Record<string, unknown> = {}): HedgeParams {
  return hedge.params.parse({ orderQuantity: "0.5", maxPosition: "10", ...given });
}

export function legView(instrument: Instrument, more: Partial<LegView> = {}): LegView {
  return {
    instrument,
    bestBid: null,
    bestAsk: null,
    bidQuantity: null,
    askQuantity: null,
    mark: null,
    available: null,
    realizedPnl: "0",
    unrealizedPnl: "0",
    fees: "0",
    funding: "0",
    netPnl: "0",
    volume: "0",
    position: lots(0),
    averageEntryPrice: null,
    ...more,
  };
}

/** The strategy alone: the test says what is filled and looks at the answer. */
export class Desk {
  state: HedgeState;
  at = 1_000_000;
  params: HedgeParams;
  readonly legs: Record<string, LegView>;

  constructor(given: Record<string, unknown> = {}, instruments: { maker?: Instrument; hedge?: Instrument } = {}) {
    this.params = paramsOf(given);
    const maker = instruments.maker ?? MAKER_PERP;
    const other = instruments.hedge ?? HEDGE_PERP;
    this.legs = { maker: legView(maker, { bestBid: ticks(200_000), bestAsk: ticks(200_010) }) };
    if (this.params.hedgeSymbol !== undefined) this.legs.hedge = legView(other, { bestBid: ticks(20_000), bestAsk: ticks(20_001) });
    const market = Object.entries(this.legs).map(([name, { instrument, bestBid, bestAsk }]) => {
      return [name, { instrument, bestBid: bestBid ?? ticks(1), bestAsk: bestAsk ?? ticks(2) }] as const;
    });
    this.state = hedge.init(this.params, { at: this.at, legs: Object.fromEntries(market) }) as HedgeState;
    this.tell({ type: "start" });
  }

  leg(name: string): LegView {
    const leg = this.legs[name];
    if (leg === undefined) throw new Error(`no leg ${name}`);
    return leg;
  }

  set(name: string, more: Partial<LegView>): void {
    this.legs[name] = { ...this.leg(name), ...more };
  }

  get view(): View<HedgeParams> {
    return { params: this.params, at: this.at, legs: this.legs };
  }

  tell(event: StrategyEvent): readonly Intent[] {
    return hedge.decide(this.state, event, this.view);
  }

  book(leg = "maker"): readonly Intent[] {
    return this.tell({ type: "book", leg });
  }

  fill(leg: string, slot: string, side: Side, quantity: number, more: { fee?: string; feeCurrency?: string } = {}): readonly Intent[] {
    const view = this.leg(leg);
    this.set(leg, { position: lots(view.position + signOf(side) * quantity) });
    const price = (side === "buy" ? view.bestBid : view.bestAsk) ?? ticks(200_000);
    return this.tell({ type: "fill", leg, slot, side, price, quantity: lots(quantity), fee: "0", feeCurrency: "USDC", ...more });
  }

  get residual(): string {
    return hedge.report?.(this.state, this.view).residual ?? "";
  }
}

export function holdOf(intents: readonly Intent[], leg: string) {
  return intents.find((intent): intent is Extract<Intent, { type: "hold" }> => intent.type === "hold" && intent.leg === leg);
}

/** What the maker leg should rest, as `bid 0.5 @ 2000.00`-like triples; null when no quote was given. */
export function quotesOf(intents: readonly Intent[], leg = "maker") {
  const quote = intents.find((intent): intent is Extract<Intent, { type: "quote" }> => intent.type === "quote" && intent.leg === leg);
  return quote === undefined
    ? null
    : quote.orders.map(({ slot, price, quantity }) => ({ slot, price: Number(price), quantity: Number(quantity) }));
}

export function noticesOf(intents: readonly Intent[]) {
  return intents.filter((intent): intent is Extract<Intent, { type: "notify" }> => intent.type === "notify");
}

const TOUCHES: Readonly<Record<string, readonly [number, number]>> = { maker: [200_000, 200_010], hedge: [20_000, 20_001] };

interface Placed extends PlaceOrder {
  readonly leg: string;
  readonly slot: string;
}

/** The real kernel under the strategy, with the exchange's answers in the test's hand. */
export class KernelDesk {
  now = 1_000_000;
  wakeAt: number | null = null;
  kernel: Kernel;
  readonly effects: Effect[] = [];
  readonly #params: HedgeParams;
  readonly #instruments: Record<string, Instrument>;
  #trades = 0;

  constructor(given: Record<string, unknown> = {}, hedgeInstrument: Instrument = HEDGE_PERP) {
    this.#params = paramsOf(given);
    this.#instruments = this.#params.hedgeSymbol === undefined ? { maker: MAKER_PERP } : { maker: MAKER_PERP, hedge: hedgeInstrument };
    this.kernel = this.#birth(null);
    this.#begin();
  }

  /** A new life from the stored state, as after a kill. */
  restart(): void {
    this.kernel = this.#birth(JSON.parse(JSON.stringify(this.kernel.snapshot())));
    this.#begin();
  }

  #begin(): void {
    for (const leg of Object.keys(this.#instruments)) {
      const [bid, ask] = TOUCHES[leg] ?? [1, 2];
      this.feed({ type: "book", leg, bestBid: ticks(bid), bestAsk: ticks(ask) });
    }
    this.feed({ type: "recovered" });
  }

  #birth(state: KernelState | null): Kernel {
    const legs = Object.entries(this.#instruments).map(([name, instrument]) => {
      const [bid, ask] = TOUCHES[name] ?? [1, 2];
      return [name, { instrument, bestBid: ticks(bid), bestAsk: ticks(ask) }] as const;
    });
    const maxPosition = Object.fromEntries(Object.keys(this.#instruments).map((name) => [name, 1_000_000]));
    return createKernel(
      {
        botId: "desk",
        botNumber: 5,
        strategy: hedge as never,
        params: this.#params,
        instruments: this.#instruments,
        risk: { maxPosition, maxOpenOrders: 20 },
        lastCounter: null,
      },
      { state, orders: [], market: { at: this.now, legs: Object.fromEntries(legs) } },
    );
  }

  feed(event: { readonly type: KernelEvent["type"] } & Record<string, unknown>): readonly Effect[] {
    const effects = this.kernel.apply({ ...event, at: this.now } as unknown as KernelEvent);
    for (const effect of effects) if (effect.type === "wake") this.wakeAt = effect.at;
    this.effects.push(...effects);
    return effects;
  }

  /** Lets time pass in silence: only the wakes that the kernel asked for. */
  sleep(ms: number): readonly Effect[] {
    const end = this.now + ms;
    const seen: Effect[] = [];
    while (this.wakeAt !== null && this.wakeAt <= end) {
      this.now = Math.max(this.now, this.wakeAt);
      this.wakeAt = null;
      seen.push(...this.feed({ type: "time" }));
    }
    this.now = end;
    return seen;
  }

  accept(order: Placed, exchangeOrderId = `x${order.clientOrderId}`): readonly Effect[] {
    return this.feed({ type: "accepted", leg: order.leg, clientOrderId: order.clientOrderId, exchangeOrderId });
  }

  fill(order: Placed, quantity: number, exchangeOrderId = `x${order.clientOrderId}`): readonly Effect[] {
    this.#trades += 1;
    const fill = {
      symbol: "ETH/USDC:USDC",
      tradeId: `t${this.#trades}`,
      exchangeOrderId,
      clientOrderId: order.clientOrderId,
      side: order.side,
      price: order.price,
      quantity: lots(quantity),
      fee: "0",
      feeCurrency: "USDC",
      liquidity: order.postOnly ? "maker" : "taker",
      at: this.now,
    };
    return this.feed({ type: "fill", leg: order.leg, fill });
  }

  /** An IOC order that found nobody within its bound. */
  expire(order: Placed, filledQuantity = 0): readonly Effect[] {
    const { leg, clientOrderId } = order;
    return this.feed({ type: "canceled", leg, clientOrderId, filledQuantity: lots(filledQuantity), expired: true });
  }

  placed(slot: string, effects: readonly Effect[] = this.effects): Placed[] {
    return effects.flatMap((effect) =>
      effect.type === "place" && effect.slot === slot ? [{ ...effect.order, leg: effect.leg, slot }] : [],
    );
  }

  /** The newest order of a slot. */
  order(slot: string): Placed {
    const order = this.placed(slot).at(-1);
    if (order === undefined) throw new Error(`nothing was placed in ${slot}`);
    return order;
  }

  quantityOf(leg: string, count: number): string {
    const instrument = this.#instruments[leg];
    return instrument === undefined ? "" : toQuantity(instrument, lots(count));
  }
}
