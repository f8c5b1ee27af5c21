// The keys of user data streams: one per account and interface, good for an hour after the last sign of life.

import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/ports.ts";
import type { MarketKind } from "./listings.ts";

/** Documented: valid for 60 minutes after it was made, extended by every PUT and POST. */
const VALID_MS = 3_600_000;
const KEY_BYTES = 32;

export interface ListenKey {
  readonly key: string;
  readonly account: string;
  readonly kind: MarketKind;
  /** Monotonic ms. */
  validUntil: number;
}

export class ListenKeys {
  readonly #clock: Clock;
  readonly #keys = new Map<string, ListenKey>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The account's live key, extended, or a new one. */
  open(account: string, kind: MarketKind): ListenKey {
    const live = this.ofAccount(account, kind);
    if (live !== undefined) {
      live.validUntil = this.#clock.monotonic() + VALID_MS;
      return live;
    }
    const key = randomBytes(KEY_BYTES).toString("hex");
    const made = { key, account, kind, validUntil: this.#clock.monotonic() + VALID_MS };
    this.#keys.set(key, made);
    return made;
  }

  /** Extends the account's key; false when it has none any more. */
  extend(account: string, kind: MarketKind): boolean {
    return this.ofAccount(account, kind) !== undefined && this.open(account, kind) !== undefined;
  }

  ofAccount(account: string, kind: MarketKind): ListenKey | undefined {
    return [...this.#keys.values()].find((one) => one.account === account && one.kind === kind && this.#isLive(one));
  }

  /** A live key by its text. */
  named(key: string): ListenKey | undefined {
    const found = this.#keys.get(key);
    return found !== undefined && this.#isLive(found) ? found : undefined;
  }

  /** Forgets an account's key, as its owner or (for a test) time itself would. Returns it. */
  drop(account: string, kind: MarketKind): ListenKey | undefined {
    const key = this.ofAccount(account, kind);
    if (key !== undefined) this.#keys.delete(key.key);
    return key;
  }

  /** Removes the keys whose time is over and returns them. */
  takeExpired(): readonly ListenKey[] {
    const expired = [...this.#keys.values()].filter((key) => !this.#isLive(key));
    for (const { key } of expired) this.#keys.delete(key);
    return expired;
  }

  #isLive({ validUntil }: ListenKey): boolean {
    return validUntil > this.#clock.monotonic();
  }
}
