// Translates the operator's directive into the kernel's events, each directive once.

import { FLATTEN_SLIPPAGE_BPS } from "../core/chat/flatten.ts";
import type { KernelEvent } from "../core/events.ts";
import type { Directive } from "./protocol.ts";

type ControlEvent = Extract<KernelEvent, { type: "control" | "halt" | "resume" | "resetPeak" }>;

/**
 * The events that make a kernel follow `directive`. A halt that the kernel called by itself is only lifted when the
 * operator lifted one (`wasHalted`): a directive from before the halt must not undo it.
 */
export function directiveEvents(directive: Directive, wasHalted: boolean, at: number): readonly ControlEvent[] {
  return [...haltEvents(directive, wasHalted, at), controlEvent(directive, at)];
}

/** The part of them that halts or lifts a halt, which a bot that is still recovering must know before it learns anything else. */
export function haltEvents(directive: Directive, wasHalted: boolean, at: number): readonly ControlEvent[] {
  const events: ControlEvent[] = [];
  // Before a halt is lifted, or the drawdown that led to it would halt the bot again. The kernel follows each wish once.
  if (directive.drawdownSince !== undefined) events.push({ type: "resetPeak", since: directive.drawdownSince, at });
  if (directive.halt !== null) events.push({ type: "halt", reason: directive.halt, at });
  else if (wasHalted) events.push({ type: "resume", at });
  return events;
}

/** The operator's wish alone. */
export function controlEvent(directive: Directive, at: number): Extract<KernelEvent, { type: "control" }> {
  const { desired, flatten } = directive;
  return { type: "control", desired, at, ...(flatten ? { flatten, maxSlippageBps: FLATTEN_SLIPPAGE_BPS } : {}) };
}

/** True when the bot may open positions. */
export function wantsOpenings(directive: Directive): boolean {
  return directive.halt === null && directive.desired === "running";
}

/** True when the bot is to come to rest: nothing of it may stay at the exchange. */
export function wantsRest(directive: Directive): boolean {
  return directive.halt !== null || directive.desired === "stopped";
}
