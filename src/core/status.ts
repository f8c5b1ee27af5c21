// What `/status` shows of one bot; decimal values are strings.

import type { Mode } from "./alert.ts";
import type { ActualState, Desired } from "./events.ts";

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
  readonly averageEntryPrice: string | null;
  readonly lastPrice: string | null;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly gridProfit: string;
  readonly pairs: number;
  readonly fees: string;
  readonly funding: string;
  /** realized + unrealized - fees + funding. */
  readonly netPnl: string;
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
