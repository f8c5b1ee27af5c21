// Lighter's transactions one after the other: the permit first, then its nonce, then the signature.

import { setTimeout as wait } from "node:timers/promises";
import { currentContext, type RequestContext, takeNonce } from "../request-context.ts";
import { chargesOf } from "./lighter-answers.ts";
import type { CcxtLighter, LighterClass, LighterTurns } from "./lighter-ccxt.ts";

/** A transaction waits so long for the answer to the one before; a later nonce then overtakes an earlier one, which is refused. */
const TURN_MAX_MS = 500;
/** The permit of a transaction is taken before it is signed: there is none to take at its request. */
const PAID = Object.freeze({});

export function lighterTurns(Base: LighterClass<CcxtLighter>): LighterClass<LighterTurns> {
  return class Turns extends Base implements LighterTurns {
    readonly #paid = new WeakSet<RequestContext>();
    #turn: Promise<unknown> = Promise.resolve();
    #lastNonce = 0;

    /**
     * ccxt signs before it waits for the request's permit. Here the permit comes first, because the nonce comes with it, and a
     * transaction with a lower nonce than the last is refused: they go out one after the other.
     */
    async inTurn<T>(work: () => Promise<T>): Promise<T> {
      const context = currentContext();
      await this.throttle(chargesOf("sendTx"));
      const before = this.#turn;
      let end = (): void => undefined;
      this.#turn = new Promise<void>((resolve) => {
        end = resolve;
      });
      const stop = new AbortController();
      await Promise.race([before, wait(TURN_MAX_MS, null, { signal: stop.signal }).catch(() => null)]).finally(() => stop.abort());
      this.#paid.add(context);
      try {
        return await work();
      } finally {
        this.#paid.delete(context);
        end();
      }
    }

    override calculateRateLimiterCost(api: unknown, method: string, path: string, params: unknown): unknown {
      return path === "sendTx" && this.#paid.has(currentContext()) ? PAID : super.calculateRateLimiterCost(api, method, path, params);
    }

    override async throttle(cost?: unknown): Promise<unknown> {
      return cost === PAID ? undefined : await super.throttle(cost);
    }

    /** Milliseconds, always growing: the permits' nonces are the fleet's, ccxt's own is the clock's and may come twice. */
    override async fetchNonce(): Promise<number> {
      let nonce = 0;
      for (let one = takeNonce(); one !== null; one = takeNonce()) nonce = Math.max(nonce, Math.floor(one / 1_000));
      this.#lastNonce = Math.max(this.#lastNonce + 1, nonce === 0 ? Date.now() : nonce);
      return this.#lastNonce;
    }
  };
}
