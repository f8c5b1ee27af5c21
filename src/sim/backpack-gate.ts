// What every request passes before its route: count and limit, injected fault, and for private routes the signature.

import type { KeyObject } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Clock } from "../core/ports.ts";
import { BackpackError, bodyOf, invalidRequest, notFound, tooManyRequests } from "./backpack-errors.ts";
import { type SignedParameters, signatureRefusal } from "./backpack-signature.ts";
import type { Fault, Faults } from "./faults.ts";
import type { RequestLimits } from "./request-limits.ts";

export interface Keyring {
  /** Name and public key of the account that an API key belongs to. */
  find(apiKey: string): { readonly account: string; readonly key: KeyObject } | undefined;
}

export interface GateOptions {
  readonly limits: RequestLimits;
  readonly faults: Faults;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Paths of the server's own, outside Backpack's API: neither counted nor limited. */
export const ADMIN_PREFIX = "/sim";

export function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The account that signed the request. Throws a BackpackError. */
export function signerOf(request: FastifyRequest, instruction: string, { keyring, clock }: GateOptions): string {
  const apiKey = headerOf(request, "x-api-key");
  const signature = headerOf(request, "x-signature");
  const timestamp = headerOf(request, "x-timestamp");
  if (apiKey === undefined || signature === undefined || timestamp === undefined)
    throw new BackpackError(401, "UNAUTHORIZED", "Missing X-API-Key, X-Signature or X-Timestamp");
  const parameters = (request.method === "GET" ? request.query : (request.body ?? {})) as SignedParameters | SignedParameters[];
  const owner = keyring.find(apiKey);
  const signed = { apiKey, signature, timestamp, window: headerOf(request, "x-window"), instruction, parameters };
  const refusal = signatureRefusal(signed, owner?.key ?? null, clock.now());
  if (refusal !== null) throw refusal;
  if (owner === undefined) throw new BackpackError(401, "UNAUTHORIZED", "Unknown API key");
  return owner.account;
}

/** Installs counting, limits, faults and Backpack's error bodies on a server. */
export function installGate(app: FastifyInstance, options: GateOptions): void {
  const faulty = new WeakMap<FastifyRequest, Fault>();
  app.addHook("onRequest", async (request, reply) => {
    const path = pathOf(request);
    if (path.startsWith(ADMIN_PREFIX)) return;
    const account = options.keyring.find(headerOf(request, "x-api-key") ?? "")?.account;
    const isAdmitted = options.limits.admit(account ?? `address ${request.ip}`, request.method, path, options.clock.monotonic());
    if (!isAdmitted) throw tooManyRequests();
    const fault = options.faults.take(request.method, path);
    if (fault === null) return;
    faulty.set(request, fault);
    await failBefore(fault, request, reply);
  });
  app.addHook("onSend", async (request, reply, payload) => {
    const fault = faulty.get(request);
    return fault === undefined ? payload : failAfter(fault, request, reply, payload);
  });
  app.setErrorHandler((error, request, reply) => {
    const known = error instanceof BackpackError ? error : unreadable(error);
    if (known === null) options.log.error({ error, path: pathOf(request) }, "a request failed inside the simulated exchange");
    const told = known ?? new BackpackError(500, "SERVER_ERROR", "Internal error");
    return reply.status(told.status).send(bodyOf(told));
  });
  app.setNotFoundHandler((_request, reply) => reply.status(404).send(bodyOf(notFound("No such endpoint"))));
}

async function failBefore(fault: Fault, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (fault.kind === "dropRequest") {
    reply.hijack();
    request.raw.socket.destroy();
  }
  if (fault.kind === "delay" && fault.phase === "request") await wait(fault.delayMs);
  if (fault.kind === "status" && fault.phase === "request") await reply.status(fault.status).send(bodyOf(fault));
}

async function failAfter(fault: Fault, request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (fault.kind === "dropResponse") request.raw.socket.destroy();
  if (fault.kind === "delay" && fault.phase === "response") await wait(fault.delayMs);
  if (fault.kind === "status" && fault.phase === "response") {
    reply.status(fault.status);
    return JSON.stringify(bodyOf(fault));
  }
  if (fault.kind === "malformed" && typeof payload === "string") {
    const half = payload.slice(0, Math.ceil(payload.length / 2));
    reply.header("content-length", Buffer.byteLength(half));
    return half;
  }
  return payload;
}

/** A body that the server could not parse is the client's fault; anything else is ours (null). */
function unreadable(error: unknown): BackpackError | null {
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  return status < 500 && error instanceof Error ? invalidRequest(error.message) : null;
}
