// What a kernel is made from, what it shows and what may be asked of it.

import type { Effect } from "../effects.ts";
import type { ActualState, KernelEvent } from "../events.ts";
import type { Instrument } from "../instrument.ts";
import type { Order } from "../order.ts";
import type { LegPosition } from "../status.ts";
import type { MarketSnapshot, Strategy, StrategyReport } from "../strategy.ts";
import type { Text } from "../text.ts";

/** Limits of one bot that no strategy can get around. Money is decimal strings in the leg's quote currency. */
export interface RiskLimits {
  /** Lots per leg counting live, in-flight and unknown orders. */
  readonly maxPosition: Readonly<Record<string, number>>;
  readonly maxOpenOrders: number;
  /** Largest notional of one order. */
  readonly maxOrderNotional?: string;
  /** Largest notional per leg counting live, in-flight and unknown orders, at mark. */
  readonly maxNotional?: string;
  /** Orders priced further than this from the mark (mid when there is none) are denied; closing ones too. */
  readonly priceBandBps?: number;
  readonly maxOrdersPerMinute?: number;
  /** Loss of a risk day (net, all legs) that halts the bot. */
  readonly maxDailyLoss?: string;
  /** Fall from the highest net profit ever stored that halts the bot. */
  readonly maxDrawdown?: string;
  /** An older book lets only reducing orders pass. */
  readonly maxBookAgeMs?: number;
  /** Distance of mark and liquidation price below which only reducing orders pass, and the bot is halted at half of it. */
  readonly minLiquidationDistanceBps?: number;
  /** Symbols that may be traded; all when absent. */
  readonly symbols?: readonly string[];
  /** What a halt for loss, drawdown or liquidation does with the position. */
  readonly onBreach?: "keep" | "flatten";
}

export interface KernelOptions {
  readonly botId: string;
  /** 1..255, unique per account. */
  readonly botNumber: number;
  /** The bot's number on the account of a leg, where it is another. */
  readonly botNumbers?: Readonly<Record<string, number>>;
  readonly strategy: Strategy;
  readonly params: unknown;
  readonly instruments: Readonly<Record<string, Instrument>>;
  readonly risk: RiskLimits;
  /** The bot finishes after running this long. */
  readonly runForMs?: number;
  /** Legs whose exchange changes orders in place. */
  readonly amends?: readonly string[];
  /** Highest order counter ever stored for this bot, or null: new ids start after it. */
  readonly lastCounter: number | null;
}

/** Plain JSON; opaque to everyone but the kernel. */
export type KernelState = Readonly<Record<string, unknown>>;

/** Numbers for `/status`, decimal strings. Position and prices are the first leg's; money is the sum of legs in `currency`. */
export interface KernelStatus {
  readonly state: ActualState;
  readonly position: string;
  readonly legs?: readonly LegPosition[];
  readonly averageEntryPrice: string | null;
  readonly lastPrice: string | null;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
  /** Fees that had no price when they were paid, by currency; in no sum. */
  readonly otherFees: Readonly<Record<string, string>>;
  readonly funding: string;
  readonly netPnl: string;
  /** Traded notional. */
  readonly volume: string;
  /** |min(netPnl, 0)| / volume x 100: what a unit of volume has cost, percent. */
  readonly wearRate: string;
  readonly currency: string;
  readonly openOrders: number;
  readonly unknownOrders: number;
  readonly fills: number;
  readonly lastBookAt: number | null;
  /** Net profit from which the drawdown counts. */
  readonly peakPnl?: string;
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
