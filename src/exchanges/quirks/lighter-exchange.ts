// ccxt's Lighter with all our layers: signer, nonces, private streams, and books without gaps.

import type { CcxtClass, CcxtClient } from "../ccxt-loader.ts";
import type { StreamSink } from "../quirks.ts";
import { text } from "./fields.ts";
import { BookSequence } from "./lighter-book.ts";
import type { LighterClass } from "./lighter-ccxt.ts";
import { lighterRest } from "./lighter-rest.ts";
import { lighterStreams } from "./lighter-streams.ts";
import { lighterTurns } from "./lighter-turns.ts";

/** `collateral` is what the exchange's money is. */
export function extendLighter(Base: CcxtClass, sink: StreamSink, collateral: string): CcxtClass {
  const Layers = lighterStreams(lighterRest(lighterTurns(Base as LighterClass), collateral), sink);

  return class ExtendedLighter extends Layers {
    readonly #sequence = new BookSequence();

    /** Each message names the nonce of the one before it; ccxt applies them without looking. */
    override handleOrderBook(client: CcxtClient, message: unknown): void {
      const marketId = text(message, "channel")?.split(":")[1] ?? "";
      switch (this.#sequence.judge(marketId, message)) {
        case "fits":
          return super.handleOrderBook(client, message);
        case "gap":
          sink.onBookGap(this.safeMarket(marketId).symbol);
          void this.#subscribeAgain(client, `order_book/${marketId}`);
          return;
        case "lost":
          return client.reset(new Error(`no snapshot of the book of ${this.safeMarket(marketId).symbol} came after a gap`));
        case "waits":
          return;
      }
    }

    /** A new subscription begins with the whole book. */
    async #subscribeAgain(client: CcxtClient, channel: string): Promise<void> {
      const socket = client as CcxtClient & { send(message: unknown): Promise<unknown> };
      try {
        await socket.send({ type: "unsubscribe", channel });
        await socket.send({ type: "subscribe", channel });
      } catch (error) {
        client.reset(error instanceof Error ? error : new Error(String(error)));
      }
    }

    /** The end of a subscription that is renewed is not the end of its watch. */
    override handleUnSubscription(client: CcxtClient, message: unknown): void {
      const [kind, marketId = ""] = text(message, "channel")?.split(":") ?? [];
      if (kind === "order_book" && this.#sequence.isWaiting(marketId)) return;
      super.handleUnSubscription(client, message);
    }
  };
}
