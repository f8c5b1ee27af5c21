// Where alerts go: Discord channels, an incoming Discord webhook, chats that a person enrolled.

import type { Reply } from "../core/command.ts";
import { type Language, UserError } from "../core/text.ts";
import type { DiscordFrontend } from "./discord.ts";
import { renderHtml } from "./render.ts";
import { type DiscordMessage, renderDiscord } from "./render-discord.ts";
import { kindOfStatus, SendError } from "./send-error.ts";
import type { TelegramFrontend } from "./telegram.ts";

export interface DeliveryTarget {
  /** Under this name the outbox keeps how far it got; never holds a secret. */
  readonly name: string;
  /** Resolves when the platform has everything; rejects with a SendError. `isSilent`: without a sound at the reader's. */
  deliver(reply: Reply, isSilent: boolean): Promise<void>;
}

export interface AlertTargets {
  readonly fixed: readonly DeliveryTarget[];
  /** The target of an enrolled chat; null when its frontend is not running. */
  ofChat(chat: { readonly frontend: "telegram" | "discord"; readonly chatId: string }): DeliveryTarget | null;
}

export interface AlertTargetsOptions {
  readonly telegram?: Pick<TelegramFrontend, "send"> | undefined;
  readonly discord?: Pick<DiscordFrontend, "send"> | undefined;
  /** DISCORD_ALERT_CHANNEL_ID; needs `discord`. */
  readonly channelId?: string | undefined;
  /** DISCORD_ALERT_WEBHOOK_URL; needs nothing else. */
  readonly webhookUrl?: string | undefined;
  readonly language?: Language;
}

const WEBHOOK_PATH = /\/webhooks\/(\d+)\/[\w-]+\/?$/;
const WEBHOOK_TIMEOUT_MS = 15_000;

/** The targets that the settings name, and how to reach enrolled chats. Throws a UserError for a webhook address that is none. */
export function alertTargets(options: AlertTargetsOptions): AlertTargets {
  const { telegram, discord, channelId, webhookUrl, language = "en" } = options;
  const fixed: DeliveryTarget[] = [];
  if (discord !== undefined && channelId !== undefined) fixed.push(discordTarget(discord, channelId, language));
  if (webhookUrl !== undefined) fixed.push(webhookTarget(webhookUrl, language));
  return {
    fixed,
    ofChat({ frontend, chatId }) {
      if (frontend === "telegram") return telegram === undefined ? null : telegramTarget(telegram, chatId, language);
      return discord === undefined ? null : discordTarget(discord, chatId, language);
    },
  };
}

export function telegramTarget(telegram: Pick<TelegramFrontend, "send">, chatId: string, language: Language): DeliveryTarget {
  return {
    name: `telegram:${chatId}`,
    async deliver(reply, isSilent) {
      for (const html of renderHtml(reply, language)) await telegram.send(chatId, { html, isSilent });
    },
  };
}

export function discordTarget(discord: Pick<DiscordFrontend, "send">, channelId: string, language: Language): DeliveryTarget {
  return {
    name: `discord:channel:${channelId}`,
    async deliver(reply, isSilent) {
      for (const message of renderDiscord(reply, language)) await discord.send(channelId, isSilent ? muted(message) : message);
    },
  };
}

/** An incoming webhook needs no bot: its address is the permission, and so a secret. */
export function webhookTarget(url: string, language: Language): DeliveryTarget {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const id = parsed === null ? undefined : WEBHOOK_PATH.exec(parsed.pathname)?.[1];
  if (parsed === null || id === undefined) {
    throw new UserError(
      {
        en: "DISCORD_ALERT_WEBHOOK_URL is not a webhook address; it looks like https://discord.com/api/webhooks/NUMBER/TOKEN (channel settings, Integrations, Webhooks).",
        "zh-TW":
          "DISCORD_ALERT_WEBHOOK_URL 不是 Webhook 網址；正確格式為 https://discord.com/api/webhooks/數字/權杖（頻道設定 → 整合 → Webhook）。",
      },
      "discordWebhook",
    );
  }
  parsed.searchParams.set("wait", "true");
  const address = parsed.href;
  return {
    name: `discord:webhook:${id}`,
    async deliver(reply, isSilent) {
      for (const message of renderDiscord(reply, language)) await postToWebhook(address, isSilent ? muted(message) : message);
    },
  };
}

/** SUPPRESS_NOTIFICATIONS: https://discord.com/developers/docs/resources/message#message-object-message-flags */
const SUPPRESS_NOTIFICATIONS = 1 << 12;

function muted(message: DiscordMessage): DiscordMessage {
  return { ...message, flags: SUPPRESS_NOTIFICATIONS };
}

async function postToWebhook(address: string, { components: _, ...message }: DiscordMessage): Promise<void> {
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
  }).catch((error: unknown) => {
    // The cause names the host at most; the address with its token stays out of the log.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new SendError("later", `the webhook could not be reached: ${cause}`);
  });
  const body = await response.text().catch(() => "");
  if (response.ok) return;
  throw new SendError(kindOfStatus(response.status), `the webhook answered ${response.status}`, retryIn(response, body));
}

function retryIn(response: Response, body: string): number | null {
  if (response.status !== 429) return null;
  const inBody = /"retry_after"\s*:\s*([\d.]+)/.exec(body)?.[1];
  const seconds = Number(inBody ?? response.headers.get("retry-after") ?? 1);
  return Number.isFinite(seconds) ? Math.ceil(seconds * 1000) : 1_000;
}
