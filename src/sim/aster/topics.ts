// The names of Aster's market streams, such as `ethusdt@depth20@100ms`, taken apart.

import type { ListedMarket } from "../listed-market.ts";
import { listingId, type MarketKind } from "./listings.ts";
import { intervalNamed } from "./values.ts";

export type Topic = { readonly market: ListedMarket } & (
  | { readonly type: "depth" | "bookTicker" | "aggTrade" | "ticker" | "markPrice" }
  | { readonly type: "partialDepth"; readonly levels: number }
  | { readonly type: "kline"; readonly name: string; readonly intervalMs: number }
);

const PLAIN: Readonly<Record<string, "bookTicker" | "aggTrade" | "ticker" | "markPrice">> = {
  bookTicker: "bookTicker",
  aggTrade: "aggTrade",
  ticker: "ticker",
  markPrice: "markPrice",
  "markPrice@1s": "markPrice",
};

/** The topic that a name stands for on one of the two interfaces, or null for a name that is none. */
export function topicNamed(name: string, kind: MarketKind, markets: ReadonlyMap<string, ListedMarket>): Topic | null {
  const [symbol = "", ...rest] = name.split("@");
  const words = rest.join("@");
  const market = markets.get(listingId(kind, symbol.toUpperCase()));
  if (market?.listing.instrument.kind !== kind) return null;
  const plain = PLAIN[words];
  if (plain !== undefined) return plain === "markPrice" && kind === "spot" ? null : { market, type: plain };
  const depth = /^depth(5|10|20)?(?:@(?:100|250|500|1000)ms)?$/.exec(words);
  if (depth !== null)
    return depth[1] === undefined ? { market, type: "depth" } : { market, type: "partialDepth", levels: Number(depth[1]) };
  const kline = /^kline_(\d{1,2}[mhdwM])$/.exec(words);
  const intervalMs = intervalNamed(kline?.[1] ?? "");
  return kline?.[1] === undefined || intervalMs === null ? null : { market, type: "kline", name: kline[1], intervalMs };
}
