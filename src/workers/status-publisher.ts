// Tells the fleet how bots are: on the status board at most once a second each, in the database now and then.

import type { Logger } from "pino";
import type { Clock } from "../core/ports.ts";
import type { BotStatus } from "../core/status.ts";

const BOARD_EVERY_MS = 900;
const SAVE_EVERY_MS = 30_000;
/** While the board is away the database shows how bots are. */
const SAVE_INSTEAD_EVERY_MS = 3_000;

export interface StatusPublisherOptions {
  readonly board: { put(status: BotStatus): Promise<void> };
  readonly save: (status: BotStatus) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StatusPublisher {
  /** Never throws. A change of state, and a final status, are shown at once; a final one is saved too. */
  publish(status: BotStatus, isFinal?: boolean): void;
}

interface Shown {
  state: BotStatus["state"];
  epoch: number;
  boardAt: number;
  savedAt: number;
}

export function createStatusPublisher(options: StatusPublisherOptions): StatusPublisher {
  const { board, save, clock, log } = options;
  const shown = new Map<string, Shown>();
  return {
    publish(status, isFinal = false) {
      const now = clock.monotonic();
      const last = shown.get(status.id) ?? { state: "starting", epoch: -1, boardAt: Number.NEGATIVE_INFINITY, savedAt: now };
      const isNews = isFinal || last.state !== status.state || last.epoch !== status.epoch;
      shown.set(status.id, last);
      const saveNow = (): void => {
        last.savedAt = clock.monotonic();
        save(status).catch((error) => log.warn({ err: error, botId: status.id }, "status not saved"));
      };
      if (isNews || now - last.boardAt >= BOARD_EVERY_MS) {
        last.boardAt = now;
        board.put(status).catch((error) => {
          log.debug({ err: error, botId: status.id }, "status not shown");
          if (clock.monotonic() - last.savedAt >= SAVE_INSTEAD_EVERY_MS) saveNow();
        });
      }
      if (isFinal || now - last.savedAt >= SAVE_EVERY_MS) saveNow();
      last.state = status.state;
      last.epoch = status.epoch;
    },
  };
}
