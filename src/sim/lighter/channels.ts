// The channels of Lighter's streams: their names, who may hear them, and what each says first and then on news.

import type { OrderFilled } from "../exchange-facts.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { Publication, SimulatedExchange } from "../simulated-exchange.ts";
import { assetViews, fillView, heldPerps, marginOf, orderView, positionView } from "./account-views.ts";
import type { LighterAccount, LighterAccounts } from "./accounts.ts";
import { bookSnapshot, bookUpdate, printView, statsView } from "./public-views.ts";

/** Trades that a channel tells when it is subscribed. */
const RECENT = 50;
/** Channels whose subscription must show a token. */
const GUARDED = new Set(["account_all_orders", "account_orders", "account_all_assets", "account_all_positions"]);

export interface Channel {
  /** As the client asked for it, `order_book/0`. */
  readonly name: string;
  /** As its messages name it, `order_book:0`. */
  readonly label: string;
  readonly kind: string;
  /** Null: of no market alone. */
  readonly symbol: string | null;
  readonly account: LighterAccount | null;
  readonly isGuarded: boolean;
}

export interface ChannelSources {
  readonly exchange: SimulatedExchange;
  readonly accounts: LighterAccounts;
}

const MARKET_KINDS = new Set(["order_book", "trade", "market_stats"]);
const ACCOUNT_KINDS = new Set([
  ...["account_all", "account_all_orders", "account_all_trades", "account_all_positions", "account_all_assets", "user_stats"],
]);

/** The channel of a name; null for one that does not exist. */
export function channelNamed({ accounts, exchange }: ChannelSources, name: string): Channel | null {
  const [kind = "", first = "", second] = name.split("/");
  const base = { name, label: name.replaceAll("/", ":"), kind, isGuarded: GUARDED.has(kind) };
  const { markets } = exchange.state;
  const accountOf = (index: string | undefined): LighterAccount | null => accounts.at(Number(index)) ?? null;
  if (MARKET_KINDS.has(kind)) {
    if (kind === "market_stats" && first === "all") return { ...base, symbol: null, account: null };
    const isFitting = markets.has(first) && (kind !== "market_stats" || markets.get(first)?.listing.instrument.kind === "perp");
    return isFitting && second === undefined ? { ...base, symbol: first, account: null } : null;
  }
  const account = accountOf(kind === "account_orders" ? second : first);
  if (account === null) return null;
  if (kind === "account_orders") return markets.has(first) ? { ...base, symbol: first, account } : null;
  return ACCOUNT_KINDS.has(kind) ? { ...base, symbol: null, account } : null;
}

function byMarket(rows: readonly Record<string, unknown>[], field: string): Record<string, Record<string, unknown>[]> {
  const grouped: Record<string, Record<string, unknown>[]> = {};
  for (const row of rows) {
    const id = String(row[field]);
    const group = grouped[id] ?? [];
    group.push(row);
    grouped[id] = group;
  }
  return grouped;
}

/** The first message of a channel. */
export function greeting(sources: ChannelSources, channel: Channel): object {
  const { exchange } = sources;
  const { state } = exchange;
  const at = exchange.clock.now();
  const base = { channel: channel.label, timestamp: at, type: `subscribed/${channel.kind}` };
  if (channel.account !== null) return { ...base, ...accountNews(sources, channel, channel.account, null) };
  if (channel.symbol === null) return { ...base, market_stats: allStats(exchange) };
  const market = state.market(channel.symbol);
  if (channel.kind === "order_book") return bookSnapshot(market, exchange.updateId(channel.symbol), at);
  if (channel.kind === "market_stats") return { ...base, market_stats: statsView(exchange, market) };
  const prints = (exchange.prints.get(channel.symbol) ?? []).slice(-RECENT).toReversed();
  return {
    ...base,
    nonce: exchange.updateId(channel.symbol),
    liquidation_trades: [],
    trades: prints.map((one) => printView(market.listing, one)),
  };
}

/** What a publication means to a channel; null when nothing. Statistics come apart, by the clock. */
export function news(sources: ChannelSources, channel: Channel, publication: Publication): object | null {
  const { exchange } = sources;
  const { at } = publication;
  const base = { channel: channel.label, timestamp: at, type: `update/${channel.kind}` };
  if (channel.account !== null) {
    const told = accountNews(sources, channel, channel.account, publication);
    return told === null ? null : { ...base, ...told };
  }
  if (channel.symbol === null || channel.kind === "market_stats") return null;
  const { listing } = exchange.state.market(channel.symbol);
  if (channel.kind === "order_book") {
    const update = publication.depth.find(({ symbol }) => symbol === channel.symbol);
    return update === undefined ? null : bookUpdate(listing, update, at);
  }
  const prints = publication.prints.filter(({ symbol }) => symbol === channel.symbol).toReversed();
  if (prints.length === 0) return null;
  return { ...base, nonce: exchange.updateId(listing.id), liquidation_trades: [], trades: prints.map((one) => printView(listing, one)) };
}

/** A market's statistics as their channels tell them. */
export function statsNews(exchange: SimulatedExchange, channel: Channel): object {
  const stats = channel.symbol === null ? allStats(exchange) : statsView(exchange, exchange.state.market(channel.symbol));
  return { channel: channel.label, market_stats: stats, timestamp: exchange.clock.now(), type: "update/market_stats" };
}

function allStats(exchange: SimulatedExchange): object {
  const perps: ListedMarket[] = [...exchange.state.markets.values()].filter(({ listing }) => listing.instrument.kind === "perp");
  return Object.fromEntries(perps.map((market) => [market.listing.id, statsView(exchange, market)]));
}

/** The body of an account's message: all that stands now (`publication` null), or what a publication changed. */
function accountNews(sources: ChannelSources, channel: Channel, owner: LighterAccount, publication: Publication | null): object | null {
  const { accounts, exchange } = sources;
  const { state } = exchange;
  const account = state.account(owner.name);
  const facts = (publication?.facts ?? []).filter((fact) => "account" in fact && fact.account === owner.name);
  const fills = publication === null ? account.fills.slice(-RECENT) : facts.filter((fact): fact is OrderFilled => fact.type === "fill");
  const symbols = new Set(facts.flatMap((fact) => (fact.type === "fill" || fact.type === "funding" ? [fact.symbol] : [])));
  const trades = (): object =>
    byMarket(
      fills.toReversed().map((fill) => fillView(state, accounts, fill)),
      "market_id",
    );
  const perps = (): string[] => heldPerps(state, account).filter((symbol) => publication === null || symbols.has(symbol));
  const positions = (): object => Object.fromEntries(perps().map((symbol) => [symbol, positionView(state, owner.name, symbol)]));
  const isQuiet = publication !== null && facts.length === 0;
  switch (channel.kind) {
    case "account_all_orders":
    case "account_orders": {
      const orders = ordersOf(sources, owner, channel.symbol, publication);
      return orders.length === 0 && publication !== null ? null : { account: owner.index, orders: byMarket(orders, "market_index") };
    }
    case "account_all_trades":
      return fills.length === 0 && publication !== null ? null : { trades: trades() };
    case "account_all_positions":
      return isQuiet || (publication !== null && symbols.size === 0) ? null : { positions: positions(), shares: [] };
    case "account_all_assets":
      if (isQuiet) return null;
      return { assets: Object.fromEntries(assetViews(state, account).map((asset) => [String(asset.asset_id), asset])) };
    case "user_stats":
      return isQuiet ? null : { stats: userStats(sources, owner) };
    default:
      return isQuiet ? null : { account: owner.index, trades: trades(), positions: positions(), shares: [], funding_histories: {} };
  }
}

/** Orders as they stand after a publication that was about them, or all open ones. */
function ordersOf({ exchange }: ChannelSources, owner: LighterAccount, symbol: string | null, publication: Publication | null) {
  const { state } = exchange;
  const ids = new Set<number>();
  for (const fact of publication?.facts ?? []) {
    if (!("account" in fact) || fact.account !== owner.name) continue;
    if (fact.type === "accepted") ids.add(fact.id);
    if (fact.type === "fill" || fact.type === "closed" || fact.type === "amended") ids.add(fact.orderId);
  }
  const orders =
    publication === null
      ? [...state.account(owner.name).open.values()]
      : [...ids].map((id) => exchange.findOrder(owner.name, id)).filter((order) => order !== undefined);
  return orders
    .filter(({ request }) => symbol === null || request.symbol === symbol)
    .map((order) => orderView(state.market(order.request.symbol).listing, owner, order));
}

function userStats({ exchange }: ChannelSources, owner: LighterAccount): object {
  const { available, collateral, equity } = marginOf(exchange.state, exchange.state.account(owner.name));
  const stats = {
    available_balance: available,
    buying_power: "0",
    collateral,
    leverage: "0.00",
    margin_usage: "0.00",
    portfolio_value: equity,
  };
  return { account_trading_mode: 0, ...stats, cross_stats: stats, total_stats: stats };
}
