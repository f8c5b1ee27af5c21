// What every request passes before its route, whatever the dialect: counted, limited, banned, and hit by injected faults.

import { setTimeout as wait } from "node:timers/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Clock } from "../core/ports.ts";
import type { AnswerFault, Faults, RequestFaults } from "./faults.ts";
import type { BucketUse, RequestLimits } from "./request-limits.ts";

/** Paths of the server's own, outside every dialect: neither counted nor limited. */
export const ADMIN_PREFIX = "/sim";

/** A refusal in the words of a dialect: what a route throws, and what `errorBody` makes a body of. */
export class RestError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "RestError";
    this.status = status;
    this.code = code;
  }
}

/** An answer to a request that its limits do not admit. */
export interface Refusal {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Codes that the gate gives `errorBody` itself; all others are the dialect's own. */
export type GateCode = "unreadable" | "noSuchRoute" | "internal" | "injected";

export interface GateOptions {
  readonly limits: RequestLimits;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly log: Logger;
  /** The account that a request says it comes from (its key), without a proof; null counts its address instead. */
  accountOf(request: FastifyRequest): string | null;
  /** The body of an error answer; `code` is a RestError's, an injected fault's, or a GateCode. */
  errorBody(status: number, code: string, message: string): unknown;
  /** The answer to a request too many (`rateLimited`, `blocked` by a firewall) or of a banned address. */
  refusal(kind: "rateLimited" | "blocked" | "banned", bucket: BucketUse): Refusal;
  /** Headers of every answer that tell how much of its limits a client has used. */
  usedHeaders?(used: readonly BucketUse[]): Readonly<Record<string, string>>;
}

export function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}

/** The first value of a header. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const hits = new WeakMap<FastifyRequest, RequestFaults>();

/** How many ms a read is to lag behind, or null. */
export function staleAgeOf(request: FastifyRequest): number | null {
  const fault = hits.get(request)?.fault;
  return fault?.kind === "stale" ? fault.ageMs : null;
}

/** What an item of a batch (from 0) is to fail with instead of being tried, or null. A dialect asks it for each item. */
export function failedItemOf(request: FastifyRequest, index: number): { readonly code: string; readonly message: string } | null {
  const fault = hits.get(request)?.fault;
  return fault?.kind === "partialBatch" && fault.items.includes(index) ? fault : null;
}

/**
 * Installs counting, limits, faults and error bodies on a server. Runs once the body is read, so a dialect's own hooks belong
 * after this call and not before `preValidation`.
 */
export function installGate(app: FastifyInstance, options: GateOptions): void {
  app.addHook("preValidation", async (request, reply) => {
    const path = pathOf(request);
    if (path.startsWith(ADMIN_PREFIX)) return undefined;
    const account = options.accountOf(request);
    const counted = { method: request.method, path, query: request.query as Record<string, unknown>, body: request.body };
    const admission = options.limits.admit({ account, address: request.ip }, counted, options.clock.monotonic());
    if (options.usedHeaders !== undefined) reply.headers(options.usedHeaders(admission.used));
    if (admission.kind !== "admitted") {
      const { status, body, headers = {} } = options.refusal(admission.kind, admission.bucket);
      return reply.status(status).headers(headers).send(body);
    }
    const hit = options.faults.ofRequest({ method: request.method, path, account });
    hits.set(request, hit);
    if (hit.delay?.phase === "request") await wait(options.faults.delayOf(hit.delay));
    return hit.fault === null ? undefined : failBefore(hit.fault, request, reply, options);
  });
  app.addHook("onSend", async (request, reply, payload) => {
    const hit = hits.get(request);
    if (hit === undefined) return payload;
    if (hit.delay?.phase === "response") await wait(options.faults.delayOf(hit.delay));
    return hit.fault === null ? payload : failAfter(hit.fault, request, reply, payload, options);
  });
  app.setErrorHandler((error, request, reply) => {
    const known = error instanceof RestError ? error : unreadable(error);
    if (known === null) options.log.error({ error, path: pathOf(request) }, "a request failed inside the simulated exchange");
    const { status, code, message } = known ?? new RestError(500, "internal", "Internal error");
    return reply.status(status).send(options.errorBody(status, code, message));
  });
  app.setNotFoundHandler((_request, reply) => reply.status(404).send(options.errorBody(404, "noSuchRoute", "No such endpoint")));
}

async function failBefore(fault: AnswerFault, request: FastifyRequest, reply: FastifyReply, { errorBody }: GateOptions): Promise<unknown> {
  if (fault.kind === "dropRequest") {
    reply.hijack();
    request.raw.socket.destroy();
  }
  if (fault.kind !== "status" || fault.phase !== "request") return undefined;
  // What the gate itself answers passes `onSend` too, so it must not be hit there again.
  hits.delete(request);
  return tellStatus(fault, reply).send(errorBody(fault.status, fault.code, fault.message));
}

async function failAfter(
  fault: AnswerFault,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  { errorBody }: GateOptions,
): Promise<unknown> {
  if (fault.kind === "dropResponse") request.raw.socket.destroy();
  if (fault.kind === "status") return retold(tellStatus(fault, reply), JSON.stringify(errorBody(fault.status, fault.code, fault.message)));
  if (fault.kind === "malformed" && typeof payload === "string") return retold(reply, misshapen(fault.shape, payload, reply));
  return payload;
}

function tellStatus(fault: Extract<AnswerFault, { kind: "status" }>, reply: FastifyReply): FastifyReply {
  if (fault.retryAfterSec !== undefined) reply.header("retry-after", String(fault.retryAfterSec));
  return reply.status(fault.status);
}

/** A body in place of the one whose length is told already. */
function retold(reply: FastifyReply, body: string): string {
  reply.header("content-length", Buffer.byteLength(body));
  return body;
}

function misshapen(shape: "half" | "html" | "empty" | "wrongType", payload: string, reply: FastifyReply): string {
  switch (shape) {
    case "half":
      return payload.slice(0, Math.ceil(payload.length / 2));
    case "html":
      reply.header("content-type", "text/html");
      return "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
    case "empty":
      return "";
    case "wrongType":
      return payload.trimStart().startsWith("[") ? "{}" : "[]";
  }
}

/** A body that the server could not parse is the client's fault; anything else is ours (null). */
function unreadable(error: unknown): RestError | null {
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  return status < 500 && error instanceof Error ? new RestError(400, "unreadable", error.message) : null;
}
