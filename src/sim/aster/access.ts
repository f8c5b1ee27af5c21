// Who sent a request and whether he may: the wallet signatures of version 3 with their nonces, and the HMAC keys of version 1.

import { createHmac, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Clock } from "../../core/ports.ts";
import { headerOf } from "../gate.ts";
import type { Agent, Member, Members } from "./agents.ts";
import { AsterError, missing, refusal } from "./errors.ts";
import { type Fields, needed, parametersOf, signedTextOf, wholeIn } from "./parameters.ts";
import { signerOf } from "./wallet.ts";

/** What a route does with an account. `stream` needs no signature where keys are used. */
export type Purpose = "read" | "tradePerp" | "tradeSpot" | "stream";

const RECV_WINDOW_MS = 5_000;
const RECV_WINDOW_MAX_MS = 60_000;
/** How far the timestamp of a key's request may lie ahead of the exchange's clock. */
const AHEAD_MAX_MS = 1_000;
/** Documented: nonces are microseconds, at most this far from the exchange's clock, and the last hundred of a user are kept. */
const NONCE_MAX_OFF_US = 10_000_000;
const NONCES_KEPT = 100;

export class Access {
  readonly #members: Members;
  readonly #clock: Clock;
  /** The latest nonces of each wallet address, ascending. */
  readonly #nonces = new Map<string, number[]>();

  constructor(members: Members, clock: Clock) {
    this.#members = members;
    this.#clock = clock;
  }

  /** The account that a request says it comes from, without a proof. */
  claimedBy(request: FastifyRequest): string | null {
    const apiKey = headerOf(request, "x-mbx-apikey");
    if (apiKey !== undefined) return this.#members.ofKey(apiKey)?.account ?? null;
    const { signer, user } = parametersOf(request);
    const address = signer ?? user;
    return address === undefined ? null : (this.#members.ofAddress(address)?.account ?? null);
  }

  /** The account whose owner signed the request, after its rights were checked. Throws an AsterError. */
  accountOf(request: FastifyRequest, purpose: Purpose): Member {
    const fields = parametersOf(request);
    const apiKey = headerOf(request, "x-mbx-apikey");
    return apiKey === undefined ? this.#ofWallet(request, fields, purpose) : this.#ofKey(request, fields, purpose, apiKey);
  }

  #ofKey(request: FastifyRequest, fields: Fields, purpose: Purpose, apiKey: string): Member {
    if (!/^[A-Za-z0-9]{64}$/.test(apiKey)) throw refusal("BAD_API_KEY_FMT");
    const member = this.#members.ofKey(apiKey);
    if (member === undefined) throw refusal("REJECTED_MBX_KEY");
    if (purpose === "stream") return member;
    const given = Buffer.from(needed(fields, "signature").toLowerCase());
    const timestamp = wholeIn(fields, "timestamp", -1);
    if (timestamp < 0) throw missing("timestamp");
    const window = wholeIn(fields, "recvWindow", RECV_WINDOW_MS, RECV_WINDOW_MAX_MS);
    const late = this.#clock.now() - timestamp;
    if (late > window) throw refusal("INVALID_TIMESTAMP");
    if (-late > AHEAD_MAX_MS)
      throw new AsterError(400, -1021, `Timestamp for this request was ${AHEAD_MAX_MS}ms ahead of the server's time.`);
    const right = Buffer.from(createHmac("sha256", member.secret).update(signedTextOf(request)).digest("hex"));
    if (given.length !== right.length || !timingSafeEqual(given, right)) throw refusal("INVALID_SIGNATURE");
    return member;
  }

  #ofWallet(request: FastifyRequest, fields: Fields, purpose: Purpose): Member {
    const claimed = (fields.signer ?? needed(fields, "user")).toLowerCase();
    const nonce = wholeIn(fields, "nonce", -1);
    if (nonce < 0) throw missing("nonce");
    if (signerOf(signedTextOf(request), needed(fields, "signature")) !== claimed) throw refusal("INVALID_SIGNATURE");
    const member = this.#members.ofAddress(claimed);
    const isForUser = fields.user === undefined || fields.user.toLowerCase() === member?.walletAddress.toLowerCase();
    if (member === undefined || !isForUser) throw refusal("REJECTED_MBX_KEY");
    const agent = member.agents.find(({ agentAddress }) => agentAddress.toLowerCase() === claimed);
    // The account's own wallet needs nobody's permission.
    if (agent !== undefined && !this.#isAllowed(agent, purpose, request.ip)) throw refusal("REJECTED_MBX_KEY");
    this.#useNonce(member.walletAddress, nonce);
    return member;
  }

  #isAllowed(agent: Agent, purpose: Purpose, address: string): boolean {
    const isWelcome = agent.ipWhitelist === "" || agent.ipWhitelist.split(",").includes(address);
    if (!isWelcome || agent.expired <= this.#clock.now()) return false;
    if (purpose === "tradePerp") return agent.canPerpTrade;
    return purpose === "tradeSpot" ? agent.canSpotTrade : agent.canRead;
  }

  /** A nonce is good once, near the present, and not below all of the last hundred. Throws an AsterError. */
  #useNonce(wallet: string, nonce: number): void {
    if (Math.abs(nonce - this.#clock.now() * 1_000) > NONCE_MAX_OFF_US)
      throw new AsterError(400, -1021, "Nonce is more than 10 seconds from the server time.");
    const kept = this.#nonces.get(wallet) ?? [];
    if (kept.includes(nonce)) throw new AsterError(400, -1021, "Nonce has already been used.");
    const isFull = kept.length >= NONCES_KEPT;
    if (isFull && nonce < (kept[0] ?? 0)) throw new AsterError(400, -1021, "Nonce has expired.");
    if (isFull) kept.shift();
    const later = kept.findLastIndex((one) => one < nonce) + 1;
    kept.splice(later, 0, nonce);
    this.#nonces.set(wallet, kept);
  }
}
