// The doors to the outside: exchanges, storage and workers perform them, sim simulates them.

import type { Alert } from "./alert.ts";
import type { PlaceOrder } from "./effects.ts";
import type { ExchangeFill, OpenOrder } from "./events.ts";
import type { Instrument } from "./instrument.ts";
import type { Text } from "./text.ts";
import type { Lots, Ticks } from "./units.ts";

export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
}

// ---- exchange -------------------------------------------------------------------------------------------------------

export interface Capabilities {
  readonly amend: boolean;
  readonly batchPlace: boolean;
  readonly lookupByClientOrderId: boolean;
  readonly deadManSwitch: boolean;
  /** What the switch hits: the perpetuals that it names, or everything of the account (taken for granted when absent). */
  readonly deadManScope?: "symbol" | "account";
  /** The shortest time that the switch can be set to, ms; absent where a minute is allowed. */
  readonly deadManLeastMs?: number;
  readonly fundingHistory: boolean;
}

/** `unknown` covers silence, resets, 5xx, unreadable bodies and codes we do not know. Never read it as a failure. */
export type PlaceOutcome =
  | { readonly outcome: "accepted"; readonly exchangeOrderId: string; readonly filledQuantity: Lots; readonly closed: boolean }
  | { readonly outcome: "rejected"; readonly code: string; readonly message: string }
  /** Refused before anything left the machine (no permit, stale lease, not signable). */
  | { readonly outcome: "denied"; readonly code: string; readonly message: string }
  | { readonly outcome: "unknown"; readonly message: string };

export type CancelOutcome =
  | { readonly outcome: "canceled"; readonly filledQuantity: Lots | null }
  | { readonly outcome: "notFound" }
  | { readonly outcome: "denied"; readonly code: string; readonly message: string }
  | { readonly outcome: "unknown"; readonly message: string };

/** What became of one order. `notFound` on one look proves nothing (reliability: section 4 of the outcome policy). */
export type OrderLookup =
  | { readonly found: "open"; readonly order: OpenOrder }
  | {
      readonly found: "closed";
      readonly status: "filled" | "canceled" | "expired" | "rejected";
      readonly exchangeOrderId: string;
      readonly filledQuantity: Lots;
    }
  | { readonly found: "notFound" }
  | { readonly found: "unknown"; readonly message: string };

/** How a change of a resting order in place ended. `refused`: the order is what it was. */
export type AmendOutcome =
  | { readonly outcome: "amended"; readonly exchangeOrderId: string; readonly price: Ticks; readonly quantity: Lots }
  | { readonly outcome: "refused"; readonly code: string; readonly message: string }
  | { readonly outcome: "unknown"; readonly message: string };

/** What a resting order is to become; `quantity` is its whole, filled part included. */
export interface Amendment {
  readonly side: "buy" | "sell";
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
}

/** How a perpetual is held. */
export interface PerpSettings {
  readonly leverage?: number;
  readonly marginMode?: "cross" | "isolated";
}

export interface Position {
  readonly symbol: string;
  /** Signed. */
  readonly quantity: Lots;
  readonly averageEntryPrice: string | null;
  /** Where the exchange would liquidate, decimal string; null or absent when it does not tell. */
  readonly liquidationPrice?: string | null;
}

export interface Balance {
  readonly currency: string;
  /** Decimal strings. */
  readonly total: string;
  readonly free: string;
}

export interface AccountSnapshot {
  readonly at: number;
  readonly openOrders: readonly OpenOrder[];
  readonly positions: readonly Position[];
  readonly balances: readonly Balance[];
  /** What the account is worth by currency, unrealized results included, decimal strings; where the exchange tells it itself. */
  readonly equity?: Readonly<Record<string, string>>;
}

export interface FillPage {
  readonly fills: readonly ExchangeFill[];
  /** False when the history may hold more than was read; never treat that as "nothing happened". */
  readonly complete: boolean;
}

/** A funding payment; `id` is unique per account and symbol, `amount` a decimal string, positive is received. */
export interface FundingEntry {
  readonly id: string;
  readonly amount: string;
  readonly at: number;
}

export interface FundingPage {
  readonly entries: readonly FundingEntry[];
  /** False when the history may hold more than was read. */
  readonly complete: boolean;
}

/** The best prices, with the quantities there when they are told. */
export interface Touch {
  readonly bestBid: Ticks;
  readonly bestAsk: Ticks;
  readonly bidQuantity?: Lots;
  readonly askQuantity?: Lots;
  readonly at: number;
}

export type ExchangeEvent =
  | (Touch & { readonly type: "book"; readonly symbol: string; readonly receivedAt: number })
  /** The exchange's mark price. */
  | { readonly type: "mark"; readonly symbol: string; readonly mark: Ticks; readonly at: number }
  /** The price of the newest public trade, where the feed tells it. */
  | { readonly type: "last"; readonly symbol: string; readonly price: Ticks; readonly at: number }
  | { readonly type: "fill"; readonly fill: ExchangeFill }
  | {
      readonly type: "order";
      readonly symbol: string;
      readonly clientOrderId: string | null;
      readonly exchangeOrderId: string;
      readonly status: "open" | "filled" | "canceled" | "expired";
      readonly filledQuantity: Lots;
      readonly at: number;
    }
  /** The stream was down or had a gap and is back: fetch what may be missing. */
  | { readonly type: "resynced"; readonly stream: "public" | "private"; readonly at: number }
  | { readonly type: "disconnected"; readonly stream: "public" | "private"; readonly at: number; readonly message: string };

export interface OrderRef {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly exchangeOrderId: string | null;
  /** When the intent was stored, epoch ms: bounds the search through history. */
  readonly createdAt: number;
}

/** One per (exchange, account). No method throws for an answer of the exchange to an order or cancel. Reads throw. */
export interface ExchangePort {
  readonly name: string;
  readonly account: string;
  readonly capabilities: Capabilities;
  /**
   * The instrument as the exchange describes it now. What this port counts in stays as it was first read: a caller that finds
   * another tick or lot size connects anew.
   */
  instrument(symbol: string): Promise<Instrument>;
  /**
   * Sends one order. `ready` resolves true once its intent is stored (false: denied); it is awaited beside the permit,
   * and nothing is sent before both. The request expires at the exchange within 2 s.
   */
  place(symbol: string, order: PlaceOrder, urgency: "close" | "open", ready: Promise<boolean>): Promise<PlaceOutcome>;
  /** Changes a resting order in place; present where `capabilities.amend` is true. `ready` as for `place`. */
  amend?(order: OrderRef, to: Amendment, ready: Promise<boolean>): Promise<AmendOutcome>;
  cancel(order: OrderRef, urgency: "panic" | "cancel"): Promise<CancelOutcome>;
  /** Sets leverage and margin mode of a perpetual; what is so already is no fault. Throws like any read. */
  setPerp?(symbol: string, settings: PerpSettings): Promise<void>;
  /** How the exchange holds a perpetual now; a field or the whole is missing where it does not tell. Throws like any read. */
  perpSettings?(symbol: string): Promise<PerpSettings | null>;
  /** Whether the account holds one position per perpetual or long and short apart; null where it does not tell. Throws like any read. */
  positionMode?(): Promise<"oneWay" | "hedge" | null>;
  /**
   * Has the exchange cancel everything of the account on these symbols unless it is told again within `timeoutMs`; null turns
   * that off. It hits every bot's orders there: one owner per account. Present where `capabilities.deadManSwitch` is true.
   */
  deadManSwitch?(symbols: readonly string[], timeoutMs: number | null): Promise<void>;
  lookup(order: OrderRef): Promise<OrderLookup>;
  /** Open orders, positions and balances of these symbols. Throws when any part could not be read: never half a truth. */
  snapshot(symbols: readonly string[]): Promise<AccountSnapshot>;
  /** Fills of the account on a symbol at or after `since` (epoch ms), oldest first. */
  fillsSince(symbol: string, since: number): Promise<FillPage>;
  /** Funding of the account on a perpetual at or after `since` (epoch ms), oldest first; asked where `capabilities.fundingHistory`. */
  fundingSince(symbol: string, since: number): Promise<FundingPage>;
  /** Best bid and ask by REST, for start and for silence of the stream. */
  touch(symbol: string): Promise<Touch>;
  events(symbols: readonly string[], signal: AbortSignal): AsyncIterable<ExchangeEvent>;
  /** What the exchange announces about itself (maintenance, the end of a recording), or null. Throws like any read. */
  notice?(): Promise<string | null>;
  close(): Promise<void>;
}

/**
 * Asked in the turn of the socket write, after every wait: a sentence forbids the request ("lease is 6.2 s old"), null lets
 * it go. Cancels of own orders stay allowed longer than places.
 */
export type Fence = (kind: "place" | "cancel" | "read") => string | null;

// ---- permits --------------------------------------------------------------------------------------------------------

/** Smaller is served first. `panic` and `cancel` have a reserve that the others cannot take. */
export type PermitClass = "panic" | "cancel" | "reduce" | "place" | "reconcile" | "market";

export interface PermitRequest {
  readonly class: PermitClass;
  /** Bucket names within (exchange, account), e.g. `requests`, `history`. */
  readonly buckets: readonly string[];
  readonly cost: number;
  /** Buckets that this request costs more or less than `cost`. */
  readonly costs?: Readonly<Record<string, number>>;
}

export type PermitGrant =
  | {
      readonly granted: true;
      readonly waitedMs: number;
      /** Microseconds of the shared clock, at least 1 ms apart for the whole exchange: a nonce for those that want one. */
      readonly nonce?: number;
    }
  | {
      readonly granted: false;
      readonly code: "staleEpoch" | "epochMissing" | "queueFull" | "blocked" | "unavailable";
      readonly message: string;
      readonly retryInMs: number | null;
    };

export interface Permits {
  /** Waits for its turn (at most `maxWaitMs`) and resolves; never throws for a refusal. */
  take(request: PermitRequest): Promise<PermitGrant>;
  /** The exchange said 429, 418 or 403: nobody of the fleet may send to these buckets until then. */
  block(buckets: readonly string[], untilMs: number): Promise<void>;
}

// ---- ledger ---------------------------------------------------------------------------------------------------------

export interface OrderRow {
  readonly botId: string;
  readonly exchange: string;
  readonly account: string;
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly exchangeOrderId: string | null;
  readonly epoch: number;
  readonly leg: string;
  readonly slot: string;
  readonly side: "buy" | "sell";
  /** Decimal strings. */
  readonly price: string;
  readonly quantity: string;
  readonly filledQuantity: string;
  readonly timeInForce: "gtc" | "ioc";
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly status: string;
  readonly isUnknown: boolean;
  readonly reason: string;
  readonly decision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface FillRow {
  readonly botId: string;
  readonly exchange: string;
  readonly account: string;
  readonly symbol: string;
  readonly tradeId: string;
  readonly exchangeOrderId: string;
  readonly clientOrderId: string | null;
  readonly epoch: number;
  readonly slot: string;
  readonly side: "buy" | "sell";
  readonly price: string;
  readonly quantity: string;
  readonly fee: string;
  readonly feeCurrency: string;
  readonly liquidity: "maker" | "taker";
  readonly realizedPnl: string;
  readonly at: number;
}

export interface StateRow {
  readonly botId: string;
  readonly epoch: number;
  /** Grows by one with each stored state of an epoch's run. */
  readonly sequence: number;
  readonly strategy: string;
  readonly strategyVersion: number;
  /** The kernel's snapshot. */
  readonly json: string;
  readonly at: number;
}

export interface FundingRow {
  readonly botId: string;
  readonly exchange: string;
  readonly account: string;
  readonly symbol: string;
  readonly fundingId: string;
  readonly currency: string;
  /** Decimal string, positive is received. */
  readonly amount: string;
  readonly at: number;
}

/** The bot came to its end by itself: halted until a person resumes it, or finished, which is a stop. */
export interface EndRow {
  readonly botId: string;
  readonly epoch: number;
  readonly kind: "strategy" | "risk" | "finished";
  readonly reason: Text;
  /** Its position is to be closed too. */
  readonly flatten: boolean;
  readonly at: number;
}

/** Rows of one step; all of a batch commit in one transaction. Intents, states and ends of a stale epoch are refused, facts never. */
export type LedgerRow =
  | { readonly type: "intent"; readonly order: OrderRow }
  | { readonly type: "order"; readonly order: OrderRow }
  | { readonly type: "fill"; readonly fill: FillRow }
  | { readonly type: "funding"; readonly funding: FundingRow }
  | { readonly type: "end"; readonly end: EndRow }
  | { readonly type: "state"; readonly state: StateRow }
  | { readonly type: "alert"; readonly alert: Alert };

export type RowResult = "stored" | "duplicate" | "stale";

export interface LedgerStore {
  /** Resolves after the commit, one result per row. Throws when nothing of the batch was stored. */
  commit(rows: readonly LedgerRow[]): Promise<readonly RowResult[]>;
}

/** What an instance needs to start: newest state, then what came after it. */
export interface StoredBot {
  readonly state: StateRow | null;
  /** Orders that are not proven closed, oldest first. */
  readonly openOrders: readonly OrderRow[];
  /** The highest counter ever stored for this bot's client order ids, or null. */
  readonly lastCounter: number | null;
  /** Time of the newest stored fill, epoch ms. */
  readonly lastFillAt: number | null;
  /** What the bot holds on an account and symbol: since when, and the time of its newest stored funding there, epoch ms. */
  readonly claims: readonly StoredClaim[];
}

export interface StoredClaim {
  readonly exchange: string;
  readonly account: string;
  readonly symbol: string;
  readonly since: number;
  readonly lastFundingAt: number | null;
}

// ---- lease ----------------------------------------------------------------------------------------------------------

export interface LeaseStore {
  /** Takes the lease for `epoch` unless another holder's is alive. */
  acquire(botId: string, epoch: number, holder: string, ttlMs: number): Promise<boolean>;
  /** False when the lease now names another epoch: the caller must fence itself at once. Throws when nobody answered. */
  renew(botId: string, epoch: number, holder: string, ttlMs: number): Promise<boolean>;
  release(botId: string, epoch: number, holder: string): Promise<void>;
  holder(botId: string): Promise<{ readonly epoch: number; readonly holder: string } | null>;
}
