// One line of messages per chat: in order, no faster than the platform likes, and kept until they are out.

import type { Logger } from "pino";
import type { Clock } from "../core/ports.ts";
import { pause } from "./pause.ts";
import { backOffMs, SendError } from "./send-error.ts";

/** How many messages a chat may get at once, and how fast its allowance comes back. */
export interface Pace {
  readonly burst: number;
  readonly everyMs: number;
}

export interface SendQueue {
  /**
   * Runs `send` when everything before it in this chat is out. A busy or unreachable platform is tried again until the queue's
   * patience ends; other refusals reject at once with their SendError.
   */
  push<Result>(chatId: string, send: () => Promise<Result>): Promise<Result>;
  /** Lets what waits go out for at most `graceMs`, then rejects the rest. */
  stop(graceMs: number): Promise<void>;
}

export interface SendQueueOptions {
  readonly pace: (chatId: string) => Pace;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long one message is tried again. */
  readonly patienceMs?: number;
  readonly firstBackOffMs?: number;
}

const PATIENCE_MS = 10 * 60_000;
const FIRST_BACK_OFF_MS = 500;
const LONGEST_BACK_OFF_MS = 30_000;
/** More than this waiting in one chat means somebody floods us. */
const WAITING_MAX = 100;
/** Chats with nothing waiting are forgotten beyond this number. */
const CHATS_MAX = 10_000;
/** Added to the platform's own wait, because its clock is not ours. */
const RETRY_MARGIN_MS = 100;

interface Line {
  tail: Promise<unknown>;
  waiting: number;
  allowance: number;
  /** Monotonic time of the last refill. */
  filledAt: number;
}

export function createSendQueue(options: SendQueueOptions): SendQueue {
  const { clock, log } = options;
  const lines = new Map<string, Line>();
  const stopping = new AbortController();

  function lineOf(chatId: string): Line {
    const known = lines.get(chatId);
    if (known !== undefined) return known;
    if (lines.size >= CHATS_MAX) for (const [id, line] of lines) if (line.waiting === 0) lines.delete(id);
    const line: Line = { tail: Promise.resolve(), waiting: 0, allowance: options.pace(chatId).burst, filledAt: clock.monotonic() };
    lines.set(chatId, line);
    return line;
  }

  /** Waits until the chat's allowance has room for one more message. */
  async function takeTurn(line: Line, pace: Pace): Promise<void> {
    const now = clock.monotonic();
    line.allowance = Math.min(pace.burst, line.allowance + (now - line.filledAt) / pace.everyMs);
    line.filledAt = now;
    line.allowance -= 1;
    if (line.allowance < 0) await pause(-line.allowance * pace.everyMs, stopping.signal);
  }

  async function attempt<Result>(chatId: string, line: Line, send: () => Promise<Result>): Promise<Result> {
    const startedAt = clock.monotonic();
    for (let failures = 1; ; failures += 1) {
      await takeTurn(line, options.pace(chatId));
      if (stopping.signal.aborted) throw new SendError("later", "the sender is stopping");
      try {
        return await send();
      } catch (error) {
        const isOver = clock.monotonic() - startedAt > (options.patienceMs ?? PATIENCE_MS);
        if (!(error instanceof SendError) || error.kind !== "later" || isOver) throw error;
        const waitMs =
          error.retryInMs === null
            ? backOffMs(failures, options.firstBackOffMs ?? FIRST_BACK_OFF_MS, LONGEST_BACK_OFF_MS)
            : error.retryInMs + RETRY_MARGIN_MS;
        log.warn({ chatId, waitMs, failures, reason: error.message }, "a message waits and will be sent again");
        await pause(waitMs, stopping.signal);
      }
    }
  }

  return {
    push(chatId, send) {
      const line = lineOf(chatId);
      if (line.waiting >= WAITING_MAX) return Promise.reject(new SendError("later", `${WAITING_MAX} messages already wait for this chat`));
      line.waiting += 1;
      const result = line.tail.then(() => attempt(chatId, line, send));
      // One message's failure is its own; the next goes on.
      line.tail = result.then(
        () => undefined,
        () => undefined,
      );
      return result.finally(() => {
        line.waiting -= 1;
      });
    },
    async stop(graceMs) {
      const timer = setTimeout(() => stopping.abort(), graceMs);
      await Promise.all([...lines.values()].map((line) => line.tail));
      clearTimeout(timer);
      stopping.abort();
    },
  };
}
