// Reads the transactions of sendTx: who signed them, with which nonce, and what they ask for in ticks and lots.

import { z } from "zod";
import type { Clock } from "../../core/ports.ts";
import { type Lots, lots, type Ticks, ticks } from "../../core/units.ts";
import type { OrderRequest } from "../exchange-facts.ts";
import type { LighterAccount, LighterAccounts } from "./accounts.ts";
import { LighterError } from "./errors.ts";
import { checkTransaction } from "./signature.ts";

/** A client's index of an order lies below, the exchange's above. */
export const CLIENT_INDEX_LIMIT = 2 ** 48;
/** A skipping nonce must lie below. */
const NONCE_LIMIT = 2 ** 47 - 1;
/** Attributes: the integrator's account, its taker's and its maker's fee. */
const INTEGRATOR = ["1", "2", "3"];

const whole = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const envelope = z.looseObject({
  AccountIndex: whole,
  ApiKeyIndex: whole,
  ExpiredAt: whole,
  Nonce: whole,
  L2TxAttributes: z.record(z.string(), whole).nullish(),
});
const createSchema = z.looseObject({
  MarketIndex: whole,
  ClientOrderIndex: whole,
  BaseAmount: whole,
  Price: whole,
  IsAsk: z.union([z.literal(0), z.literal(1)]),
  Type: whole,
  TimeInForce: whole,
  ReduceOnly: z.union([z.literal(0), z.literal(1)]),
  TriggerPrice: whole,
  OrderExpiry: z.number().int(),
});
const cancelSchema = z.looseObject({ MarketIndex: whole, Index: whole });
const cancelAllSchema = z.looseObject({ TimeInForce: z.number().int().min(0).max(2), Time: whole });
const modifySchema = z.looseObject({ MarketIndex: whole, Index: whole, BaseAmount: whole, Price: whole, TriggerPrice: whole });
const leverageSchema = z.looseObject({ MarketIndex: whole, InitialMarginFraction: z.number().int().positive(), MarginMode: whole });

export type Wish =
  | { readonly type: "create"; readonly order: OrderRequest }
  | { readonly type: "cancel"; readonly symbol: string; readonly index: number }
  | { readonly type: "modify"; readonly symbol: string; readonly index: number; readonly price: Ticks; readonly quantity: Lots }
  /** At once, of one market or (null) of all. */
  | { readonly type: "cancelAll"; readonly symbol: string | null }
  /** At a time (epoch ms), or with null no longer. */
  | { readonly type: "schedule"; readonly at: number | null }
  | { readonly type: "leverage"; readonly symbol: string; readonly leverage: number; readonly isIsolated: boolean };

export interface Transaction {
  readonly account: LighterAccount;
  readonly nonce: number;
  readonly wish: Wish;
}

function parsed<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new LighterError(21501, `${issue?.path.join(".") || "body"} ${issue?.message ?? ""}`.slice(0, 120));
}

/** What a transaction would be counted for: its account, without a proof. */
export function claimantOf(accounts: LighterAccounts, info: unknown): LighterAccount | undefined {
  const index = (objectIn(info) as { AccountIndex?: unknown } | null)?.AccountIndex;
  return typeof index === "number" ? accounts.at(index) : undefined;
}

function objectIn(info: unknown): unknown {
  if (typeof info !== "string") return info;
  try {
    return JSON.parse(info);
  } catch {
    return null;
  }
}

/** Verifies who sent what and in which order. */
export class TransactionReader {
  readonly #accounts: LighterAccounts;
  readonly #clock: Clock;
  /** The last nonce of each key. */
  readonly #nonces = new Map<string, number>();

  constructor(accounts: LighterAccounts, clock: Clock) {
    this.#accounts = accounts;
    this.#clock = clock;
  }

  nextNonce(account: LighterAccount): number {
    return (this.#nonces.get(account.name) ?? 0) + 1;
  }

  /** Throws a LighterError. The nonce is used up only by `accept`: what fails at the server leaves it as it was. */
  read(txType: number, txInfo: unknown): Transaction {
    const info = objectIn(txInfo);
    const { AccountIndex, ApiKeyIndex, ExpiredAt, Nonce, L2TxAttributes } = parsed(envelope, info);
    const account = this.#accounts.at(AccountIndex);
    if (account === undefined) throw new LighterError(21100);
    if (ApiKeyIndex !== account.keyIndex) throw new LighterError(21108);
    checkTransaction(account, txType, info as Record<string, unknown>);
    if (ExpiredAt <= this.#clock.now()) throw new LighterError(21711);
    const attributes = L2TxAttributes ?? {};
    // Nobody has approved fees for an integrator here.
    if (INTEGRATOR.some((name) => (attributes[name] ?? 0) !== 0)) throw new LighterError(21149);
    const last = this.#nonces.get(account.name) ?? 0;
    const isNext = attributes["4"] === 1 ? Nonce > last && Nonce < NONCE_LIMIT : Nonce === last + 1;
    if (!isNext) throw new LighterError(21104);
    return { account, nonce: Nonce, wish: wishOf(txType, info, attributes) };
  }

  accept({ account, nonce }: Transaction): void {
    this.#nonces.set(account.name, nonce);
  }
}

function wishOf(txType: number, info: unknown, attributes: Readonly<Record<string, number>>): Wish {
  switch (txType) {
    case 14:
      return { type: "create", order: orderOf(parsed(createSchema, info)) };
    case 15: {
      const { MarketIndex, Index } = parsed(cancelSchema, info);
      return { type: "cancel", symbol: String(MarketIndex), index: Index };
    }
    case 16:
      return cancelAllOf(parsed(cancelAllSchema, info), attributes["5"]);
    case 17: {
      const { BaseAmount, Index, MarketIndex, Price } = parsed(modifySchema, info);
      return { type: "modify", symbol: String(MarketIndex), index: Index, price: ticks(Price), quantity: lots(BaseAmount) };
    }
    case 20: {
      const { InitialMarginFraction, MarginMode, MarketIndex } = parsed(leverageSchema, info);
      return { type: "leverage", symbol: String(MarketIndex), leverage: 10_000 / InitialMarginFraction, isIsolated: MarginMode !== 0 };
    }
    default:
      throw new LighterError(21505);
  }
}

function cancelAllOf({ Time, TimeInForce }: z.infer<typeof cancelAllSchema>, market: number | undefined): Wish {
  if (TimeInForce === 0) return { type: "cancelAll", symbol: market === undefined ? null : String(market) };
  if (market !== undefined) throw new LighterError(21602, "a scheduled cancel all is of every market");
  return { type: "schedule", at: TimeInForce === 1 ? Time : null };
}

function orderOf(info: z.infer<typeof createSchema>): OrderRequest {
  // The simulated exchange has no trigger orders: it refuses them rather than resting something else.
  if (info.Type > 1 || info.TriggerPrice !== 0) throw new LighterError(21710);
  if (info.TimeInForce > 2 || (info.Type === 1 && info.TimeInForce !== 0)) throw new LighterError(21705);
  if (info.ClientOrderIndex >= CLIENT_INDEX_LIMIT) throw new LighterError(21727);
  if (info.BaseAmount === 0) throw new LighterError(21701);
  if (info.Price === 0) throw new LighterError(21702);
  return {
    symbol: String(info.MarketIndex),
    side: info.IsAsk === 1 ? "sell" : "buy",
    price: ticks(info.Price),
    quantity: lots(info.BaseAmount),
    quoteQuantity: null,
    timeInForce: info.TimeInForce === 0 ? "ioc" : "gtc",
    postOnly: info.TimeInForce === 2,
    reduceOnly: info.ReduceOnly === 1,
    // 0 means none.
    clientId: info.ClientOrderIndex === 0 ? null : info.ClientOrderIndex,
    selfTrade: "rejectMaker",
  };
}
