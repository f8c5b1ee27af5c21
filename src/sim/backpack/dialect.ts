// Backpack's dialect of the simulated exchange: its keys, limits, REST endpoints and streams.

import { generateKeyPairSync } from "node:crypto";
import type { CredentialValues } from "../../core/credentials.ts";
import type { Dialect, DialectContext, DialectSocket } from "../dialect.ts";
import { installGate } from "../gate.ts";
import { LISTINGS } from "../listings.ts";
import { BACKPACK_LIMITS } from "./limits.ts";
import { servePrivate } from "./private-rest.ts";
import { servePublic } from "./public-rest.ts";
import { claimedBy, createKeyring } from "./signer.ts";
import { BackpackSocket } from "./socket.ts";

/** What Backpack calls the errors that are the server's own. */
const CODES: Readonly<Record<string, string>> = {
  unreadable: "INVALID_CLIENT_REQUEST",
  noSuchRoute: "RESOURCE_NOT_FOUND",
  internal: "SERVER_ERROR",
  injected: "SERVER_ERROR",
};

/** A key pair as Backpack gives it out: raw ED25519 public key and seed, base64. */
function createCredentials(): CredentialValues {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  // The last 32 bytes of both DER forms are the raw public key and the seed.
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  return { apiKey: raw.toString("base64"), secret: seed.toString("base64") };
}

function serve(context: DialectContext): DialectSocket {
  const { app, exchange, limits, faults, clock, log } = context;
  const keyring = createKeyring(context.accounts);
  const errorBody = (_status: number, code: string, message: string) => ({ code: CODES[code] ?? code, message });
  installGate(app, {
    limits,
    faults,
    clock,
    log,
    errorBody,
    accountOf: (request) => claimedBy(request, keyring),
    refusal: () => ({ status: 429, body: errorBody(429, "TOO_MANY_REQUESTS", "Too many requests") }),
  });
  servePublic(app, exchange, () => context.notice());
  servePrivate(app, exchange, keyring);
  return new BackpackSocket(exchange, keyring, context.tap);
}

export const backpackDialect: Dialect = {
  name: "backpack",
  limits: BACKPACK_LIMITS,
  listings: LISTINGS,
  wsPath: "/ws",
  createCredentials,
  serve,
};
