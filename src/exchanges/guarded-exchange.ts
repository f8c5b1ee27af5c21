// A ccxt exchange whose every request takes a permit, is checked for hidden fees and asks the fence at the socket write.

import { inspect } from "node:util";
import type { Logger } from "pino";
import type { Clock, Fence, PermitGrant, Permits } from "../core/ports.ts";
import { builderFeeIn } from "./builder-fee-guard.ts";
import type { AnswerArguments, CcxtClass, Dispatcher, Params } from "./ccxt-loader.ts";
import { FencedDispatchers } from "./fenced-dispatchers.ts";
import { AnswerError, type AnswerTable, DeniedError, messageOf, type Reading, readAnswer, readClass, retryAfterMs } from "./outcome.ts";
import type { Charges, Quirks } from "./quirks.ts";
import { currentContext, type RequestContext } from "./request-context.ts";

/** A permit held longer than this while the intent is being stored is taken anew. */
const PERMIT_MAX_AGE_MS = 1_000;
/** How long the fleet keeps quiet when the exchange does not say: after a 429, and after what looks like a ban. */
const LIMITED_MS = 10_000;
const BANNED_MS = 60_000;
/** From this share of a limit on, by the exchange's own count, nothing more is sent. */
const USED_UP = 0.97;

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
    override calculateRateLimiterCost(_api: unknown, method: string, path: string, params: unknown): unknown {
      return options.quirks.chargesOf(path, method, (params ?? {}) as Params);
    }

    /** ccxt signs right after this: waiting here does not age the request. */
    override async throttle(charges?: unknown): Promise<void> {
      await takeTurn(options, (charges ?? options.quirks.chargesOf("", "GET", {})) as Charges);
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

    /** Where we have a table of the exchange's codes, ccxt's reading of an error is skipped: ours is thrown first. */
    override handleErrors(...answer: AnswerArguments): unknown {
      // Some of ccxt's exchanges have messages of their streams judged here too: these have no address.
      if (!URL.canParse(answer[2])) return super.handleErrors(...answer);
      countUsage(options, answer[2], answer[4]);
      if (options.quirks.answers !== null) refuseFailure(options, options.quirks.answers, answer);
      else refuseByClass(options, answer, () => super.handleErrors(...answer));
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
async function takeTurn({ clock, permits }: GuardOptions, costs: Charges): Promise<void> {
  const context = currentContext();
  const buckets = Object.keys(costs);
  for (;;) {
    const taken = permits.take({ class: context.class, buckets, cost: 1, costs }).then((grant) => ({ grant, at: clock.monotonic() }));
    const [{ grant, at }, isStored] = await Promise.all([taken, isReady(context)]);
    if (!isStored) throw new DeniedError("notStored", "the intent could not be stored");
    if (!grant.granted) throw denial(grant);
    if (clock.monotonic() - at > PERMIT_MAX_AGE_MS) continue;
    if (grant.nonce !== undefined) context.nonces.push(grant.nonce);
    break;
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
function refuseFailure(options: GuardOptions, answers: AnswerTable, answer: AnswerArguments): void {
  const { quirks } = options;
  const [status, , url, method, headers, body, response] = answer;
  const path = pathOf(url);
  const code = quirks.codeOf(response);
  const told = quirks.messageOf(response) ?? body.replaceAll(/\s+/g, " ").slice(0, 120);
  if (status < 400 && code === null) {
    // Half an answer must not become an empty list further up.
    if (quirks.isReadable(path, method, response)) return;
    throw new AnswerError(status, null, `unreadable answer: ${told}`, { kind: "unknown", isProof: false });
  }
  const reading = readAnswer(answers, status, code, quirks.refusesWithSuccess === true);
  pauseFleet(options, { path, method, reading, retryAfter: headers?.["Retry-After"] });
  throw new AnswerError(status, code, `${status} ${code ?? ""} ${told}`, reading);
}

/** The same for an exchange whose codes nobody has described: ccxt's error class, with the status above it. */
function refuseByClass(options: GuardOptions, answer: AnswerArguments, ccxtReads: () => unknown): void {
  const { quirks } = options;
  const [status, , url, method, headers, body, response] = answer;
  let thrown: unknown = null;
  try {
    ccxtReads();
  } catch (error) {
    thrown = error;
  }
  if (thrown === null && status < 400) {
    if (quirks.isReadable(pathOf(url), method, response)) return;
    throw new AnswerError(status, null, `unreadable answer: ${body.slice(0, 120)}`, { kind: "unknown", isProof: false });
  }
  const reading = readClass(thrown, status);
  pauseFleet(options, { path: pathOf(url), method, reading, retryAfter: headers?.["Retry-After"] });
  throw new AnswerError(status, null, `${status} ${thrown === null ? body.slice(0, 120) : messageOf(thrown)}`, reading);
}

function pathOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

/** The exchange counts too. Where it has counted more than the fleet may use, the bucket rests until its window is over. */
function countUsage({ clock, log, permits, quirks }: GuardOptions, url: string, headers: AnswerArguments[4]): void {
  if (headers === undefined || quirks.usageOf === undefined) return;
  for (const [bucket, used] of Object.entries(quirks.usageOf(headers, pathOf(url)))) {
    const limit = quirks.limits.find(({ name }) => name === bucket);
    if (limit === undefined || !(used >= limit.limit * USED_UP)) continue;
    // Exchanges count in windows that begin with the minute, the ten seconds, and so on.
    const until = (Math.floor(clock.now() / limit.windowMs) + 1) * limit.windowMs;
    log.warn({ exchange: quirks.id, bucket, used, limit: limit.limit }, "the exchange has counted more than we did, the bucket rests");
    permits.block([bucket], until).catch((error: unknown) => log.error({ error: messageOf(error) }, "the pause could not be shared"));
  }
}

interface Limited {
  readonly path: string;
  readonly method: string;
  readonly reading: Reading;
  readonly retryAfter: string | undefined;
}

function pauseFleet({ clock, log, permits, quirks }: GuardOptions, { method, path, reading, retryAfter }: Limited): void {
  if (reading.kind !== "rateLimited" && reading.kind !== "banned") return;
  const isBan = reading.kind === "banned";
  const pauseMs = retryAfterMs(retryAfter, clock.now()) ?? (isBan ? (quirks.banMs ?? BANNED_MS) : LIMITED_MS);
  const buckets = Object.keys(quirks.chargesOf(path, method, {}));
  log.warn({ exchange: quirks.id, kind: reading.kind, path, pauseMs }, "the exchange limits us, the fleet pauses");
  // A 429 speaks of the narrowest limit on this path; a ban is about everything.
  permits.block(isBan ? buckets : buckets.slice(-1), clock.now() + pauseMs).catch((error: unknown) => {
    log.error({ error: messageOf(error) }, "the pause could not be shared");
  });
}
