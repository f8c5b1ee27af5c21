// Whether a message of Lighter's order book follows the one before it.

import { field, text } from "./fields.ts";

/** A snapshot that does not come for so long after a gap will not come. */
const SNAPSHOT_MS = 5_000;

interface Last {
  readonly nonce: number;
  readonly offset: number;
  /** Epoch ms since when a snapshot is waited for; null while nothing is missing. */
  readonly waitsSince: number | null;
}

export class BookSequence {
  readonly #last = new Map<string, Last>();

  isWaiting(marketId: string): boolean {
    return typeof this.#last.get(marketId)?.waitsSince === "number";
  }

  /**
   * `gap`: messages are missing, which is told once; `waits`: the snapshot after a gap is not there yet; `lost`: it will not come.
   * The nonce of the message before is named by `begin_nonce`; where that is absent, offsets grow by one.
   */
  judge(marketId: string, message: unknown): "fits" | "gap" | "waits" | "lost" {
    const book = field(message, "order_book");
    const [nonce, offset] = [Number(text(book, "nonce")), Number(text(book, "offset"))];
    const last = this.#last.get(marketId);
    if (text(message, "type")?.startsWith("subscribed/") || last === undefined) {
      this.#last.set(marketId, { nonce, offset, waitsSince: null });
      return "fits";
    }
    if (last.waitsSince !== null) return Date.now() - last.waitsSince > SNAPSHOT_MS ? "lost" : "waits";
    const begin = text(book, "begin_nonce");
    const follows = begin === null ? offset === last.offset + 1 : Number(begin) === last.nonce;
    this.#last.set(marketId, { nonce, offset, waitsSince: follows ? null : Date.now() });
    return follows ? "fits" : "gap";
  }
}
