// What the parts of a simulated world share, and what they may ask of the process that lives in it.

import type { ExchangeFill, KernelEvent } from "../../core/events.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Judge } from "./judge.ts";
import type { Market } from "./market.ts";
import type { Network } from "./network.ts";
import type { Saboteur } from "./sabotage.ts";
import type { Scenario } from "./scenario.ts";
import type { Schedule } from "./schedule.ts";
import type { Store } from "./store.ts";
import type { Trace } from "./trace.ts";

export interface FundingPayment {
  readonly leg: string;
  readonly id: string;
  /** Decimal string, positive is received. */
  readonly amount: string;
  readonly at: number;
  /** From when on the exchange tells of it. */
  readonly bookedAt: number;
}

/** Things that were made to happen, counted. */
export type Happening =
  | "amends"
  | "lateRefusals"
  | "newSteps"
  | "newMinimums"
  | "personTrades"
  | "transfers"
  | "lateFundings"
  | "peakResets";

export interface Surroundings {
  readonly scenario: Scenario;
  readonly schedule: Schedule;
  readonly network: Network;
  readonly store: Store;
  readonly judge: Judge;
  readonly saboteur: Saboteur;
  readonly trace: Trace;
  /** What the exchange paid and charged so far. */
  readonly payments: readonly FundingPayment[];
  /** What a person brought in, or took out where negative, decimal strings. */
  readonly moved: { readonly base: string; readonly quote: string };
  marketOf(leg: string): Market;
  /** Legs that trade a symbol, on whichever account. */
  legsOf(symbol: string): readonly string[];
  happened(what: Happening): void;
  /** An order left, or was refused: the worst moments for a crash, which may follow. */
  orderMoved(): void;
}

/** The living process as its desk, its reader and its inquiries see it. */
export interface Doors {
  readonly kernel: Kernel;
  /** Nothing that comes back now reaches anybody. */
  readonly isOver: boolean;
  /** Fills handed on so far. */
  readonly fillCount: number;
  post(event: KernelEvent): void;
  takeFills(leg: string, fills: readonly ExchangeFill[]): void;
  /** Tells whose an exchange order id is; these are unique per market only. */
  learn(leg: string, clientOrderId: string, exchangeOrderId: string): void;
}

/** Runs something later unless the process is over by then. */
export function laterIn(world: Surroundings, doors: Pick<Doors, "isOver">, ms: number, run: () => void): void {
  world.schedule.after(ms, () => {
    if (!doors.isOver) run();
  });
}

/** The fill as its stream and its lists tell it. */
export function toldFill(scenario: Scenario, fill: ExchangeFill): ExchangeFill {
  const { feeInQuote, ...rest } = fill;
  const isConverted = feeInQuote !== undefined && scenario.twists.feeToken?.isConverted === true;
  return { ...rest, ...(isConverted ? { feeInQuote } : {}), clientOrderId: scenario.hasAnonymousFills ? null : fill.clientOrderId };
}
