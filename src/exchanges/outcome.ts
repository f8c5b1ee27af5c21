// What an answer of an exchange means: our own reading of status and code, because ccxt's error classes hide bans and doubt.

/** `unknown` is everything that is not proven to be something else. */
export type AnswerKind =
  | "rejected"
  | "notFound"
  | "rateLimited"
  | "banned"
  | "authentication"
  | "maintenance"
  | "insufficientFunds"
  | "unknown";

/** Codes that an exchange documents, each with what it means when it comes with a 4xx status. */
export type AnswerTable = Readonly<Record<string, AnswerKind>>;

export interface Reading {
  readonly kind: AnswerKind;
  /** True when the answer proves that an order was not accepted. */
  readonly isProof: boolean;
}

const PROVES_NOTHING: ReadonlySet<AnswerKind> = new Set(["unknown", "maintenance", "banned", "notFound"]);

/**
 * Reads one answer. A known code counts with a 4xx status only, or with a success where the exchange refuses that way: with a 5xx the order may have been placed. A 429 is a
 * refusal by the limiter in front of the order path. 418 and a bare 403 come from a firewall that may sit behind it.
 */
export function readAnswer(table: AnswerTable, status: number, code: string | null, refusesWithSuccess = false): Reading {
  if (status === 429) return { kind: "rateLimited", isProof: true };
  if (status === 418) return { kind: "banned", isProof: false };
  const kind = code !== null && Object.hasOwn(table, code) ? table[code] : undefined;
  if (kind !== undefined && (status >= 400 || refusesWithSuccess) && status < 500) return { kind, isProof: !PROVES_NOTHING.has(kind) };
  if (kind === "maintenance") return { kind, isProof: false };
  if (code === null && status === 403) return { kind: "banned", isProof: false };
  if (code === null && status === 401) return { kind: "authentication", isProof: false };
  return { kind: "unknown", isProof: false };
}

/** ccxt's error classes that we take at their word below 500; names, because subclasses say more than their parents. */
const CLASSES: Readonly<Record<string, AnswerKind>> = {
  AuthenticationError: "authentication",
  PermissionDenied: "authentication",
  AccountSuspended: "authentication",
  InsufficientFunds: "insufficientFunds",
  InvalidOrder: "rejected",
  OrderImmediatelyFillable: "rejected",
  OrderNotFillable: "rejected",
  ContractUnavailable: "rejected",
  BadSymbol: "rejected",
  BadRequest: "rejected",
  ArgumentsRequired: "rejected",
  MarginModeAlreadySet: "rejected",
  OrderNotFound: "notFound",
  RateLimitExceeded: "rateLimited",
  DDoSProtection: "banned",
  OnMaintenance: "maintenance",
};

/** Reads an error of ccxt for an exchange whose codes nobody has described; `error` is null when ccxt found none. */
export function readClass(error: unknown, status: number): Reading {
  if (status === 429) return { kind: "rateLimited", isProof: true };
  if (status === 418) return { kind: "banned", isProof: false };
  const kind = error instanceof Error ? CLASSES[error.constructor.name] : undefined;
  if (kind !== undefined && status < 500) return { kind, isProof: !PROVES_NOTHING.has(kind) };
  if (status === 403) return { kind: "banned", isProof: false };
  if (status === 401) return { kind: "authentication", isProof: false };
  return { kind: "unknown", isProof: false };
}

/** Milliseconds that a Retry-After header asks for (seconds or a date), or null. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Math.ceil(Number(header) * 1_000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** Refused by us before anything left the machine. */
export class DeniedError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "DeniedError";
    this.code = code;
  }
}

/** The exchange answered, and not with success. */
export class AnswerError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly reading: Reading;
  constructor(status: number, code: string | null, message: string, reading: Reading) {
    super(message);
    this.name = "AnswerError";
    this.status = status;
    this.code = code;
    this.reading = reading;
  }
}

export type ReadErrorKind = "transient" | "denied" | Exclude<AnswerKind, "unknown">;

/** A read that did not succeed. Never an empty list and never a flat position. */
export class ExchangeReadError extends Error {
  readonly kind: ReadErrorKind;
  constructor(kind: ReadErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = "ExchangeReadError";
    this.kind = kind;
  }
}

/** Any failure of a read as an ExchangeReadError: what we do not recognise is transient. */
export function toReadError(what: string, error: unknown): ExchangeReadError {
  if (error instanceof ExchangeReadError) return error;
  const message = `${what}: ${messageOf(error)}`;
  if (error instanceof DeniedError) return new ExchangeReadError("denied", message, { cause: error });
  if (error instanceof AnswerError && error.reading.kind !== "unknown")
    return new ExchangeReadError(error.reading.kind, message, { cause: error });
  return new ExchangeReadError("transient", message, { cause: error });
}

/** An error's message on one line, short enough for a log and a chat. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, " ").slice(0, 300);
}
