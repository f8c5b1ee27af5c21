// People in the fake Telegram: what they say and press, in every way that Telegram lets them.

import type { Fields } from "./specs.ts";

/** A message of our bot, as the chat shows it now. */
export interface TelegramMessage {
  readonly messageId: number;
  readonly chatId: string;
  readonly threadId: number | null;
  readonly replyTo: number | null;
  /** As sent, and as a reader sees it. */
  readonly html: string;
  readonly text: string;
  readonly buttons: readonly { readonly text: string; readonly token: string }[];
  /** Every text it had before, oldest first. */
  readonly earlier: readonly string[];
  readonly sentAt: number;
}

export interface Speaker {
  readonly from?: number;
  readonly name?: string;
  readonly language?: string;
  readonly isBot?: boolean;
  /** Defaults to the private chat with the speaker. */
  readonly chat?: number;
  readonly chatType?: "private" | "group" | "supergroup" | "channel";
  readonly threadId?: number;
}

export interface Saying extends Speaker {
  /** Age of the message in seconds. */
  readonly ageS?: number;
  readonly kind?: "plain" | "edited" | "forwarded" | "viaBot" | "anonymousAdmin" | "asChannel" | "channelPost";
}

const ANONYMOUS_ADMIN = 1_087_968_824;
const POSTS_AS_CHANNEL = 136_817_688;
const SPEAKER = 42;

function personOf(speaker: Speaker): Fields {
  return {
    id: speaker.from ?? SPEAKER,
    is_bot: speaker.isBot ?? false,
    first_name: speaker.name ?? "Ann",
    language_code: speaker.language ?? "en",
  };
}

/** The chat of a speaker; negative ids are groups. */
export function chatOf(speaker: Speaker): Fields {
  const id = speaker.chat ?? speaker.from ?? SPEAKER;
  return { id, type: speaker.chatType ?? (id < 0 ? "supergroup" : "private") };
}

/** What an update holds, apart from its id, when somebody says something. */
export function saidUpdate(text: string, saying: Saying, messageId: number): Fields {
  const date = Math.floor(Date.now() / 1000) - (saying.ageS ?? 0);
  const channel = { id: -1_002_000, type: "channel", title: "News" };
  const entities = text.startsWith("/") ? { entities: [{ type: "bot_command", offset: 0, length: text.split(/\s/)[0]?.length ?? 0 }] } : {};
  const thread = saying.threadId === undefined ? {} : { message_thread_id: saying.threadId, is_topic_message: true };
  const message: Fields = { message_id: messageId, date, chat: chatOf(saying), from: personOf(saying), text, ...entities, ...thread };
  switch (saying.kind ?? "plain") {
    case "plain":
      return { message };
    case "edited":
      return { edited_message: { ...message, edit_date: date } };
    case "forwarded": {
      const origin = { type: "user", date, sender_user: { id: 7, is_bot: false, first_name: "Eve" } };
      return { message: { ...message, forward_origin: origin, forward_date: date } };
    }
    case "viaBot":
      return { message: { ...message, via_bot: { id: 8, is_bot: true, first_name: "Inline", username: "inline_bot" } } };
    case "anonymousAdmin": {
      const from = { id: ANONYMOUS_ADMIN, is_bot: true, first_name: "Group", username: "GroupAnonymousBot" };
      return { message: { ...message, from, sender_chat: chatOf(saying) } };
    }
    case "asChannel":
      return {
        message: { ...message, from: { id: POSTS_AS_CHANNEL, is_bot: true, first_name: "Channel" }, sender_chat: channel },
      };
    case "channelPost":
      return { channel_post: { ...message, from: undefined, chat: channel, sender_chat: channel } };
  }
}

/** What an update holds, apart from its id, when somebody presses a button. Throws when the message has no such button. */
export function pressUpdate(message: TelegramMessage, label: string, speaker: Speaker, id: string): Fields {
  const button = message.buttons.find((candidate) => candidate.text === label);
  if (button === undefined) throw new Error(`the message has no button "${label}", only ${message.buttons.map((b) => b.text).join(", ")}`);
  const chat = chatOf({ chat: Number(message.chatId), ...speaker });
  const shown = { message_id: message.messageId, date: Math.floor(message.sentAt / 1000), chat, text: message.text };
  return { callback_query: { id, from: personOf(speaker), message: shown, chat_instance: "1", data: button.token } };
}
