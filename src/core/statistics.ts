// What bots earned per day: realized profit, fees, funding, volume and wear, exactly, never one currency added to another.

import type { Mode } from "./alert.ts";
import type { LocalTime } from "./local-time.ts";
import { type Money, money, rounded, text, ZERO } from "./money.ts";

/** Whose money an event is. */
interface Owner {
  readonly botId: string;
  readonly mode: Mode;
  readonly exchange: string;
  readonly account: string;
  /** Epoch ms; events come in the order of their times. */
  readonly at: number;
}

/** Decimal strings; symbols as ccxt writes them. */
export type StatisticsEvent =
  | (Owner & {
      readonly type: "fill";
      readonly symbol: string;
      readonly price: string;
      readonly quantity: string;
      readonly fee: string;
      readonly feeCurrency: string;
      readonly realizedPnl: string;
    })
  | (Owner & { readonly type: "funding"; readonly symbol: string; readonly currency: string; readonly amount: string })
  /** A bot's net profit as it stood, open position included. */
  | (Owner & { readonly type: "equity"; readonly currency: string; readonly netPnl: string });

/** What one row stands for: a bot on an account, an account, or everything in a currency. Modes are always kept apart. */
export type Grouping = "bot" | "account" | "currency";

/** Sums in one currency, decimal strings. */
export interface PnlSums {
  readonly realizedPnl: string;
  readonly fees: string;
  /** Positive when received. */
  readonly funding: string;
  /** realized - fees + funding. */
  readonly netPnl: string;
  /** Traded notional. */
  readonly volume: string;
  /** What a unit of volume has cost: |min(net, 0)| / volume, in percent. */
  readonly wearRate: string;
  /** Fills. */
  readonly trades: number;
  /** How far the net profit fell below its highest point of the time, the beginning included. */
  readonly maxDrawdown: string;
  /** The same with open positions valued, from the equity that was stored; null for other groupings than by bot, or without it. */
  readonly maxEquityDrawdown: string | null;
}

export interface PnlGroup {
  readonly mode: Mode;
  readonly currency: string;
  /** Null where the grouping adds several together. */
  readonly exchange: string | null;
  readonly account: string | null;
  readonly botId: string | null;
}

/** `day` is a day of the operator's zone. */
export interface DailyPnl extends PnlGroup, PnlSums {
  readonly day: string;
}

export interface TotalPnl extends PnlGroup, PnlSums {
  /** Days with any event. */
  readonly days: number;
}

export interface PnlReport {
  readonly timezone: string;
  /** By day, then group. */
  readonly days: readonly DailyPnl[];
  readonly totals: readonly TotalPnl[];
}

/** The currencies of a symbol: `ETH/USDC:USDC` has base ETH, quote USDC, settle USDC; on spot quote settles. */
export function currenciesOf(symbol: string): { readonly base: string; readonly quote: string; readonly settle: string } {
  const [pair = symbol, settle] = symbol.split(":");
  const [base = pair, quote = pair] = pair.split("/");
  return { base, quote, settle: settle ?? quote };
}

/** Notional of a fill, exact. */
export function notionalOf(fill: { readonly price: string; readonly quantity: string }): string {
  return text(money(fill.price).times(fill.quantity));
}

/** Adds events up; ask for the report at the end. */
export interface Statistics {
  add(event: StatisticsEvent): void;
  report(): PnlReport;
}

export function createStatistics(calendar: LocalTime, grouping: Grouping): Statistics {
  const days = new Map<string, { readonly day: string; readonly group: PnlGroup; readonly sums: Sums }>();
  const totals = new Map<string, { readonly group: PnlGroup; readonly sums: Sums; readonly days: Set<string> }>();

  const book = (event: StatisticsEvent, currency: string, change: Change): void => {
    const day = calendar.day(event.at);
    const group = groupOf(event, currency, grouping);
    const key = JSON.stringify([group.mode, group.currency, group.exchange, group.account, group.botId]);
    const ofDay = days.get(`${day} ${key}`) ?? { day, group, sums: new Sums() };
    days.set(`${day} ${key}`, ofDay);
    const ofAll = totals.get(key) ?? { group, sums: new Sums(), days: new Set<string>() };
    totals.set(key, ofAll);
    ofAll.days.add(day);
    for (const { sums } of [ofDay, ofAll]) sums.add(change);
  };

  return {
    add(event) {
      for (const [currency, change] of changesOf(event, grouping)) book(event, currency, change);
    },
    report: () => ({
      timezone: calendar.timezone,
      days: [...days.values()]
        .map(({ day, group, sums }) => ({ day, ...group, ...sums.result() }))
        .sort((one, other) => compare([one.day, ...orderOf(one)], [other.day, ...orderOf(other)])),
      totals: [...totals.values()]
        .map(({ group, sums, days: { size } }) => ({ ...group, ...sums.result(), days: size }))
        .sort((one, other) => compare(orderOf(one), orderOf(other))),
    }),
  };
}

interface Change {
  readonly realizedPnl?: string;
  readonly fee?: Money;
  readonly funding?: string;
  readonly volume?: string;
  readonly trades?: number;
  readonly equity?: string;
}

/**
 * What an event changes, per currency. Like the position ledger, a fee in the base asset counts at the fill's price; a fee in any
 * third currency has no price here and stays in its own.
 */
function changesOf(event: StatisticsEvent, grouping: Grouping): readonly (readonly [string, Change])[] {
  switch (event.type) {
    case "fill": {
      const { base, quote, settle } = currenciesOf(event.symbol);
      const traded = { realizedPnl: event.realizedPnl, volume: notionalOf(event), trades: 1 };
      const { feeCurrency } = event;
      if (feeCurrency === quote || feeCurrency === settle) return [[quote, { ...traded, fee: money(event.fee) }]];
      if (feeCurrency === base) return [[quote, { ...traded, fee: money(event.fee).times(event.price) }]];
      return money(event.fee).eq(0)
        ? [[quote, traded]]
        : [
            [quote, traded],
            [feeCurrency, { fee: money(event.fee) }],
          ];
    }
    case "funding": {
      const { quote, settle } = currenciesOf(event.symbol);
      return [[event.currency === settle ? quote : event.currency, { funding: event.amount }]];
    }
    case "equity":
      return grouping === "bot" ? [[event.currency, { equity: event.netPnl }]] : [];
  }
}

/** The deepest fall that is known: equity is stored once a minute, so that net profit may have seen a deeper one. */
export function largestDrawdown({ maxDrawdown, maxEquityDrawdown }: PnlSums): string {
  return maxEquityDrawdown !== null && money(maxEquityDrawdown).gt(maxDrawdown) ? maxEquityDrawdown : maxDrawdown;
}

/** How far a curve fell below its highest point. */
class Drawdown {
  #peak: Money | null;
  #deepest: Money = ZERO;

  constructor(start: Money | null) {
    this.#peak = start;
  }

  add(value: Money): void {
    if (this.#peak === null || value.gt(this.#peak)) this.#peak = value;
    const depth = this.#peak.minus(value);
    if (depth.gt(this.#deepest)) this.#deepest = depth;
  }

  get deepest(): Money | null {
    return this.#peak === null ? null : this.#deepest;
  }
}

class Sums {
  #realizedPnl = ZERO;
  #fees = ZERO;
  #funding = ZERO;
  #volume = ZERO;
  #trades = 0;
  readonly #net = new Drawdown(ZERO);
  readonly #equity = new Drawdown(null);

  add({ realizedPnl, fee, funding, volume, trades, equity }: Change): void {
    if (equity !== undefined) {
      this.#equity.add(money(equity));
      return;
    }
    if (realizedPnl !== undefined) this.#realizedPnl = this.#realizedPnl.plus(realizedPnl);
    if (fee !== undefined) this.#fees = this.#fees.plus(fee);
    if (funding !== undefined) this.#funding = this.#funding.plus(funding);
    if (volume !== undefined) this.#volume = this.#volume.plus(volume);
    this.#trades += trades ?? 0;
    this.#net.add(this.#netPnl());
  }

  #netPnl(): Money {
    return this.#realizedPnl.minus(this.#fees).plus(this.#funding);
  }

  result(): PnlSums {
    const netPnl = this.#netPnl();
    const deepest = this.#equity.deepest;
    return {
      realizedPnl: text(this.#realizedPnl),
      fees: text(this.#fees),
      funding: text(this.#funding),
      netPnl: text(netPnl),
      volume: text(this.#volume),
      wearRate: wearRateOf(netPnl, this.#volume),
      trades: this.#trades,
      maxDrawdown: text(this.#net.deepest ?? ZERO),
      maxEquityDrawdown: deepest === null ? null : text(deepest),
    };
  }
}

/** |min(net, 0)| / volume in percent, to six decimals. */
function wearRateOf(netPnl: Money, volume: Money): string {
  return volume.eq(0) || netPnl.gte(0) ? "0" : rounded(netPnl.abs().div(volume).times(100), 6);
}

function groupOf({ mode, exchange, account, botId }: StatisticsEvent, currency: string, grouping: Grouping): PnlGroup {
  const isPerAccount = grouping !== "currency";
  return {
    mode,
    currency,
    exchange: isPerAccount ? exchange : null,
    account: isPerAccount ? account : null,
    botId: grouping === "bot" ? botId : null,
  };
}

function orderOf({ mode, exchange, account, botId, currency }: PnlGroup): readonly string[] {
  return [mode, exchange ?? "", account ?? "", botId ?? "", currency];
}

function compare(one: readonly string[], other: readonly string[]): number {
  const index = one.findIndex((part, position) => part !== other[position]);
  if (index < 0) return 0;
  return (one[index] ?? "") < (other[index] ?? "") ? -1 : 1;
}
