// What differs from exchange to exchange, and the list of exchanges we have described: one file each.

import type { CredentialField, CredentialValues } from "../core/credentials.ts";
import type { Side } from "../core/order.ts";
import type { Capabilities, PerpSettings } from "../core/ports.ts";
import { type Text, UserError } from "../core/text.ts";
import type { CcxtClass, CcxtExchange, CcxtIncome, CcxtMarket, CcxtOrder, CcxtPosition, CcxtTrade, Params } from "./ccxt-loader.ts";
import type { BucketLimit } from "./limits.ts";
import type { AnswerTable } from "./outcome.ts";
import type { Pages } from "./paging.ts";
import { apex } from "./quirks/apex.ts";
import { aster } from "./quirks/aster.ts";
import { backpack } from "./quirks/backpack.ts";
import { binance } from "./quirks/binance.ts";
import { bybit } from "./quirks/bybit.ts";
import { genericQuirks } from "./quirks/generic.ts";
import { hyperliquid } from "./quirks/hyperliquid.ts";
import { lighter, lighterRobinhood } from "./quirks/lighter.ts";
import { okx } from "./quirks/okx.ts";
import { paradex } from "./quirks/paradex.ts";
import { standx } from "./quirks/standx.ts";

/** One raw message about an order of ours, decimal strings; `filled` is the cumulative quantity. */
export interface OrderUpdate {
  readonly symbol: string;
  readonly exchangeOrderId: string;
  readonly clientOrderId: string | null;
  readonly side: Side;
  readonly status: "open" | "filled" | "canceled" | "expired";
  readonly filled: string;
  /** Epoch ms of the matching engine. */
  readonly at: number;
  readonly fill: {
    readonly tradeId: string;
    readonly price: string;
    readonly quantity: string;
    readonly fee: string;
    readonly feeCurrency: string;
    readonly isMaker: boolean;
  } | null;
}

/** Where an exchange's subclass hands what ccxt would merge away. */
export interface StreamSink {
  onOrder(update: OrderUpdate): void;
  /** The exchange's mark price, decimal string. */
  onMark(symbol: string, price: string): void;
  /** A fill from a stream that tells fills apart from orders. */
  onTrade(trade: CcxtTrade): void;
  /** The private stream is subscribed: for exchanges where a standing socket does not say so. */
  onPrivateUp(): void;
  /** A message of the book is missing: what we hold is wrong until the next snapshot. */
  onBookGap(symbol: string): void;
}

/** Our order as the exchange is asked for it, decimal strings; `quantity` in the exchange's own unit (contracts). */
export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly price: string;
  readonly quantity: string;
  readonly clientOrderId: string;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly timeInForce: "gtc" | "ioc";
}

/** An order of ours that the exchange is asked about; by our id while it has told none. */
export interface OrderName {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly exchangeOrderId: string | null;
  readonly createdAt: number;
}

/** What a key may do, where the exchange tells; null where it does not. */
export interface KeyRights {
  readonly canTrade: boolean | null;
  readonly canWithdraw: boolean | null;
  /** Whether it works from listed addresses only. */
  readonly isAddressBound: boolean | null;
}

/** What a request costs, by bucket. The narrowest bucket last: a 429 blocks that one. */
export type Charges = Readonly<Record<string, number>>;

export interface Quirks {
  readonly id: string;
  /** ccxt's class. */
  readonly ccxtId: string;
  readonly title: string;
  readonly kinds: readonly ("spot" | "perp")[];
  readonly capabilities: Capabilities;
  readonly credentials: readonly CredentialField[];
  /** Credentials as ccxt's constructor wants them. Throws a UserError for values that do not fit together. */
  login(values: CredentialValues): Params;
  /** Hosts of the exchange itself; `live` talks to no other. */
  readonly hosts: readonly string[];
  /** Hosts of its testnet; empty when it has none. */
  readonly testnetHosts: readonly string[];
  /** Two processes must not sign with one key: an instance leases the key for itself. */
  readonly oneWriterPerKey?: boolean;
  /** Life of a signed request at the exchange, ms: the fence there. At most 2000. */
  readonly windowMs: number;
  /** What nobody has confirmed about the exchange's interface: while it is set, mode live is refused with this sentence. */
  readonly unconfirmed?: Text;
  /** For ccxt's constructor. */
  readonly config: Params;
  /** ccxt's `urls` for a server elsewhere. */
  urls(url: string, wsUrl: string): Params;
  /** What must happen before the markets are read (a signer to load, an agent to name). */
  prepare?(exchange: CcxtExchange, values: CredentialValues): Promise<void>;
  /** What the key may do. A key that can withdraw is refused. */
  keyRights?(exchange: CcxtExchange): Promise<KeyRights>;
  /** Whether a socket of this address carries the private stream; it is up once it stands, unless `onPrivateUp` says so. */
  isPrivateUrl(exchange: CcxtExchange, url: string): boolean;

  /** Codes and their meaning; null: ccxt's own error classes are read instead. */
  readonly answers: AnswerTable | null;
  /** The exchange answers a refusal with status 200 and a code. */
  readonly refusesWithSuccess?: boolean;
  /** The code of a refusal; null for a success. */
  codeOf(response: unknown): string | null;
  messageOf(response: unknown): string | null;
  /** False when the body of a success is not of the shape that this path answers with. */
  isReadable(path: string, method: string, response: unknown): boolean;
  /** A refusal that may as well mean that the order is there already. */
  isDoubtful(code: string, message: string): boolean;

  readonly limits: readonly BucketLimit[];
  chargesOf(path: string, method: string, params: Params): Charges;
  /** What the exchange says is used of a bucket, from the headers of an answer; may only raise what we count. */
  usageOf?(headers: Readonly<Record<string, string>>, path?: string): Charges;
  /** How long a ban lasts when the exchange does not say, ms. */
  readonly banMs?: number;

  readonly defaultFees: Readonly<Record<"spot" | "perp", { readonly maker: string; readonly taker: string }>>;
  maxLeverage(market: CcxtMarket): number | null;

  /** Our id as the exchange carries it, and back; null for an id that is none of ours. Throws a DeniedError when it cannot. */
  idOut(clientOrderId: string): string | number;
  idIn(id: string): string | null;
  place(exchange: CcxtExchange, order: OrderRequest): Promise<CcxtOrder>;
  amend?(exchange: CcxtExchange, name: OrderName, to: OrderRequest): Promise<CcxtOrder>;
  cancel(exchange: CcxtExchange, name: OrderName): Promise<CcxtOrder>;
  /** The order as the exchange knows it now, open or (where it still tells) closed. Throws an AnswerError `notFound`. */
  order(exchange: CcxtExchange, name: OrderName): Promise<CcxtOrder>;
  openOrders(exchange: CcxtExchange, symbols: readonly string[]): Promise<readonly CcxtOrder[]>;
  positions(exchange: CcxtExchange, symbols: readonly string[]): Promise<readonly CcxtPosition[]>;
  balances(exchange: CcxtExchange): Promise<unknown>;
  /** Fills of the account on a symbol. */
  fills(exchange: CcxtExchange, symbol: string, since: number, now: number): Promise<Pages<CcxtTrade>>;
  /** Closed orders; null where `order` tells about closed ones for long enough. */
  readonly orders: ((exchange: CcxtExchange, symbol: string, since: number, now: number) => Promise<Pages<CcxtOrder>>) | null;
  /** Funding payments; asked where the exchange tells its funding history. */
  funding(exchange: CcxtExchange, symbol: string, since: number, now: number): Promise<Pages<CcxtIncome>>;
  /** What tells one payment of an account and symbol from the next, and its amount as written; null for one that lacks them. */
  fundingOf(income: CcxtIncome): { readonly id: string; readonly amount: string } | null;
  setPerp?(exchange: CcxtExchange, symbol: string, settings: PerpSettings): Promise<void>;
  /** How the exchange holds a perpetual now; absent or null where it does not tell. */
  perpSettings?(exchange: CcxtExchange, symbol: string): Promise<PerpSettings | null>;
  /** Whether long and short positions are held apart; absent where it does not tell. */
  positionMode?(exchange: CcxtExchange): Promise<"oneWay" | "hedge" | null>;
  /** Cancels everything of the account on these symbols unless it is called again within `timeoutMs`; null turns it off. */
  deadManSwitch?(exchange: CcxtExchange, symbols: readonly string[], timeoutMs: number | null): Promise<void>;

  /** Waits that keep the private streams read; each is called again when it resolves. */
  privateWatches(exchange: CcxtExchange, symbols: readonly string[], sink: StreamSink): readonly (() => Promise<unknown>)[];
  /** Resolves at the next mark price, after the subscription that `onMark` hears; null where the exchange streams none. */
  readonly watchMark: ((exchange: CcxtExchange, symbol: string, sink: StreamSink) => Promise<unknown>) | null;
  /** Resolves at the next public trades of a symbol; absent: ccxt's own where it has one; null where there is none to watch. */
  readonly watchLast?: ((exchange: CcxtExchange, symbol: string) => Promise<readonly CcxtTrade[]>) | null;
  /** Our id in a fill of the history, as the exchange writes it. */
  clientOrderIdOf(trade: CcxtTrade): string | null;
  /** Our word for the status of an order in an answer. */
  statusOf(order: CcxtOrder): "open" | "filled" | "canceled" | "expired" | "rejected" | null;
  isPostOnly(order: CcxtOrder): boolean;
  /** Signed quantity in the exchange's own unit, decimal string. */
  positionQuantity(position: CcxtPosition): string;
  extend(Base: CcxtClass, sink: StreamSink): CcxtClass;
}

const REGISTRY: ReadonlyMap<string, Quirks> = new Map(
  [backpack, aster, binance, hyperliquid, lighter, lighterRobinhood, paradex, bybit, okx, apex, standx].map((quirks) => [
    quirks.id,
    quirks,
  ]),
);

/** The exchanges with a quirks file of their own. */
export function describedExchanges(): readonly Quirks[] {
  return [...REGISTRY.values()];
}

/** The file of an exchange, or generic rules for one that only ccxt knows. Throws a UserError for what is no exchange's name. */
export function quirksOf(exchange: string): Quirks {
  const quirks = REGISTRY.get(exchange);
  if (quirks !== undefined) return quirks;
  if (/^[a-z0-9]{2,30}$/.test(exchange)) return genericQuirks(exchange);
  const known = [...REGISTRY.keys()].join(", ");
  throw new UserError({
    en: `Exchange ${exchange.slice(0, 40)} is not supported; supported: ${known}, and any other by its ccxt name`,
    "zh-TW": `不支援交易所 ${exchange.slice(0, 40)}；支援的有：${known}，以及其他以 ccxt 名稱表示的交易所`,
  });
}
