// Why a message could not be delivered, in the three kinds that a sender must tell apart.

/**
 * `later`: the platform or the way to it is busy or broken, try again (after `retryInMs` when the platform named a time).
 * `closed`: this chat cannot be reached until a person mends it (kicked, deleted, permission missing, token revoked).
 * `refused`: this very message will never be accepted.
 */
export type SendErrorKind = "later" | "closed" | "refused";

export class SendError extends Error {
  readonly kind: SendErrorKind;
  readonly retryInMs: number | null;
  constructor(kind: SendErrorKind, message: string, retryInMs: number | null = null) {
    super(message);
    this.name = "SendError";
    this.kind = kind;
    this.retryInMs = retryInMs;
  }
}

/** The kind that an HTTP status of Telegram, Discord or a webhook stands for. */
export function kindOfStatus(status: number): SendErrorKind {
  if (status === 429 || status >= 500) return "later";
  return status === 401 || status === 403 || status === 404 ? "closed" : "refused";
}

const DOUBLINGS_MAX = 16;

/** Pause before attempt `failures + 1`: doubles from `firstMs` up to `maxMs`. */
export function backOffMs(failures: number, firstMs: number, maxMs: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(DOUBLINGS_MAX, Math.max(0, failures - 1)));
}
