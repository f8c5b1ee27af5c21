// What `/status` shows of one bot; decimal values are strings.

import type { Mode } from "./alert.ts";
import type { ActualState, Desired } from "./events.ts";
import type { Text } from "./text.ts";

/** What a bot holds on one of its legs. */
export interface LegPosition {
  readonly exchange: string;
  readonly account: string;
  readonly symbol: string;
  /** Base asset. */
  readonly base: string;
  /** Signed, base units. */
  readonly position: string;
  /** At which it is valued; null when there is none now. */
  readonly price: string | null;
}

export interface BotStatus {
  readonly id: string;
  readonly mode: Mode;
  readonly state: ActualState;
  readonly desired: Desired;
  readonly strategy: string;
  readonly exchange: string;
  readonly account: string;
  readonly symbol: string;
  readonly epoch: number;
  /** Signed, base units. */
  readonly position: string;
  /** Every leg's position; absent before a kernel has told them. */
  readonly legs?: readonly LegPosition[];
  readonly averageEntryPrice: string | null;
  readonly lastPrice: string | null;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly gridProfit: string;
  readonly pairs: number;
  readonly fees: string;
  /** Fees in currencies that had no price when they were paid, by currency; in none of the sums. */
  readonly otherFees: Readonly<Record<string, string>>;
  readonly funding: string;
  /** realized + unrealized - fees + funding. */
  readonly netPnl: string;
  /** Traded notional. */
  readonly volume: string;
  /** What a unit of volume has cost, percent. */
  readonly wearRate: string;
  /** Unrealized result of lots whose exit is still to come; null where the strategy has none. */
  readonly unpairedPnl: string | null;
  /** Quantity that waits to be hedged, base units; null where the strategy hedges nothing. */
  readonly residual: string | null;
  /** Whatever else the strategy shows. */
  readonly values: readonly { readonly label: Text; readonly value: string }[];
  /** Currency of the money above. */
  readonly currency: string;
  readonly openOrders: number;
  readonly unknownOrders: number;
  readonly fills: number;
  readonly lower: string | null;
  readonly upper: string | null;
  readonly lastTickAgeMs: number | null;
  readonly lastError: string | null;
  readonly haltReason: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly startedAt: number | null;
  /** When these numbers were true, epoch ms. */
  readonly updatedAt: number;
  /** A remark such as "the recording has ended; the last price holds". */
  readonly note: string | null;
}

/** The numbers of a bot of which nothing is known. */
export const NO_NUMBERS = {
  position: "0",
  averageEntryPrice: null,
  lastPrice: null,
  realizedPnl: "0",
  unrealizedPnl: "0",
  gridProfit: "0",
  pairs: 0,
  fees: "0",
  otherFees: {},
  funding: "0",
  netPnl: "0",
  volume: "0",
  wearRate: "0",
  unpairedPnl: null,
  residual: null,
  values: [],
  currency: "",
  openOrders: 0,
  unknownOrders: 0,
  fills: 0,
  lower: null,
  upper: null,
  lastTickAgeMs: null,
} as const satisfies Partial<BotStatus>;
