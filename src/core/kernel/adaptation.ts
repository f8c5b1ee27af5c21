// Carries a running or stored state over to new parameters, a new strategy version or new tick and lot sizes.

import type { Instrument } from "../instrument.ts";
import { refineLedger } from "../position-ledger.ts";
import { type Text, UserError } from "../text.ts";
import type { KernelOptions } from "./options.ts";
import { recountOrders } from "./order-facts.ts";
import type { KernelData } from "./state.ts";
import type { Turn } from "./turn.ts";
import { viewOf } from "./view.ts";
import { halt } from "./watch.ts";

/** Counts a leg's books in the instrument's new steps; what cannot be counted exactly is refused. */
export function takeNewSteps(data: KernelData, leg: string, instrument: Instrument): void {
  const state = data.legs[leg];
  if (state === undefined) return;
  const before = `${state.ledger.tickSize} / ${state.ledger.lotSize}`;
  try {
    refineLedger(state.ledger, instrument);
  } catch {
    const after = `${instrument.tickSize} / ${instrument.lotSize}`;
    throw new UserError({
      en: `${leg}: the exchange changed tick and lot from ${before} to ${after}, which cannot be counted exactly; flatten and start the bot anew`,
      "zh-TW": `${leg}：交易所將最小變動單位由 ${before} 改為 ${after}，無法精確換算；請先平倉再重新啟動`,
    });
  }
  // Prices and quantities of today's wishes and touch were counted in the old steps.
  data.legs[leg] = {
    ...state,
    bestBid: null,
    bestAsk: null,
    bidQuantity: null,
    askQuantity: null,
    mark: null,
    last: null,
    unattributed: null,
    wish: { type: "none" },
  };
}

/** Lets the strategy carry its state over; returns why it cannot, leaving everything as it was. */
export function adaptState(
  options: KernelOptions,
  instruments: Readonly<Record<string, Instrument>>,
  data: KernelData,
  params: unknown,
): Text | null {
  const view = viewOf({ ...options, params }, instruments, data);
  const adapted = options.strategy.adapt(structuredClone(data.strategyState), { version: data.strategyVersion, params: data.params }, view);
  if (isRefusal(adapted)) return adapted.refused;
  data.strategyState = adapted;
  data.strategyVersion = options.strategy.version;
  data.params = params;
  return null;
}

function isRefusal(value: unknown): value is { refused: Text } {
  return typeof value === "object" && value !== null && "refused" in value;
}

/**
 * The exchange changed steps or limits while the bot runs. Steps that changed recount the books, let the strategy carry its
 * state over, and cancel every resting order, since nothing is wished until the next book.
 */
export function onInstrument(turn: Turn, leg: string, instrument: Instrument): void {
  const { data, options } = turn;
  const before = turn.instruments[leg];
  turn.instruments[leg] = instrument;
  data.revisions[leg] = instrument.revision;
  if (before === undefined || (before.tickSize === instrument.tickSize && before.lotSize === instrument.lotSize)) return;
  recountOrders(data, leg, before, instrument);
  takeNewSteps(data, leg, instrument);
  const refusal = adaptState(options, turn.instruments, data, data.params);
  if (refusal !== null) halt(turn, refusal);
}

/** New parameters, whole or not at all. */
export function adjust(turn: Turn, params: unknown): void {
  const refusal = adaptState(turn.options, turn.instruments, turn.data, params);
  if (refusal !== null) {
    turn.effects.push({ type: "adjustRefused", reason: refusal });
    return;
  }
  turn.options = { ...turn.options, params };
  turn.effects.push({ type: "adjusted" });
  turn.tell.push({ type: "control" });
}
