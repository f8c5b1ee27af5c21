// The few calls of the Telegram Bot API that we make, through telegraf's client, with its faults turned into ours.

import type { Logger } from "pino";
import { Telegram, TelegramError } from "telegraf";
import type { Clock } from "../core/ports.ts";
import { UserError } from "../core/text.ts";
import { withDeadline } from "./pause.ts";
import { type InlineButton, TELEGRAM_TEXT_MAX } from "./render.ts";
import { clip } from "./render-text.ts";
import { kindOfStatus, SendError } from "./send-error.ts";
import { createSendQueue, type Pace } from "./send-queue.ts";

export const TELEGRAM_ROOT = "https://api.telegram.org";

/** https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this: one a second per chat, 20 a minute per group. */
const PRIVATE_PACE: Pace = { burst: 3, everyMs: 1_000 };
const GROUP_PACE: Pace = { burst: 5, everyMs: 3_000 };
const REQUEST_TIMEOUT_MS = 20_000;
const DEFAULT_RETRY_S = 3;
const NOTICE_MAX = 200;

export interface Place {
  readonly chatId: string;
  readonly threadId?: number;
  readonly replyTo?: number;
}

export interface TelegramApi {
  readonly client: Telegram;
  /** Sends HTML in the chat's turn, `isSilent` without a sound; returns the message's id. Rejects with a SendError. */
  send(place: Place, html: string, keyboard?: readonly (readonly InlineButton[])[], isSilent?: boolean): Promise<number>;
  /** Replaces a message; an edit that changes nothing is a success. */
  edit(place: Place, messageId: number, html: string, keyboard?: readonly (readonly InlineButton[])[]): Promise<void>;
  /** Takes a message out of the chat; false when Telegram does not allow it (a group where the bot is no admin). Never rejects. */
  remove(place: Place, messageId: number): Promise<boolean>;
  /** Takes the buttons off a message; never rejects. */
  removeKeyboard(place: Place, messageId: number): Promise<void>;
  /** Ends the waiting circle on a pressed button; never rejects, because the press itself is what counts. */
  answerPress(queryId: string, notice?: string): Promise<void>;
  stop(graceMs: number): Promise<void>;
}

export interface TelegramApiOptions {
  readonly token: string;
  readonly apiRoot?: string | undefined;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What may be shown of a fault: network errors of telegraf's client name the address, and with it the token. */
export function withoutToken(message: string, token: string): string {
  return message.replaceAll(token, "[redacted]").replace(/\/bot\d+:[^/\s]+/g, "/bot[redacted]");
}

/** The same fault as a SendError. Network faults and timeouts are `later`: Telegram may or may not have the message. */
export function toSendError(error: unknown, token: string): SendError {
  if (error instanceof SendError) return error;
  if (!(error instanceof TelegramError)) {
    return new SendError("later", withoutToken(error instanceof Error ? error.message : String(error), token));
  }
  const retryInMs = error.code === 429 ? (error.parameters?.retry_after ?? DEFAULT_RETRY_S) * 1000 : null;
  const isGone = error.code === 400 && /chat not found|upgraded to a supergroup|not enough rights|have no rights/i.test(error.description);
  return new SendError(isGone ? "closed" : kindOfStatus(error.code), error.description, retryInMs);
}

type TelegrafSignal = NonNullable<NonNullable<Parameters<Telegram["callApi"]>[2]>["signal"]>;

/**
 * Calls Telegram with an end to the waiting; telegraf's own limit is eight minutes. Its types know only the signals of an old
 * package; its HTTP client takes Node's as well.
 */
export function limited<Result>(
  ms: number,
  request: (options: { readonly signal: TelegrafSignal }) => Promise<Result>,
  stop?: AbortSignal,
): Promise<Result> {
  return withDeadline(ms, stop, (signal) => request({ signal: signal as unknown as TelegrafSignal }));
}

export function createTelegramClient(token: string, apiRoot: string | undefined): Telegram {
  return new Telegram(token, { apiRoot: apiRoot ?? TELEGRAM_ROOT });
}

export function createTelegramApi(options: TelegramApiOptions): TelegramApi {
  const { token, log } = options;
  const client = createTelegramClient(token, options.apiRoot);
  const pace = (chatId: string): Pace => (chatId.startsWith("-") ? GROUP_PACE : PRIVATE_PACE);
  const queue = createSendQueue({ pace, clock: options.clock, log });

  function call<Result>(chatId: string, request: (options: { readonly signal: TelegrafSignal }) => Promise<Result>): Promise<Result> {
    return queue.push(chatId, async () => {
      try {
        return await limited(REQUEST_TIMEOUT_MS, request);
      } catch (error) {
        throw toSendError(error, token);
      }
    });
  }

  return {
    client,
    async send(place, html, keyboard = [], isSilent = false) {
      const payload = {
        chat_id: place.chatId,
        link_preview_options: { is_disabled: true },
        ...(isSilent ? { disable_notification: true } : {}),
        ...(place.threadId === undefined ? {} : { message_thread_id: place.threadId }),
        ...(place.replyTo === undefined ? {} : { reply_parameters: { message_id: place.replyTo, allow_sending_without_reply: true } }),
        ...(keyboard.length === 0 ? {} : { reply_markup: { inline_keyboard: keyboard.map((row) => [...row]) } }),
      };
      const post = (body: { text: string; parse_mode?: "HTML" }): Promise<number> =>
        call(place.chatId, async (limits) => (await client.callApi("sendMessage", { ...payload, ...body }, limits)).message_id);
      try {
        return await post({ text: html, parse_mode: "HTML" });
      } catch (error) {
        if (!isMarkupFault(error)) throw error;
        log.error({ reason: error.message }, "Telegram refused our markup; the message goes out as plain text");
        return post({ text: htmlToPlain(html) });
      }
    },
    async edit(place, messageId, html, keyboard = []) {
      const reply_markup = { inline_keyboard: keyboard.map((row) => [...row]) };
      const payload = { chat_id: place.chatId, message_id: messageId, text: html, parse_mode: "HTML" as const, reply_markup };
      const extra = { link_preview_options: { is_disabled: true } };
      await ignoreUnchanged(call(place.chatId, (limits) => client.callApi("editMessageText", { ...payload, ...extra }, limits)));
    },
    async removeKeyboard(place, messageId) {
      const payload = { chat_id: place.chatId, message_id: messageId, reply_markup: { inline_keyboard: [] } };
      const edit = call(place.chatId, (limits) => client.callApi("editMessageReplyMarkup", payload, limits));
      // Dead buttons under an old message harm nobody: their tokens are used up.
      await succeeds(ignoreUnchanged(edit), (error) =>
        log.info({ reason: toSendError(error, token).message }, "the buttons of an old message could not be removed"),
      );
    },
    async remove(place, messageId) {
      const payload = { chat_id: place.chatId, message_id: messageId };
      return await succeeds(
        call(place.chatId, (limits) => client.callApi("deleteMessage", payload, limits)),
        (error) => log.warn({ chatId: place.chatId, reason: toSendError(error, token).message }, "a message could not be deleted"),
      );
    },
    async answerPress(queryId, notice) {
      const words = notice === undefined ? {} : { text: clip(notice, NOTICE_MAX), show_alert: true };
      const payload = { callback_query_id: queryId, ...words };
      try {
        await limited(REQUEST_TIMEOUT_MS, (limits) => client.callApi("answerCallbackQuery", payload, limits));
      } catch (error) {
        log.warn({ reason: toSendError(error, token).message }, "a button press could not be acknowledged");
      }
    },
    stop: (graceMs) => queue.stop(graceMs),
  };
}

function isMarkupFault(error: unknown): error is SendError {
  return error instanceof SendError && error.kind === "refused" && error.message.includes("can't parse entities");
}

/** Whether it worked; a failure goes to `note` and no further. */
async function succeeds(work: Promise<unknown>, note: (error: unknown) => void): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    note(error);
    return false;
  }
}

async function ignoreUnchanged(edit: Promise<unknown>): Promise<void> {
  try {
    await edit;
  } catch (error) {
    if (!(error instanceof SendError) || !error.message.includes("message is not modified")) throw error;
  }
}

function htmlToPlain(html: string): string {
  const text = html
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
  return clip(text, TELEGRAM_TEXT_MAX);
}

export interface TelegramIdentity {
  readonly id: number;
  readonly username: string;
}

/** Who the token belongs to (getMe). A refused token is a UserError, an unreachable Telegram a SendError. */
export async function identify(client: Telegram, token: string, stop?: AbortSignal): Promise<TelegramIdentity> {
  try {
    const me = await limited(REQUEST_TIMEOUT_MS, (limits) => client.callApi("getMe", {}, limits), stop);
    return { id: me.id, username: me.username };
  } catch (error) {
    const isRefused = error instanceof TelegramError && (error.code === 401 || error.code === 404);
    if (!isRefused) throw toSendError(error, token);
    throw new UserError(
      {
        en: "Telegram does not accept this bot token (TELEGRAM_BOT_TOKEN); copy it again from @BotFather, /mybots, API Token.",
        "zh-TW": "Telegram 不接受這個機器人權杖（TELEGRAM_BOT_TOKEN）；請到 @BotFather 的 /mybots → API Token 重新複製。",
      },
      "telegramToken",
    );
  }
}
