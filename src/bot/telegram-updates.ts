// Decides what an update from Telegram is: a command, a button press, something to refuse with a sentence, or nothing for us.

import { z } from "zod";
import { looksLikeSecret } from "../core/chat/secret-words.ts";
import type { Invocation } from "../core/command.ts";
import { type Language, languageOf, type Text } from "../core/text.ts";
import { cleanText, clip } from "./render-text.ts";
import type { Place } from "./telegram-api.ts";

/** Older commands are not carried out: whoever typed them has seen another market. */
export const STALE_AFTER_MS = 60_000;
const NAME_MAX = 64;

/** Telegram's stand-ins for a sender it does not name: anonymous group admins, posts as a channel, forwards from a linked channel. */
const STAND_INS: ReadonlySet<number> = new Set([1_087_968_824, 136_817_688, 777_000]);

const userSchema = z.object({
  id: z.int(),
  is_bot: z.boolean(),
  first_name: z.string().default(""),
  username: z.string().optional(),
  language_code: z.string().optional(),
});

const chatSchema = z.object({ id: z.int(), type: z.string() });

const messageSchema = z.object({
  message_id: z.int(),
  date: z.int(),
  chat: chatSchema,
  from: userSchema.optional(),
  sender_chat: z.unknown().optional(),
  text: z.string().optional(),
  caption: z.string().optional(),
  message_thread_id: z.int().optional(),
  is_topic_message: z.boolean().optional(),
  /** Set on forwards; the second is what servers before Bot API 7.0 say. */
  forward_origin: z.unknown().optional(),
  forward_date: z.unknown().optional(),
  via_bot: z.unknown().optional(),
});

const pressSchema = z.object({
  id: z.string(),
  from: userSchema,
  data: z.string().optional(),
  message: z
    .object({
      message_id: z.int(),
      chat: chatSchema,
      message_thread_id: z.int().optional(),
      is_topic_message: z.boolean().optional(),
    })
    .optional(),
});

/** The parts of https://core.telegram.org/bots/api#update that we read. */
export const updateSchema = z.object({
  update_id: z.int(),
  message: messageSchema.optional(),
  edited_message: messageSchema.optional(),
  callback_query: pressSchema.optional(),
});

export type Update = z.infer<typeof updateSchema>;
type Message = z.infer<typeof messageSchema>;
type User = z.infer<typeof userSchema>;

export type Screened =
  | { readonly type: "command"; readonly invocation: Invocation; readonly place: Place }
  | { readonly type: "press"; readonly invocation: Invocation; readonly place: Place; readonly queryId: string; readonly messageId: number }
  | { readonly type: "strayPress"; readonly queryId: string }
  /** Refused with one sentence, so that an honest person knows why nothing happens. */
  | { readonly type: "refused"; readonly place: Place; readonly language: Language; readonly why: string; readonly sentence: Text }
  /** Looks as if it held a key: to be taken out of the chat, and read by nobody. */
  | { readonly type: "secret"; readonly place: Place; readonly messageId: number; readonly language: Language }
  | { readonly type: "nothing" };

const NOTHING: Screened = { type: "nothing" };

const ANONYMOUS: Text = {
  en: "Not carried out: you write as an anonymous admin or as a channel, so it is not known who you are. Write as yourself.",
  "zh-TW": "未執行：你以匿名管理員或頻道身分發言，無法確認你是誰。請改用自己的帳號發言。",
};
const FORWARDED: Text = {
  en: "Not carried out: forwarded messages are not commands. Type the command yourself.",
  "zh-TW": "未執行：轉傳的訊息不算指令。請自行輸入指令。",
};
const VIA_BOT: Text = {
  en: "Not carried out: messages sent through another bot are not commands. Type the command yourself.",
  "zh-TW": "未執行：透過其他機器人送出的訊息不算指令。請自行輸入指令。",
};
const EDITED: Text = {
  en: "Not carried out: edited messages are not commands. Send the command as a new message.",
  "zh-TW": "未執行：編輯過的訊息不算指令。請重新傳送一則指令。",
};

function staleText(ageMs: number): Text {
  const minutes = Math.max(1, Math.floor(ageMs / 60_000));
  return {
    en: `Ignored, ${minutes} min old: the command came while Botswain was away. Nothing sent before now was carried out; send it again if you still want it.`,
    "zh-TW": `已忽略，這是 ${minutes} 分鐘前的指令：當時 Botswain 離線。先前傳送的指令都沒有執行；如仍需要，請重新傳送。`,
  };
}

function placeOf(message: { chat: { id: number }; message_thread_id?: number | undefined; is_topic_message?: boolean | undefined }): Place {
  const thread = message.is_topic_message === true ? message.message_thread_id : undefined;
  return { chatId: String(message.chat.id), ...(thread === undefined ? {} : { threadId: thread }) };
}

function personOf(user: User): Invocation["user"] {
  const name = cleanText(user.username ?? user.first_name).replaceAll("\n", " ");
  return { id: String(user.id), name: clip(name, NAME_MAX) };
}

/** The line without `@ourname`; null when it is addressed to another bot. */
function lineFor(text: string, username: string): string | null {
  const match = /^\/([A-Za-z0-9_]+)@([A-Za-z0-9_]+)([\s\S]*)$/.exec(text);
  if (match === null) return text;
  return match[2]?.toLowerCase() === username.toLowerCase() ? `/${match[1]}${match[3]}` : null;
}

/**
 * Screens an update. `now` is epoch ms. Only Telegram's own peculiarities are settled here; whether a person or a chat is
 * allowed is `dispatch`'s business.
 */
export function screenUpdate(update: Update, username: string, now: number): Screened {
  if (update.callback_query !== undefined) return screenPress(update.callback_query);
  if (update.edited_message !== undefined) return screenMessage(update.edited_message, username, now, true);
  if (update.message !== undefined) return screenMessage(update.message, username, now, false);
  return NOTHING;
}

function screenMessage(message: Message, username: string, now: number, isEdited: boolean): Screened {
  const { chat, from, text, caption = "" } = message;
  const isPrivate = chat.type === "private";
  const isGroup = chat.type === "group" || chat.type === "supergroup";
  if (isPrivate || isGroup) {
    const isPairing = text !== undefined && /^\/pair(?:@\w+)?\s/i.test(text);
    if (!isPairing && looksLikeSecret(text ?? caption))
      return { type: "secret", place: placeOf(message), messageId: message.message_id, language: languageOf(from?.language_code) };
  }
  if (from === undefined || text === undefined || (!isPrivate && !isGroup)) return NOTHING;
  const isCommand = text.startsWith("/");
  if (!isCommand && !isPrivate) return NOTHING;
  const line = lineFor(text, username);
  if (line === null) return NOTHING;
  const language = languageOf(from.language_code);
  const place: Place = { ...placeOf(message), ...(isPrivate ? {} : { replyTo: message.message_id }) };
  const refuse = (why: string, sentence: Text): Screened => ({ type: "refused", place, language, why, sentence });
  if (message.sender_chat !== undefined || STAND_INS.has(from.id)) return refuse("anonymous", ANONYMOUS);
  if (from.is_bot) return NOTHING;
  if (isEdited) return isCommand ? refuse("edited", EDITED) : NOTHING;
  if (message.forward_origin !== undefined || message.forward_date !== undefined) return refuse("forwarded", FORWARDED);
  if (message.via_bot !== undefined) return refuse("viaBot", VIA_BOT);
  const ageMs = now - message.date * 1000;
  if (ageMs > STALE_AFTER_MS) return refuse("stale", staleText(ageMs));
  const invocation: Invocation = {
    frontend: "telegram",
    user: personOf(from),
    chat: { id: String(chat.id), isPrivate },
    messageId: String(message.message_id),
    input: { type: "line", line },
    language,
  };
  return { type: "command", invocation, place };
}

function screenPress(press: z.infer<typeof pressSchema>): Screened {
  const { message, data, from } = press;
  if (message === undefined || data === undefined || from.is_bot || message.chat.type === "channel") {
    return { type: "strayPress", queryId: press.id };
  }
  const invocation: Invocation = {
    frontend: "telegram",
    user: personOf(from),
    chat: { id: String(message.chat.id), isPrivate: message.chat.type === "private" },
    messageId: `press-${press.id}`,
    input: { type: "press", token: data },
    language: languageOf(from.language_code),
  };
  return { type: "press", invocation, place: placeOf(message), queryId: press.id, messageId: message.message_id };
}
