// Faults to inject into a server's answers and streams: what hits, how often, and who was hit.

import { z } from "zod";
import { createRandom, type Random } from "./random.ts";

const ms = z.number().int().min(0).max(600_000);

/** Which requests or messages a fault may hit, and how many of them. */
const choice = {
  /** Only this account's. */
  account: z.string().min(1).optional(),
  /** Chance that one that fits is hit. */
  probability: z.number().min(0).max(1).default(1),
  /** Of the chance and of random delays. */
  seed: z.number().int().default(1),
  /** How many are hit before the fault is used up. */
  times: z.union([z.number().int().min(1).max(1_000_000), z.literal("always")]).default(1),
  /** So many that fit are spared first. */
  after: z.number().int().min(0).max(1_000_000).default(0),
  /** Ms since the exchange started. */
  fromMs: z.number().int().min(0).default(0),
  untilMs: z.number().int().min(1).optional(),
};

const delay = {
  delayMs: ms.default(1_000),
  /** With it, each delay is drawn between `delayMs` and this. */
  delayMaxMs: ms.optional(),
};

const rest = {
  ...choice,
  method: z.enum(["GET", "POST", "PUT", "DELETE", "PATCH"]).optional(),
  /** Start of the path, such as `/api/v1/order`. */
  path: z.string().startsWith("/"),
};
/** Before it happens, or after it happened and before it is told. */
const phase = z.enum(["request", "response"]).default("request");
const words = { code: z.string().default("injected"), message: z.string().default("Injected fault") };

const socket = {
  ...choice,
  /** Start of the stream's name as the dialect has it, such as `depth.ETH`; all streams when absent. */
  topic: z.string().default(""),
};

export const faultSchema = z.discriminatedUnion("kind", [
  /** The connection closes and nothing happens. */
  z.strictObject({ kind: z.literal("dropRequest"), ...rest }),
  /** It happens and the connection closes. */
  z.strictObject({ kind: z.literal("dropResponse"), ...rest }),
  z.strictObject({ kind: z.literal("delay"), ...rest, ...delay, phase }),
  z.strictObject({
    kind: z.literal("status"),
    ...rest,
    ...words,
    phase,
    status: z.number().int().min(400).max(599).default(503),
    /** Seconds in the header Retry-After, which is missing without it. */
    retryAfterSec: z.number().int().min(0).optional(),
  }),
  /** It happens, and the answer is cut in half, a web page, nothing at all, or JSON of another type. */
  z.strictObject({ kind: z.literal("malformed"), ...rest, shape: z.enum(["half", "html", "empty", "wrongType"]).default("half") }),
  /** A read is answered as of `ageMs` ago (but not from before the fault was known). */
  z.strictObject({ kind: z.literal("stale"), ...rest, ageMs: ms.default(2_000) }),
  /** These items of a batch (counted from 0) fail, the others happen. */
  z.strictObject({ kind: z.literal("partialBatch"), ...rest, ...words, items: z.array(z.number().int().min(0)).min(1).default([0]) }),

  /** A message comes twice. */
  z.strictObject({ kind: z.literal("duplicate"), ...socket }),
  /** A message waits for the next `behind` of its stream to overtake it, at the latest for `delayMs`. */
  z.strictObject({
    kind: z.literal("reorder"),
    ...socket,
    behind: z.number().int().min(1).max(1_000).default(1),
    delayMs: ms.default(1_000),
  }),
  /** A message comes late; later ones do not wait for it. */
  z.strictObject({ kind: z.literal("late"), ...socket, ...delay }),
  /** A message never comes: a gap in a book's sequence, a missing fill. */
  z.strictObject({ kind: z.literal("lose"), ...socket }),
  /** From this message on the connection stays open and says nothing, not even a pong. */
  z.strictObject({ kind: z.literal("silence"), ...socket }),
  /** Instead of this message the connection is cut without a farewell. */
  z.strictObject({ kind: z.literal("disconnect"), ...socket }),
  /** From this message on the connection gets one message each `delayMs`, in order. */
  z.strictObject({ kind: z.literal("slow"), ...socket, delayMs: ms.default(100) }),
  /** A new connection is refused: with an HTTP status, or without a word. */
  z.strictObject({ kind: z.literal("refuse"), ...choice, status: z.number().int().min(400).max(599).optional() }),
]);

export const faultsSchema = z.array(faultSchema);

export type Fault = z.infer<typeof faultSchema>;
type FaultOf<Kind extends Fault["kind"]> = Extract<Fault, { readonly kind: Kind }>;
export type DelayFault = FaultOf<"delay">;
export type AnswerFault = FaultOf<"dropRequest" | "dropResponse" | "status" | "malformed" | "stale" | "partialBatch">;
export type MessageFault = FaultOf<"duplicate" | "reorder" | "late" | "lose" | "silence" | "disconnect" | "slow">;
export type RefuseFault = FaultOf<"refuse">;

/** What a request meets: at most one delay and one fault of another kind. */
export interface RequestFaults {
  readonly delay: DelayFault | null;
  readonly fault: AnswerFault | null;
}

/** A fault with its count, as `/sim/faults` tells it. */
export type CountedFault = Fault & {
  /** How many requests, messages or connections it hit. */
  readonly used: number;
  readonly left: number | "always";
};

interface Entry {
  readonly fault: Fault;
  readonly random: Random;
  spared: number;
  used: number;
}

export class Faults {
  readonly #clock: { monotonic(): number };
  readonly #startedAt: number;
  #entries: Entry[] = [];
  readonly #listeners: ((faults: readonly Fault[]) => void)[] = [];

  constructor(clock: { monotonic(): number }) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** Adds faults behind those that are there. */
  add(faults: readonly Fault[]): void {
    this.#entries.push(...faults.map((fault) => ({ fault, random: createRandom(`fault ${fault.seed}`), spared: 0, used: 0 })));
    for (const listener of this.#listeners) listener(faults);
  }

  /** Calls `listener` with the faults there are, and with those that come. */
  onAdded(listener: (faults: readonly Fault[]) => void): void {
    this.#listeners.push(listener);
    listener(this.#entries.map(({ fault }) => fault));
  }

  clear(): void {
    this.#entries = [];
  }

  /** All faults, used up or not, with their counts. */
  list(): readonly CountedFault[] {
    return this.#entries.map(({ fault, used }) => ({ ...fault, used, left: fault.times === "always" ? "always" : fault.times - used }));
  }

  /** What hits a request; counts as used. */
  ofRequest(request: { readonly method: string; readonly path: string; readonly account: string | null }): RequestFaults {
    const fits = (fault: Fault): boolean =>
      "path" in fault && request.path.startsWith(fault.path) && (fault.method ?? request.method) === request.method;
    const isDelay = (fault: Fault): fault is DelayFault => fault.kind === "delay";
    const isAnswer = (fault: Fault): fault is AnswerFault =>
      "path" in fault && fault.kind !== "delay" && (fault.kind !== "stale" || request.method === "GET");
    return {
      delay: this.#take((fault) => isDelay(fault) && fits(fault), request.account) as DelayFault | null,
      fault: this.#take((fault) => isAnswer(fault) && fits(fault), request.account) as AnswerFault | null,
    };
  }

  /** What hits a message of a stream, or null; counts as used. */
  ofMessage(topic: string, account: string | null): MessageFault | null {
    return this.#take((fault) => "topic" in fault && topic.startsWith(fault.topic), account) as MessageFault | null;
  }

  /** Why a new connection is refused, or null; counts as used. */
  ofConnection(): RefuseFault | null {
    return this.#take((fault) => fault.kind === "refuse", null) as RefuseFault | null;
  }

  /** The delay that a fault asks for this time. */
  delayOf(fault: Fault & { readonly delayMs: number; readonly delayMaxMs?: number | undefined }): number {
    const random = this.#entries.find((entry) => entry.fault === fault)?.random;
    if (fault.delayMaxMs === undefined || random === undefined) return fault.delayMs;
    return random.integer(fault.delayMs, Math.max(fault.delayMs, fault.delayMaxMs));
  }

  #take(fits: (fault: Fault) => boolean, account: string | null): Fault | null {
    const now = this.#clock.monotonic() - this.#startedAt;
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (fault.times !== "always" && entry.used >= fault.times) continue;
      if (now < fault.fromMs || now >= (fault.untilMs ?? Number.POSITIVE_INFINITY)) continue;
      if ((fault.account !== undefined && fault.account !== account) || !fits(fault)) continue;
      if (entry.spared < fault.after) {
        entry.spared += 1;
        continue;
      }
      if (fault.probability < 1 && entry.random.next() >= fault.probability) continue;
      entry.used += 1;
      return fault;
    }
    return null;
  }
}
