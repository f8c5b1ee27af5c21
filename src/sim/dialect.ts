// What the simulated exchange must bring to speak like one real exchange: its keys, its limits, its REST and its streams.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { CredentialValues } from "../core/credentials.ts";
import type { Clock } from "../core/ports.ts";
import type { Faults } from "./faults.ts";
import type { Listing } from "./listings.ts";
import type { BanRule, RequestLimit, RequestLimits } from "./request-limits.ts";
import type { SimulatedExchange } from "./simulated-exchange.ts";
import type { SocketTap } from "./socket-tap.ts";

/** An account with the credentials that its real exchange would have given out. */
export interface DialectAccount {
  readonly name: string;
  readonly credentials: CredentialValues;
}

export interface DialectContext {
  /** Routes and hooks go here; `/sim/…` belongs to the server itself. */
  readonly app: FastifyInstance;
  readonly exchange: SimulatedExchange;
  readonly accounts: readonly DialectAccount[];
  readonly limits: RequestLimits;
  readonly faults: Faults;
  /** Accepts the connections of the streams and sends on them, so that faults can hit them. */
  readonly tap: SocketTap;
  readonly clock: Clock;
  readonly log: Logger;
  /** What the exchange announces about itself, or null. */
  notice(): string | null;
}

/** The streams of a dialect, all of them on one upgrade handler. */
export interface DialectSocket {
  /** Number of live connections. */
  readonly size: number;
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void;
  /** Repeats quiet books. */
  heartbeat(): void;
  /** Cuts every connection without a farewell and refuses new ones for a while. Returns how many were cut. */
  disconnect(refuseMs: number): number;
  close(): void;
}

export interface Dialect {
  readonly name: "backpack" | "aster" | "paradex" | "lighter";
  /** What the real exchange documents. */
  readonly limits: readonly RequestLimit[];
  /** Who is locked out, where the real exchange bans. */
  readonly ban?: BanRule;
  readonly listings: readonly Listing[];
  /** Path of the streams, such as `/ws`. */
  readonly wsPath: string;
  /** Fresh credentials for an account, by the field names of the exchange's quirks file. */
  createCredentials(account: string): CredentialValues;
  /** Adds the gate, the routes and the streams. */
  serve(context: DialectContext): DialectSocket;
}
