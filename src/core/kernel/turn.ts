// One turn of the kernel: the state it works on, what it must tell the strategy, and the effects it gathers.

import type { AlertBody } from "../alert.ts";
import { decodeClientOrderId } from "../client-order-id.ts";
import type { Effect } from "../effects.ts";
import type { Instrument } from "../instrument.ts";
import type { Order } from "../order.ts";
import { heldOf, positionOf } from "../position-ledger.ts";
import type { StrategyEvent } from "../strategy.ts";
import type { Lots } from "../units.ts";
import type { KernelOptions } from "./options.ts";
import type { KernelData, LegState } from "./state.ts";

export interface Turn {
  /** With the parameters of now, which an adjustment changes. */
  options: KernelOptions;
  readonly instruments: Record<string, Instrument>;
  readonly data: KernelData;
  readonly effects: Effect[];
  /** What the strategy must hear, in order, before it is asked what it wants. */
  readonly tell: StrategyEvent[];
}

export function legOf(turn: Turn, leg: string): LegState {
  const state = turn.data.legs[leg];
  if (state === undefined) throw new Error(`unknown leg ${leg}`);
  return state;
}

export function instrumentOf(turn: Turn, leg: string): Instrument {
  const instrument = turn.instruments[leg];
  if (instrument === undefined) throw new Error(`unknown leg ${leg}`);
  return instrument;
}

/** The bot's position on a leg, in the instrument's lots. */
export function positionIn(turn: Turn, leg: string): Lots {
  return positionOf(legOf(turn, leg).ledger, instrumentOf(turn, leg));
}

export function findOrder(turn: Turn, clientOrderId: string): Order | undefined {
  return turn.data.orders.find((order) => order.clientOrderId === clientOrderId);
}

/** What of the position is there to be closed, in the instrument's lots: fees in base currency have taken their part. */
export function heldIn(turn: Turn, leg: string): Lots {
  return heldOf(legOf(turn, leg).ledger, instrumentOf(turn, leg));
}

/** The bot's number on a leg's account. */
export function botNumberOn({ options }: Turn, leg: string): number {
  return options.botNumbers?.[leg] ?? options.botNumber;
}

/** True when an id on a leg's account names this bot, whether or not we remember the order. */
export function isOwnId(turn: Turn, leg: string, clientOrderId: string | null): boolean {
  return clientOrderId !== null && decodeClientOrderId(clientOrderId)?.botNumber === botNumberOn(turn, leg);
}

/** Stores the order's row with the facts as they are now. */
export function reportOrder(turn: Turn, order: Order): void {
  order.updatedAt = turn.data.at;
  turn.effects.push({ type: "orderChanged", order: { ...order } });
}

/** Raises an alert at most once per `everyMs` and key, so that a storm is one message. */
export function raise(turn: Turn, key: string, everyMs: number, alert: AlertBody): void {
  const last = turn.data.alertedAt[key];
  if (last !== undefined && turn.data.at - last < everyMs) return;
  turn.data.alertedAt[key] = turn.data.at;
  turn.effects.push({ type: "alert", alert });
}

/** Where a slot's cool-down is kept: slots of two legs may share a name. */
export function slotKey(place: { readonly leg: string; readonly slot: string }): string {
  return `${place.leg}/${place.slot}`;
}
