// Discord's REST interface as we use it: who we are, the commands, messages to channels; faults turned into ours.

import { DiscordAPIError, HTTPError, REST, type RESTGetCurrentApplicationResult, Routes } from "discord.js";
import { UserError } from "../core/text.ts";
import type { DiscordMessage } from "./render-discord.ts";
import { kindOfStatus, SendError } from "./send-error.ts";

export const DISCORD_ROOT = "https://discord.com/api";
const REQUEST_TIMEOUT_MS = 15_000;

/** ViewChannel, SendMessages, EmbedLinks, SendMessagesInThreads: https://discord.com/developers/docs/topics/permissions */
const PERMISSIONS = (1n << 10n) | (1n << 11n) | (1n << 14n) | (1n << 38n);

export interface DiscordIdentity {
  readonly applicationId: string;
  readonly name: string;
  /** Opens the dialog that adds the bot to a server, with the permissions it needs. */
  readonly inviteUrl: string;
}

/** Waits out 429 answers and tries 5xx again by itself, up to three times. */
export function createDiscordRest(token: string, apiRoot: string | undefined): REST {
  const rest = new REST({ version: "10", api: apiRoot ?? DISCORD_ROOT, timeout: REQUEST_TIMEOUT_MS, retries: 3 });
  return rest.setToken(token);
}

export function inviteUrlOf(applicationId: string, guildId?: string): string {
  const guild = guildId === undefined ? "" : `&guild_id=${guildId}`;
  return `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=bot+applications.commands&permissions=${PERMISSIONS}${guild}`;
}

/** The same fault as a SendError; faults of the network are `later`. */
export function discordFault(error: unknown): SendError {
  if (error instanceof SendError) return error;
  if (error instanceof DiscordAPIError) return new SendError(kindOfStatus(error.status), `${error.message} (${error.code})`);
  if (error instanceof HTTPError) return new SendError(kindOfStatus(error.status), `HTTP ${error.status}`);
  return new SendError("later", error instanceof Error ? error.message : String(error));
}

export function discordTokenError(): UserError {
  return new UserError(
    {
      en: "Discord does not accept this bot token (DISCORD_BOT_TOKEN); in the developer portal open your application, Bot, Reset Token, and copy it again.",
      "zh-TW": "Discord 不接受這個機器人權杖（DISCORD_BOT_TOKEN）；請到開發者後台的應用程式 → Bot → Reset Token 重新產生並複製。",
    },
    "discordToken",
  );
}

/** Who the token belongs to. A refused token is a UserError, an unreachable Discord a SendError. */
export async function identifyDiscord(rest: REST, guildId?: string): Promise<DiscordIdentity> {
  try {
    const application = (await rest.get(Routes.currentApplication())) as RESTGetCurrentApplicationResult;
    return { applicationId: application.id, name: application.name, inviteUrl: inviteUrlOf(application.id, guildId) };
  } catch (error) {
    throw error instanceof DiscordAPIError && error.status === 401 ? discordTokenError() : discordFault(error);
  }
}

/** Posts to a channel. Resolves when Discord has the message; rejects with a SendError. */
export async function sendToChannel(rest: REST, channelId: string, message: DiscordMessage): Promise<void> {
  try {
    await rest.post(Routes.channelMessages(channelId), { body: message });
  } catch (error) {
    throw discordFault(error);
  }
}
