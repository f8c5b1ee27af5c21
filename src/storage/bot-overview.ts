// What is known of a bot right now, put together from its row, its newest status and the age of that status.

import type { BotOverview } from "../core/command.ts";
import type { ActualState } from "../core/events.ts";
import { type BotStatus, NO_NUMBERS } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import type { BotRecord } from "./bots.ts";

/** A status older than this no longer tells what a bot does now. */
export const STATUS_FRESH_MS = 10_000;

/** Orders of a bot that the database holds as not proven closed: those that rest, and those whose answer is missing. */
export interface LiveOrderCount {
  readonly open: number;
  readonly unknown: number;
}

/**
 * The overview of a bot. `board` is its status in Redis, null when there is none or Redis is away; then what was saved last is
 * shown. Numbers stay visible whatever the state; fills and (without a fresh status) open orders come from the database.
 */
export function overviewOf(record: BotRecord, board: BotStatus | null, orders: LiveOrderCount, now: number): BotOverview {
  const newest = newer(board, record.lastStatus);
  const known = newest ?? blankStatus(record, now);
  const isFresh = newest !== null && newest.epoch === record.epoch && now - newest.updatedAt <= STATUS_FRESH_MS;
  const haltReason = record.halt === null ? null : (JSON.parse(record.halt.reason) as Text);
  const state = stateOf(record, newest, isFresh, now);
  const isStale = !isFresh && known.lastTickAgeMs !== null;
  const status: BotStatus = {
    ...known,
    state,
    desired: record.desired,
    mode: record.config.mode,
    epoch: record.epoch,
    currency: known.currency === "" ? currencyOf(record.config.symbol) : known.currency,
    // Numbers of one moment belong together: a fresh status keeps its own count.
    fills: isFresh ? known.fills : record.fillCount,
    openOrders: isFresh ? known.openOrders : orders.open,
    unknownOrders: isFresh ? known.unknownOrders : orders.unknown,
    lastTickAgeMs: isStale ? known.lastTickAgeMs + Math.max(0, now - known.updatedAt) : known.lastTickAgeMs,
    haltReason: haltReason ?? (isFresh ? known.haltReason : null),
    host: isFresh ? known.host : (record.host ?? known.host),
    pid: isFresh ? known.pid : record.pid,
  };
  const { id, strategy, symbol } = record.config;
  return { id, desired: record.desired, halted: haltReason?.en ?? null, strategy, symbol, config: record.config, status };
}

/** The status of the later epoch, else the later one; a process that lost the bot cannot hide its successor. */
function newer(one: BotStatus | null, other: BotStatus | null): BotStatus | null {
  if (one === null || other === null) return one ?? other;
  if (one.epoch !== other.epoch) return one.epoch > other.epoch ? one : other;
  return one.updatedAt >= other.updatedAt ? one : other;
}

function stateOf(record: BotRecord, newest: BotStatus | null, isFresh: boolean, now: number): ActualState {
  if (record.halt !== null) return record.halt.kind === "crash" ? "failed" : "halted";
  if (newest === null) return "stopped";
  if (isFresh) return newest.state;
  const isRecent = now - newest.updatedAt <= STATUS_FRESH_MS;
  if (isRecent && newest.epoch < record.epoch && record.holder !== null) return "starting";
  // Somebody holds the bot, or should: nobody can say what it does now.
  if (record.holder !== null || record.desired !== "stopped") return "unreachable";
  return newest.state === "failed" ? "failed" : "stopped";
}

function blankStatus(record: BotRecord, now: number): BotStatus {
  const { id, mode, strategy, exchange, account, symbol } = record.config;
  return {
    ...{ id, mode, state: "stopped", desired: record.desired, strategy, exchange, account, symbol, epoch: record.epoch },
    ...{ ...NO_NUMBERS, currency: currencyOf(symbol) },
    ...{ lastError: null, haltReason: null, host: null, pid: null, startedAt: null, updatedAt: now, note: null },
  };
}

/** `USDC` of `ETH/USDC:USDC` and of `ETH/USDC`: what profit is counted in. */
function currencyOf(symbol: string): string {
  const [pair = symbol, settle] = symbol.split(":");
  return settle ?? pair.split("/")[1] ?? pair;
}
