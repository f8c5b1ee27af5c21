// What `/status` shows of one bot; decimal values are strings.

import type { Mode } from "./alert.ts";
import type { ActualState, Desired } from "./events.ts";
import { plain, type Text } from "./text.ts";

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
  /** How the exchange holds a perpetual, where it has told. */
  readonly leverage?: number;
  readonly marginMode?: "cross" | "isolated";
}

/** What one of a bot's symbols adds to the balance of its account. */
export interface AccountPart {
  readonly symbol: string;
  /** Unrealized result, or the worth of a spot base, decimal string; null when nobody can tell now. */
  readonly value: string | null;
}

/** What an account was worth in one currency when a bot read it. */
export interface AccountReading {
  readonly exchange: string;
  readonly account: string;
  readonly currency: string;
  /** Decimal string. */
  readonly balance: string;
  /** What the bot's own symbols there add to the balance; null when the exchange counted everything into it. */
  readonly parts: readonly AccountPart[] | null;
  /** When it was read, epoch ms. */
  readonly at: number;
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
  /** Net profit from which the drawdown counts; absent before a kernel has told it. */
  readonly peakPnl?: string;
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
  readonly haltReason: Text | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly startedAt: number | null;
  /** When these numbers were true, epoch ms. */
  readonly updatedAt: number;
  /** The accounts that it trades on, as they were read last; each reading says when. Absent before the first. */
  readonly accounts?: readonly AccountReading[];
  /** A remark such as "the recording has ended; the last price holds". */
  readonly note: Text | null;
}

/** A status as it was stored or sent; one that an older version wrote lacks what came later, and had its remarks as plain words. */
export function readStatus(json: string): BotStatus {
  const stored = { ...NO_NUMBERS, ...(JSON.parse(json) as BotStatus) };
  return { ...stored, note: asText(stored.note), haltReason: asText(stored.haltReason) };
}

function asText(value: Text | string | null): Text | null {
  return typeof value === "string" ? plain(value) : value;
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
