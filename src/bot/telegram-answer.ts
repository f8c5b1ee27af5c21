// One answer in a Telegram chat: a message that is edited in place while a command runs.

import type { Logger } from "pino";
import type { Reply } from "../core/command.ts";
import type { Language } from "../core/text.ts";
import { keyboardOf, renderHtml } from "./render.ts";
import { SendError } from "./send-error.ts";
import type { Place, TelegramApi } from "./telegram-api.ts";

export interface Answer {
  /** Shows an intermediate state; only the newest is shown when they come faster than the chat takes them. Never throws. */
  progress(reply: Reply): void;
  /** Shows the final reply. Resolves with the id of the message that carries the buttons. Rejects with a SendError. */
  finish(reply: Reply): Promise<number>;
}

export interface AnswerOptions {
  readonly api: TelegramApi;
  readonly place: Place;
  readonly language: Language;
  readonly log: Logger;
  /** A message of ours to edit instead of sending a new one. */
  readonly messageId?: number | undefined;
}

export function createAnswer(options: AnswerOptions): Answer {
  const { api, place, language, log } = options;
  let messageId = options.messageId ?? null;
  let shown: string | null = null;
  let newest: Reply | null = null;
  let showing: Promise<void> | null = null;

  async function put(html: string, keyboard: ReturnType<typeof keyboardOf>): Promise<number> {
    if (messageId !== null) {
      try {
        await api.edit(place, messageId, html, keyboard);
        return messageId;
      } catch (error) {
        // The message is gone or too old to edit; the words still have to arrive.
        if (!(error instanceof SendError) || error.kind !== "refused") throw error;
      }
    }
    messageId = await api.send(place, html, keyboard);
    return messageId;
  }

  async function showNewest(): Promise<void> {
    while (newest !== null) {
      const html = renderHtml(newest, language)[0] ?? "";
      newest = null;
      if (html === shown) continue;
      try {
        await put(html, []);
        shown = html;
      } catch (error) {
        log.warn({ chatId: place.chatId, reason: error instanceof Error ? error.message : String(error) }, "progress could not be shown");
      }
    }
    showing = null;
  }

  return {
    progress(reply) {
      newest = reply;
      showing ??= showNewest();
    },
    async finish(reply) {
      newest = null;
      await showing;
      const parts = renderHtml(reply, language);
      const keyboard = keyboardOf(reply, language);
      const last = parts.length - 1;
      let carrier = await put(parts[0] ?? "", last <= 0 ? keyboard : []);
      for (const [index, part] of parts.slice(1).entries()) carrier = await api.send(place, part, index + 1 === last ? keyboard : []);
      return carrier;
    },
  };
}
