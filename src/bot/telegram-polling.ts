// Telegram's long polling. Ours instead of telegraf's loop, because that one waits for every handler before it asks again,
// cannot be interrupted in its pauses, and lets a half-open connection hang for eight minutes.

import type { Logger } from "pino";
import { type Telegram, TelegramError } from "telegraf";
import { SendError } from "./send-error.ts";
import { limited, toSendError } from "./telegram-api.ts";
import { type Update, updateSchema } from "./telegram-updates.ts";

const HOLD_S = 30;
const HOLD_MARGIN_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
const FAREWELL_TIMEOUT_MS = 2_000;

/** Everything else (posts in channels, reactions, inline queries) is not even sent to us. */
const ALLOWED_UPDATES = ["message", "edited_message", "callback_query"] as const;

export interface PollingOptions {
  readonly client: Telegram;
  readonly token: string;
  readonly log: Logger;
  readonly stop: AbortSignal;
  /** Called after every answered poll. */
  readonly onAnswered: () => void;
}

/**
 * Hands every update to `take` until the signal aborts. Rejects with a SendError at the first fault; the caller decides about
 * the next attempt, and forgets updates it saw already, because Telegram repeats what was not confirmed.
 */
export async function pollUpdates(options: PollingOptions, take: (update: Update) => void): Promise<void> {
  const { client, token, stop } = options;
  try {
    // A webhook left over from another program would make polling fail with 409.
    await limited(REQUEST_TIMEOUT_MS, (limits) => client.callApi("deleteWebhook", {}, limits), stop);
    for (let offset = 0; ; ) {
      const payload = { offset, timeout: HOLD_S, allowed_updates: [...ALLOWED_UPDATES] };
      const received = await limited(HOLD_S * 1000 + HOLD_MARGIN_MS, (limits) => client.callApi("getUpdates", payload, limits), stop);
      options.onAnswered();
      for (const raw of received) {
        offset = Math.max(offset, raw.update_id + 1);
        const parsed = updateSchema.safeParse(raw);
        if (parsed.success) take(parsed.data);
        else options.log.warn({ updateId: raw.update_id }, "an update from Telegram has an unknown shape and was passed over");
      }
      if (stop.aborted) return await confirm(options, offset);
    }
  } catch (error) {
    if (stop.aborted) return;
    // 409: somebody else polls this token. It may go away, so it is not final.
    if (error instanceof TelegramError && error.code === 409) throw new SendError("later", error.description);
    throw toSendError(error, token);
  }
}

/** Tells Telegram that what came last is done, so that it does not come again after a restart. */
async function confirm({ client }: PollingOptions, offset: number): Promise<void> {
  await limited(FAREWELL_TIMEOUT_MS, (limits) => client.callApi("getUpdates", { offset, limit: 1, timeout: 0 }, limits));
}
