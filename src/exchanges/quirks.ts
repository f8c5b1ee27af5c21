// What differs from exchange to exchange, and the list of exchanges we have described: one file each.

import type { Side } from "../core/order.ts";
import type { Capabilities } from "../core/ports.ts";
import { UserError } from "../core/text.ts";
import type { CcxtClass, CcxtExchange, CcxtIncome, CcxtMarket, CcxtOrder, CcxtPosition, CcxtTrade, Params } from "./ccxt-loader.ts";
import type { AnswerTable } from "./outcome.ts";
import { backpack } from "./quirks/backpack.ts";

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
  /** A message of the book is missing: what we hold is wrong until the next snapshot. */
  onBookGap(symbol: string): void;
}

export interface HistoryQuery {
  readonly symbol: string;
  readonly since: number;
  readonly offset: number;
  readonly limit: number;
}

export interface Quirks {
  readonly id: string;
  readonly capabilities: Capabilities;
  /** Hosts of the exchange itself; `live` and `testnet` talk to no other. */
  readonly hosts: readonly string[];
  readonly hasTestnet: boolean;
  /** Life of a signed request at the exchange, ms: the fence there. At most 2000. */
  readonly windowMs: number;
  /** For ccxt's constructor. */
  readonly config: Params;
  /** ccxt's `urls` for a server elsewhere. */
  urls(url: string, wsUrl: string): Params;
  /** Where the private stream connects. */
  privateStreamUrl(exchange: CcxtExchange): string;
  readonly answers: AnswerTable;
  codeOf(response: unknown): string | null;
  messageOf(response: unknown): string | null;
  /** False when the body of a success is not of the shape that this path answers with. */
  isReadable(path: string, method: string, response: unknown): boolean;
  /** The buckets that a request to this path draws from, the narrowest last. */
  bucketsOf(path: string): readonly string[];
  readonly defaultFees: Readonly<Record<"spot" | "perp", { readonly maker: string; readonly taker: string }>>;
  maxLeverage(market: CcxtMarket): number | null;
  /** Parameters of an order or a query that name it by our id. Throws a DeniedError when the exchange cannot carry the id. */
  placeParams(clientOrderId: string): Params;
  lookupParams(clientOrderId: string): Params;
  /** A refusal that may as well mean that the order is there already. */
  isDoubtful(code: string, message: string): boolean;
  readonly pageSize: number;
  /** Pages go from the newest to the oldest; rows within a page may come in any order. */
  fillsPage(exchange: CcxtExchange, query: HistoryQuery): Promise<readonly CcxtTrade[]>;
  ordersPage(exchange: CcxtExchange, query: HistoryQuery): Promise<readonly CcxtOrder[]>;
  /** Funding payments, paged like fills; asked where the exchange tells its funding history. */
  fundingPage(exchange: CcxtExchange, query: HistoryQuery): Promise<readonly CcxtIncome[]>;
  /** What tells one payment of an account and symbol from the next, and its amount as written; null for one that lacks them. */
  fundingOf(income: CcxtIncome): { readonly id: string; readonly amount: string } | null;
  /** Resolves at the next mark price, after the subscription that `onMark` hears; null where the exchange streams none. */
  readonly watchMark: ((exchange: CcxtExchange, symbol: string) => Promise<unknown>) | null;
  clientOrderIdOf(trade: CcxtTrade): string | null;
  /** Our word for the status of an order in an answer. */
  statusOf(order: CcxtOrder): "open" | "filled" | "canceled" | "expired" | "rejected" | null;
  /** Signed quantity in base units, decimal string. */
  positionQuantity(position: CcxtPosition): string;
  extend(Base: CcxtClass, sink: StreamSink): CcxtClass;
}

const REGISTRY: ReadonlyMap<string, Quirks> = new Map([backpack].map((quirks) => [quirks.id, quirks]));

/** Throws a UserError for an exchange without a quirks file: we would not know what its answers mean. */
export function quirksOf(exchange: string): Quirks {
  const quirks = REGISTRY.get(exchange);
  if (quirks !== undefined) return quirks;
  const known = [...REGISTRY.keys()].join(", ");
  throw new UserError({
    en: `Exchange ${exchange} is not supported; supported: ${known}`,
    "zh-TW": `不支援交易所 ${exchange}；支援的有：${known}`,
  });
}
