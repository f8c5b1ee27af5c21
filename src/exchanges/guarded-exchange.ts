// A ccxt exchange whose every request takes a permit, is checked for hidden fees and asks the fence at the socket write.

import { inspect } from "node:util";
import type { Logger } from "pino";
import type { Clock, Fence, PermitGrant, Permits } from "../core/ports.ts";
import { builderFeeIn } from "./builder-fee-guard.ts";
import type { AnswerArguments, CcxtClass, Dispatcher } from "./ccxt-loader.ts";
import { FencedDispatchers } from "./fenced-dispatchers.ts";
import { AnswerError, DeniedError, messageOf, type Reading, readAnswer, retryAfterMs } from "./outcome.ts";
import type { Quirks } from "./quirks.ts";
import { currentContext, type RequestContext } from "./request-context.ts";

/** A permit held longer than this while the intent is being stored is taken anew. */
const PERMIT_MAX_AGE_MS = 1_000;
/** How long the fleet keeps quiet when the exchange does not say: after a 429, and after what looks like a ban. */
const LIMITED_MS = 10_000;
const BANNED_MS = 60_000;

export interface GuardOptions {
  readonly permits: Permits;
  readonly fence: Fence;
  readonly clock: Clock;
  readonly log: Logger;
  readonly quirks: Quirks;
  /** Requests that the builder-fee guard stopped; not empty means: place nothing any more. */
  readonly violations: string[];
}

/** Derives the guarded class from an exchange's class. */
export function guardExchange(Base: CcxtClass, options: GuardOptions): CcxtClass {
  const refusalOf = (context: RequestContext): DeniedError | null => fenceRefusal(options, context);
  const dispatchers = new FencedDispatchers(refusalOf);

  return class GuardedExchange extends Base {
    override calculateRateLimiterCost(_api: unknown, _method: string, path: string): unknown {
      return path;
    }

    /** ccxt signs right after this: waiting here does not age the request. */
    override async throttle(path?: unknown): Promise<void> {
      await takeTurn(options, String(path ?? ""));
    }

    override async fetch(url: string, method?: string, headers?: unknown, body?: unknown): Promise<unknown> {
      refuseBuilderFee(options, url, method ?? "GET", body);
      const refusal = refusalOf(currentContext());
      if (refusal !== null) throw refusal;
      return await super.fetch(url, method, headers, body);
    }

    override undiciRequest(url: string, params: { dispatcher?: Dispatcher }): Promise<unknown> {
      if (params.dispatcher === undefined) currentContext().wasWritten = true;
      else params.dispatcher = dispatchers.of(params.dispatcher);
      return super.undiciRequest(url, params);
    }

    /** ccxt's reading of an error is skipped: ours is thrown first. */
    override handleErrors(...answer: AnswerArguments): unknown {
      refuseFailure(options, answer);
      return undefined;
    }

    // What we send is whole ticks and lots already; ccxt's rounding goes through floats and can lose one.
    override priceToPrecision(symbol: string, price: unknown): unknown {
      return typeof price === "string" ? price : super.priceToPrecision(symbol, price);
    }
    override amountToPrecision(symbol: string, amount: unknown): unknown {
      return typeof amount === "string" ? amount : super.amountToPrecision(symbol, amount);
    }

    // The instance holds the credentials in plain fields.
    toJSON(): string {
      return `[${options.quirks.id}]`;
    }
    [inspect.custom](): string {
      return `[${options.quirks.id}]`;
    }
  };
}

/** Waits for the permit and, beside it, for the order's stored intent. Throws a DeniedError when either is refused. */
async function takeTurn({ clock, permits, quirks }: GuardOptions, path: string): Promise<void> {
  const context = currentContext();
  const buckets = quirks.bucketsOf(path);
  for (;;) {
    const taken = permits.take({ class: context.class, buckets, cost: 1 }).then((grant) => ({ grant, at: clock.monotonic() }));
    const [{ grant, at }, isStored] = await Promise.all([taken, isReady(context)]);
    if (!isStored) throw new DeniedError("notStored", "the intent could not be stored");
    if (!grant.granted) throw denial(grant);
    if (clock.monotonic() - at <= PERMIT_MAX_AGE_MS) break;
  }
  context.signedAt = clock.monotonic();
}

async function isReady(context: RequestContext): Promise<boolean> {
  try {
    return (await context.ready) ?? true;
  } catch {
    return false;
  }
}

function denial(grant: Extract<PermitGrant, { granted: false }>): DeniedError {
  return new DeniedError(grant.code, `no permit: ${grant.message}`);
}

function fenceRefusal({ clock, fence, quirks }: GuardOptions, context: RequestContext): DeniedError | null {
  const sentence = fence(context.kind);
  if (sentence !== null) return new DeniedError("fenced", sentence);
  const isLate = context.kind !== "read" && context.signedAt !== null && clock.monotonic() - context.signedAt > quirks.windowMs;
  return isLate ? new DeniedError("expired", `not sent within ${quirks.windowMs} ms of its signature`) : null;
}

function refuseBuilderFee({ log, quirks, violations }: GuardOptions, url: string, method: string, body: unknown): void {
  const found = builderFeeIn(url, body);
  if (found === null) return;
  violations.push(`${method} ${url.split("?")[0]}: ${found}`);
  log.error({ exchange: quirks.id, found }, "a request with a builder fee was stopped");
  throw new DeniedError("builderFee", `the request carries a builder fee (${found})`);
}

/** Throws an AnswerError unless the answer is a success of the shape that its path promises. */
function refuseFailure(options: GuardOptions, answer: AnswerArguments): void {
  const { quirks } = options;
  const [status, , url, method, headers, body, response] = answer;
  const path = new URL(url).pathname.slice(1);
  const code = quirks.codeOf(response);
  const told = quirks.messageOf(response) ?? body.replaceAll(/\s+/g, " ").slice(0, 120);
  if (status < 400 && code === null) {
    // Half an answer must not become an empty list further up.
    if (quirks.isReadable(path, method, response)) return;
    throw new AnswerError(status, null, `unreadable answer: ${told}`, { kind: "unknown", isProof: false });
  }
  const reading = readAnswer(quirks.answers, status, code);
  if (reading.kind === "rateLimited" || reading.kind === "banned") pauseFleet(options, path, reading, headers?.["Retry-After"]);
  throw new AnswerError(status, code, `${status} ${code ?? ""} ${told}`, reading);
}

function pauseFleet({ clock, log, permits, quirks }: GuardOptions, path: string, reading: Reading, retryAfter: string | undefined): void {
  const isBan = reading.kind === "banned";
  const pauseMs = retryAfterMs(retryAfter, clock.now()) ?? (isBan ? BANNED_MS : LIMITED_MS);
  const buckets = quirks.bucketsOf(path);
  log.warn({ exchange: quirks.id, kind: reading.kind, path, pauseMs }, "the exchange limits us, the fleet pauses");
  // A 429 speaks of the narrowest limit on this path; a ban is about everything.
  permits.block(isBan ? buckets : buckets.slice(-1), clock.now() + pauseMs).catch((error: unknown) => {
    log.error({ error: messageOf(error) }, "the pause could not be shared");
  });
}
