// Builds what `/status` shows of one bot, with or without a kernel behind it.

import type { BotConfig } from "../core/bot-config.ts";
import type { ActualState, Desired } from "../core/events.ts";
import type { KernelStatus } from "../core/kernel.ts";
import { type BotStatus, NO_NUMBERS } from "../core/status.ts";
import type { Text } from "../core/text.ts";

export interface StatusFacts {
  readonly config: BotConfig;
  readonly desired: Desired;
  readonly epoch: number;
  readonly host: string | null;
  readonly pid: number | null;
  readonly startedAt: number | null;
  readonly lastError: string | null;
  readonly note: Text | null;
  readonly at: number;
}

/** Status from a running kernel. */
export function statusOfKernel(facts: StatusFacts, kernel: KernelStatus): BotStatus {
  const { report } = kernel;
  return {
    ...emptyStatus(facts, kernel.state),
    position: kernel.position,
    ...(kernel.legs === undefined ? {} : { legs: kernel.legs }),
    averageEntryPrice: kernel.averageEntryPrice,
    lastPrice: kernel.lastPrice,
    realizedPnl: kernel.realizedPnl,
    unrealizedPnl: kernel.unrealizedPnl,
    gridProfit: report.gridProfit ?? "0",
    pairs: report.pairs ?? 0,
    fees: kernel.fees,
    otherFees: kernel.otherFees,
    funding: kernel.funding,
    netPnl: kernel.netPnl,
    ...(kernel.peakPnl === undefined ? {} : { peakPnl: kernel.peakPnl }),
    volume: kernel.volume,
    wearRate: kernel.wearRate,
    unpairedPnl: report.unpairedPnl ?? null,
    residual: report.residual ?? null,
    values: report.values ?? [],
    currency: kernel.currency,
    openOrders: kernel.openOrders,
    unknownOrders: kernel.unknownOrders,
    fills: kernel.fills,
    lower: report.lower ?? null,
    upper: report.upper ?? null,
    lastTickAgeMs: kernel.lastBookAt === null ? null : Math.max(0, facts.at - kernel.lastBookAt),
    haltReason: kernel.haltReason,
  };
}

/** Status of a bot that has no kernel yet: everything unknown is zero or null. */
export function emptyStatus(facts: StatusFacts, state: ActualState): BotStatus {
  const { config } = facts;
  return {
    id: config.id,
    mode: config.mode,
    state,
    desired: facts.desired,
    strategy: config.strategy,
    exchange: config.exchange,
    account: config.account,
    symbol: config.symbol,
    epoch: facts.epoch,
    ...NO_NUMBERS,
    lastError: facts.lastError,
    haltReason: null,
    host: facts.host,
    pid: facts.pid,
    startedAt: facts.startedAt,
    updatedAt: facts.at,
    note: facts.note,
  };
}

/** The last known numbers under new facts, for a bot whose process is gone or not up yet. */
export function carriedStatus(facts: StatusFacts, state: ActualState, last: BotStatus | null): BotStatus {
  if (last === null) return emptyStatus(facts, state);
  return {
    ...last,
    state,
    desired: facts.desired,
    epoch: facts.epoch,
    host: facts.host,
    pid: facts.pid,
    startedAt: facts.startedAt,
    lastError: facts.lastError ?? last.lastError,
    note: facts.note,
    lastTickAgeMs: last.lastTickAgeMs === null ? null : last.lastTickAgeMs + Math.max(0, facts.at - last.updatedAt),
    updatedAt: facts.at,
  };
}
