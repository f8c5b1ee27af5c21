// What a kernel is made from, what it shows and what may be asked of it.

import type { Effect } from "../effects.ts";
import type { ActualState, KernelEvent } from "../events.ts";
import type { Instrument } from "../instrument.ts";
import type { Order } from "../order.ts";
import type { MarketSnapshot, Strategy, StrategyReport } from "../strategy.ts";
import type { Text } from "../text.ts";

export interface RiskLimits {
  /** Lots per leg counting live, in-flight and unknown orders. */
  readonly maxPosition: Readonly<Record<string, number>>;
  readonly maxOpenOrders: number;
}

export interface KernelOptions {
  readonly botId: string;
  /** 1..255, unique per account. */
  readonly botNumber: number;
  readonly strategy: Strategy;
  readonly params: unknown;
  readonly instruments: Readonly<Record<string, Instrument>>;
  readonly risk: RiskLimits;
  /** Highest order counter ever stored for this bot, or null: new ids start after it. */
  readonly lastCounter: number | null;
}

/** Plain JSON; opaque to everyone but the kernel. */
export type KernelState = Readonly<Record<string, unknown>>;

/** Numbers for `/status`, decimal strings. Position and prices are the first leg's; money is the sum of legs in `currency`. */
export interface KernelStatus {
  readonly state: ActualState;
  readonly position: string;
  readonly averageEntryPrice: string | null;
  readonly lastPrice: string | null;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
  readonly funding: string;
  readonly netPnl: string;
  readonly currency: string;
  readonly openOrders: number;
  readonly unknownOrders: number;
  readonly fills: number;
  readonly lastBookAt: number | null;
  readonly haltReason: Text | null;
  readonly report: StrategyReport;
}

export interface Kernel {
  /** Folds one event in and says what to do. A throw is a programmer error: discard the kernel, restart from stored state. */
  apply(event: KernelEvent): readonly Effect[];
  snapshot(): KernelState;
  status(at: number): KernelStatus;
  /** Orders that may still rest or fill, unknown ones included. */
  liveOrders(): readonly Order[];
  /** One order by its client order id, live or recently closed. */
  order(clientOrderId: string): Order | undefined;
  /** Time of the newest fill folded in per leg, epoch ms. */
  lastFillAt(leg: string): number | null;
}

export interface KernelStart {
  /** The stored state, or null for a bot's first start. */
  readonly state: KernelState | null;
  /** Stored orders that are not proven closed; those the state does not know are taken in as unknown. */
  readonly orders: readonly Order[];
  readonly market: MarketSnapshot;
}
