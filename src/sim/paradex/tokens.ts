// The bearer tokens that POST /auth gives out: JWTs that this server signs and that live three minutes.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** Life of a token. Paradex documents five minutes and ccxt counts on three; the shorter one is enforced. */
export const TOKEN_LIFE_S = 180;

const payloadSchema = z.object({ sub: z.string(), iat: z.number(), exp: z.number(), jti: z.string() });

export interface TokenOwner {
  readonly account: string;
  /** Epoch ms at which the token ends. */
  readonly expiresAt: number;
}

export class Tokens {
  /** A new one with each server, so that a restart ends every token. */
  readonly #secret = randomBytes(32);

  /** A token for an account's name. `at` is epoch ms. */
  issue(account: string, at: number): string {
    const iat = Math.floor(at / 1_000);
    const payload = { sub: account, iat, exp: iat + TOKEN_LIFE_S, jti: randomBytes(8).toString("hex") };
    const body = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(payload)}`;
    return `${body}.${this.#signatureOf(body).toString("base64url")}`;
  }

  /** The owner of a token of ours, expired or not; null for any other text. */
  read(token: string): TokenOwner | null {
    const parts = token.split(".");
    if (parts.length !== 3) return null;
    const given = Buffer.from(parts[2] ?? "", "base64url");
    const right = this.#signatureOf(`${parts[0]}.${parts[1]}`);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
    const payload = payloadSchema.parse(JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString()));
    return { account: payload.sub, expiresAt: payload.exp * 1_000 };
  }

  #signatureOf(body: string): Buffer {
    return createHmac("sha256", this.#secret).update(body).digest();
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
