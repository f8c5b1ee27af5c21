// Backpack's request signatures: ED25519 over instruction, sorted parameters, timestamp and window, with an expiry.

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type BackpackError, invalidRequest, invalidSignature } from "./errors.ts";

/** What a raw 32-byte ED25519 public key needs in front to be a DER key. */
const DER_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
export const DEFAULT_WINDOW_MS = 5_000;
export const WINDOW_MAX_MS = 60_000;
/** How far a request's timestamp may lie ahead of the exchange's clock. */
const AHEAD_MAX_MS = 1_000;

/** Parameters of one signed operation; a batch of orders signs a list of them. */
export type SignedParameters = Readonly<Record<string, unknown>>;

export interface SignedRequest {
  readonly apiKey: string;
  readonly signature: string;
  /** Epoch ms as sent. */
  readonly timestamp: string;
  /** Ms as sent; undefined takes the default. */
  readonly window: string | undefined;
  readonly instruction: string;
  readonly parameters: SignedParameters | readonly SignedParameters[];
}

/** The public key of a base64 text, or null when it is not 32 bytes. */
export function publicKeyOf(apiKey: string): KeyObject | null {
  const raw = Buffer.from(apiKey, "base64");
  if (raw.length !== 32) return null;
  return createPublicKey({ key: Buffer.concat([DER_PREFIX, raw]), format: "der", type: "spki" });
}

function queryOf(parameters: SignedParameters): string {
  return Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `&${key}=${encodeURIComponent(String(value))}`)
    .join("");
}

/** The text that the client signs. */
export function signedText(request: Pick<SignedRequest, "instruction" | "parameters" | "timestamp" | "window">): string {
  const { instruction, parameters, timestamp } = request;
  const operations: readonly SignedParameters[] = Array.isArray(parameters) ? parameters : [parameters as SignedParameters];
  const body = operations.map((operation) => `instruction=${instruction}${queryOf(operation)}`).join("&");
  return `${body}&timestamp=${timestamp}&window=${request.window ?? DEFAULT_WINDOW_MS}`;
}

/** Why a signed request is refused, or null. `key` is null for an API key that no account has; `now` is epoch ms. */
export function signatureRefusal(request: SignedRequest, key: KeyObject | null, now: number): BackpackError | null {
  const window = Number(request.window ?? DEFAULT_WINDOW_MS);
  const timestamp = Number(request.timestamp);
  if (!Number.isInteger(timestamp) || request.timestamp.trim() === "") return invalidRequest("Invalid timestamp");
  if (!Number.isInteger(window) || window < 1 || window > WINDOW_MAX_MS)
    return invalidRequest(`Invalid window: it must be from 1 to ${WINDOW_MAX_MS}`);
  if (key === null || !verify(null, Buffer.from(signedText(request)), key, Buffer.from(request.signature, "base64")))
    return invalidSignature();
  if (now - timestamp > window) return invalidRequest("Request has expired");
  if (timestamp - now > AHEAD_MAX_MS) return invalidRequest("Request timestamp is ahead of the server time");
  return null;
}
