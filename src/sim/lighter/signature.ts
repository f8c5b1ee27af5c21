// Who signed a transaction or an auth token: verifies the signatures of the test signer, and lets the real signer's pass.

import { createHmac, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Clock } from "../../core/ports.ts";
import { headerOf } from "../gate.ts";
import type { LighterAccount, LighterAccounts } from "./accounts.ts";
import { LighterError } from "./errors.ts";

/**
 * Lighter signs with Schnorr over ecGFp5, in a library that its operator supplies. Tests use a signer of our own with the same
 * interface, whose signature is HMAC-SHA256 under the API private key; that is what the simulated exchange can verify. A
 * signature of Lighter's own length is taken as the real signer's and not verified.
 */
const REAL_SIGNATURE_BYTES = 80;
/** Documented: tokens live at most eight hours. A minute more for clocks that differ. */
const TOKEN_LIFE_MAX_S = 8 * 3_600 + 60;

function isRight(account: LighterAccount, text: string, given: Buffer): boolean {
  if (given.length === REAL_SIGNATURE_BYTES) return true;
  const right = createHmac("sha256", Buffer.from(account.privateKey, "hex")).update(`${account.chainId}:${text}`).digest();
  return given.length === right.length && timingSafeEqual(given, right);
}

/** Throws a LighterError unless the account's key signed `info`, whose field `Sig` is the signature of all the others. */
export function checkTransaction(account: LighterAccount, txType: number, info: Readonly<Record<string, unknown>>): void {
  const { Sig, ...signed } = info;
  const given = Buffer.from(String(Sig ?? ""), "base64");
  if (!isRight(account, `${txType}:${JSON.stringify(signed)}`, given)) throw new LighterError(21120);
}

/** The token of a request: in the header, or in the query. */
export function tokenOf(request: FastifyRequest): string {
  const { auth, authorization } = request.query as { auth?: string; authorization?: string };
  return headerOf(request, "authorization") ?? auth ?? authorization ?? "";
}

/** Reads tokens `deadline:account:key:signature`. */
export class Tokens {
  readonly #accounts: LighterAccounts;
  readonly #clock: Clock;

  constructor(accounts: LighterAccounts, clock: Clock) {
    this.#accounts = accounts;
    this.#clock = clock;
  }

  /** The account that a token names, without a proof. */
  claimedBy(token: string): LighterAccount | undefined {
    const index = /^\d+:(\d+):\d+:[0-9a-f]+$/.exec(token)?.[1];
    return index === undefined ? undefined : this.#accounts.at(Number(index));
  }

  /** The account whose key made the token. Throws a LighterError. */
  ownerOf(token: string): LighterAccount {
    const account = this.claimedBy(token);
    const [deadline = "", , keyIndex = "", signature = ""] = token.split(":");
    const text = `${deadline}:${account?.index}:${keyIndex}`;
    if (account === undefined || Number(keyIndex) !== account.keyIndex || !isRight(account, text, Buffer.from(signature, "hex")))
      throw new LighterError(20013, "", 401);
    const leftS = Number(deadline) - this.#clock.now() / 1_000;
    if (leftS <= 0 || leftS > TOKEN_LIFE_MAX_S) throw new LighterError(20013, "expired or of too long a life", 401);
    return account;
  }
}
