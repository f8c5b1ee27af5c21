// Who speaks: the StarkNet signature that buys a bearer token, and the token that every private request shows.

import type { FastifyRequest } from "fastify";
import type { Clock } from "../../core/ports.ts";
import { headerOf } from "../gate.ts";
import type { ParadexAccount, ParadexAccounts } from "./accounts.ts";
import { badParameter, invalidToken, ParadexError } from "./errors.ts";
import { isSignedBy, shortText, type TypedMessage } from "./signature.ts";
import { Tokens } from "./tokens.ts";

/** How far a signed timestamp may lie from the exchange's time. Paradex does not publish its own. */
const CLOCK_TOLERANCE_MS = 60_000;
/** Documented: a signature for a token may hold for a week at most. */
const EXPIRATION_MAX_S = 7 * 86_400;

function secondsIn(request: FastifyRequest, name: string): number {
  const value = headerOf(request, name) ?? "";
  if (!/^\d{1,12}$/.test(value)) throw badParameter(`Header ${name} must be epoch seconds`);
  return Number(value);
}

function signatureRefused(): ParadexError {
  return new ParadexError(401, "STARKNET_SIGNATURE_VERIFICATION_FAILED", "Starknet signature verification failed");
}

export class Session {
  readonly #accounts: ParadexAccounts;
  readonly #clock: Clock;
  readonly #tokens = new Tokens();

  constructor(accounts: ParadexAccounts, clock: Clock) {
    this.#accounts = accounts;
    this.#clock = clock;
  }

  /** Answers POST /auth: a token for the account that signed. Throws a ParadexError. */
  authenticate(request: FastifyRequest): string {
    const account = this.#claimant(request);
    const timestamp = secondsIn(request, "paradex-timestamp");
    const expiration = secondsIn(request, "paradex-signature-expiration");
    const at = this.#clock.now();
    if (timestamp * 1_000 > at + CLOCK_TOLERANCE_MS) throw new ParadexError(400, "INVALID_TIMESTAMP", "The timestamp lies in the future");
    if (expiration * 1_000 <= at || expiration - timestamp > EXPIRATION_MAX_S)
      throw new ParadexError(400, "INVALID_SIGNATURE_EXPIRATION", "The signature has expired or holds for too long");
    const message: TypedMessage = {
      type: "Request",
      fields: [
        ["method", shortText("POST")],
        ["path", shortText("/v1/auth")],
        ["body", 0n],
        ["timestamp", BigInt(timestamp)],
        ["expiration", BigInt(expiration)],
      ],
    };
    if (!this.#isSigned(request, account, message)) throw signatureRefused();
    return this.#tokens.issue(account.name, at);
  }

  /** Answers POST /onboarding: the accounts are known already, so only the signature counts. Throws a ParadexError. */
  onboard(request: FastifyRequest): void {
    const account = this.#claimant(request);
    const message: TypedMessage = { type: "Constant", fields: [["action", shortText("Onboarding")]] };
    if (!this.#isSigned(request, account, message)) throw signatureRefused();
  }

  /** The account whose token a private request shows. Throws a ParadexError. */
  ownerOf(request: FastifyRequest): ParadexAccount {
    const token = bearerOf(request);
    if (token === null) throw new ParadexError(401, "UNAUTHORIZED", "missing or malformed jwt");
    const { account } = this.alive(token);
    return account;
  }

  /** The owner of a token and the time (epoch ms) at which it ends. Throws a ParadexError for one that is wrong or over. */
  alive(token: string): { readonly account: ParadexAccount; readonly expiresAt: number } {
    const owner = this.#tokens.read(token);
    if (owner === null) throw invalidToken("invalid bearer jwt");
    if (owner.expiresAt <= this.#clock.now()) throw invalidToken("token is expired");
    return { account: this.#accounts.named(owner.account), expiresAt: owner.expiresAt };
  }

  /** The account that a request's token names, expired or not. */
  claimedBy(request: FastifyRequest): string | null {
    return this.#tokens.read(bearerOf(request) ?? "")?.account ?? null;
  }

  /** Refuses an order's time that is not the exchange's. `signedAt` is epoch ms. */
  checkTime(signedAt: number): void {
    if (Math.abs(signedAt - this.#clock.now()) > CLOCK_TOLERANCE_MS)
      throw new ParadexError(400, "INVALID_TIMESTAMP", "The signature's timestamp is too far from the exchange's time");
  }

  /** Refuses an order that arrives later than its window after its signature's time. Paradex documents the rule, not the code. */
  checkWindow(signedAt: number, windowMs: number | undefined): void {
    if (windowMs !== undefined && this.#clock.now() > signedAt + windowMs)
      throw new ParadexError(400, "INVALID_TIMESTAMP", "The order arrived after its recv_window");
  }

  #claimant(request: FastifyRequest): ParadexAccount {
    const address = headerOf(request, "paradex-starknet-account") ?? "";
    const account = this.#accounts.at(address);
    if (account !== undefined) return account;
    if (!/^0x[0-9a-fA-F]{1,64}$/.test(address)) throw new ParadexError(400, "INVALID_STARKNET_ADDRESS", "Invalid Starknet address");
    throw new ParadexError(400, "NOT_ONBOARDED", "User has never called /onboarding endpoint");
  }

  #isSigned(request: FastifyRequest, account: ParadexAccount, message: TypedMessage): boolean {
    return isSignedBy(account.key, headerOf(request, "paradex-starknet-signature") ?? "", message, account.felt);
  }
}

function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer (\S+)$/.exec(headerOf(request, "authorization") ?? "")?.[1] ?? null;
}
