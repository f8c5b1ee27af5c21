// The one place where Paradex's short-lived bearer token is renewed: early, and once for everybody who needs it.

/**
 * Paradex ends a token after five minutes (three at the latest by its signature) and advises to renew it well before, so that a
 * renewal that fails can be tried again while the old token still works.
 */
const RENEW_AFTER_MS = 90_000;
/** From this age on a token is not shown any more. */
const OLD_AFTER_MS = 150_000;

interface Token {
  readonly text: string;
  /** Monotonic ms from before it was asked for. */
  readonly since: number;
}

export class TokenKeeper {
  readonly #signIn: () => Promise<string>;
  readonly #monotonic: () => number;
  #token: Token | null = null;
  #flight: Promise<string> | null = null;

  constructor(signIn: () => Promise<string>, monotonic: () => number) {
    this.#signIn = signIn;
    this.#monotonic = monotonic;
  }

  /** A token that works for a while yet. Throws when there is none and signing in fails. */
  async current(): Promise<string> {
    const age = this.#token === null ? Number.POSITIVE_INFINITY : this.#monotonic() - this.#token.since;
    if (this.#token === null || age >= OLD_AFTER_MS) return await this.#renew();
    // Nobody waits for this one: when it fails, the next caller tries again.
    if (age >= RENEW_AFTER_MS) this.#renew().catch(() => undefined);
    return this.#token.text;
  }

  /** The exchange takes this token no longer. A newer one that came meanwhile is kept. */
  refuse(text: unknown): void {
    if (this.#token?.text === text) this.#token = null;
  }

  #renew(): Promise<string> {
    this.#flight ??= this.#start().finally(() => {
      this.#flight = null;
    });
    return this.#flight;
  }

  async #start(): Promise<string> {
    const since = this.#monotonic();
    const text = await this.#signIn();
    this.#token = { text, since };
    return text;
  }
}
