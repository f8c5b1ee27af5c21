// What the current call is for: travels beside ccxt's own calls from our method to the socket write.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Fence, PermitClass } from "../core/ports.ts";

export interface RequestContext {
  readonly class: PermitClass;
  readonly kind: Parameters<Fence>[0];
  /** An order's stored intent: nothing is signed before it resolves true. */
  readonly ready?: Promise<boolean>;
  /** True from the moment that bytes may have left the machine. */
  wasWritten: boolean;
  /** Of the permits taken and not used yet; microseconds of the shared clock. Requests of one call may run side by side. */
  readonly nonces: number[];
  /** Monotonic ms of the signature; a signed request is not written after its window. */
  signedAt: number | null;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` so that every request in it carries this context. */
export function withContext<T>(context: RequestContext, work: () => Promise<T>): Promise<T> {
  return storage.run(context, work);
}

/** The context of the current request; what ccxt starts on its own (a snapshot for a stream) is market data. */
export function currentContext(): RequestContext {
  return storage.getStore() ?? newContext("market", "read");
}

/** A nonce for the request that is being signed, unique in the whole fleet; null for a request that took no permit. */
export function takeNonce(): number | null {
  return currentContext().nonces.shift() ?? null;
}

export function newContext(permitClass: PermitClass, kind: RequestContext["kind"], ready?: Promise<boolean>): RequestContext {
  const context = { class: permitClass, kind, wasWritten: false, nonces: [], signedAt: null };
  return ready === undefined ? context : { ...context, ready };
}
