// What the risk watch reads from the statuses of bots: their holdings and profit, or that nobody can tell now.

import { type BotFigures, FIGURES_STALE_MS } from "../core/fleet-risk.ts";
import { money } from "../core/money.ts";
import type { BotStatus, LegPosition } from "../core/status.ts";
import type { BotRecord } from "../storage/bots.ts";
import type { EquityPoint } from "../storage/equity.ts";

/** A bot and the newest status that tells its numbers. */
export interface Told {
  readonly record: BotRecord;
  readonly status: BotStatus | null;
}

const PLAIN_DECIMAL = /^-?\d+(\.\d+)?$/;

/** The status of the latest run, then time. One without a kernel behind it tells nothing, and an unreadable one is passed over. */
export function newestTold(statuses: readonly (BotStatus | null)[]): BotStatus | null {
  return (
    statuses
      .flatMap((status) => (status !== null && isTelling(status) ? [status] : []))
      .sort((one, other) => other.epoch - one.epoch || other.updatedAt - one.updatedAt)[0] ?? null
  );
}

function isTelling(status: BotStatus): boolean {
  if (status.currency === "" || status.state === "starting") return false;
  const { netPnl, realizedPnl, unrealizedPnl, fees, funding } = status;
  const numbers = [netPnl, realizedPnl, unrealizedPnl, fees, funding, ...legsOf(status).map(({ position }) => position)];
  return numbers.every((number) => typeof number === "string" && PLAIN_DECIMAL.test(number));
}

/** Every leg, or the first one where only that is told. */
function legsOf({ legs, exchange, account, symbol, position, lastPrice }: BotStatus): readonly LegPosition[] {
  return legs ?? [{ exchange, account, symbol, base: symbol.split("/")[0] ?? symbol, position, price: lastPrice }];
}

/** Without a price an open position has no profit: what is told then leaves it out. */
function isValued(status: BotStatus): boolean {
  return legsOf(status).every(({ position, price }) => price !== null || money(position).eq(0));
}

/** What the limits of accounts and of the fleet need to know of a bot. */
export function figuresOf({ record, status }: Told): BotFigures {
  const { config, desired, halt } = record;
  const holdings =
    status === null ? null : legsOf(status).map((leg) => ({ account: accountOf(leg), base: leg.base, quantity: leg.position }));
  return {
    id: record.id,
    account: accountOf(config),
    mode: config.mode,
    currency: status?.currency ?? config.symbol.split(":")[0]?.split("/")[1] ?? config.symbol,
    netPnl: status !== null && isValued(status) ? status.netPnl : null,
    holdings,
    epoch: status?.epoch ?? 0,
    at: status?.updatedAt ?? 0,
    isWanted: desired !== "stopped",
    isHalted: halt !== null,
  };
}

/** `backpack/sim`, as the limits name accounts. */
export function accountOf({ exchange, account }: { readonly exchange: string; readonly account: string }): string {
  return `${exchange}/${account}`;
}

/** Nothing for a bot whose numbers are old: its line ends there. */
export function pointOf({ record, status }: Told, now: number): EquityPoint[] {
  if (status === null || !isValued(status) || now - status.updatedAt > FIGURES_STALE_MS) return [];
  const { currency, realizedPnl, unrealizedPnl, fees, funding, netPnl } = status;
  return [{ botId: record.id, at: now, currency, realizedPnl, unrealizedPnl, fees, funding, netPnl }];
}
