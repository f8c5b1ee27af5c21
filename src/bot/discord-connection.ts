// One life of the connection to Discord's gateway, from login to its end.

import { Client, Events, GatewayIntentBits, type Interaction, Status } from "discord.js";
import type { Logger } from "pino";
import { discordTokenError } from "./discord-api.ts";
import { within } from "./pause.ts";
import { SendError } from "./send-error.ts";

export interface ConnectionOptions {
  readonly token: string;
  readonly apiRoot?: string | undefined;
  readonly log: Logger;
  readonly stop: AbortSignal;
  readonly onInteraction: (interaction: Interaction) => void;
  /** The connection stands; called again after every reconnect. */
  readonly onConnected: () => void;
  readonly onGuild: (guildId: string) => void;
}

const REQUEST_TIMEOUT_MS = 15_000;
const LOOK_EVERY_MS = 5_000;
/** discord.js resumes by itself; when that does not succeed for so long, a fresh client does better. */
const SILENT_MAX_MS = 60_000;
const GOODBYE_MS = 3_000;

/**
 * Logs in and hands over interactions. Resolves when the signal aborts; rejects when the connection is lost for good: with a
 * UserError for a token that Discord refuses, else with a SendError, after which the caller may try again.
 */
export async function holdConnection(options: ConnectionOptions): Promise<void> {
  const { log, stop } = options;
  const rest = { version: "10", timeout: REQUEST_TIMEOUT_MS, ...(options.apiRoot === undefined ? {} : { api: options.apiRoot }) };
  // Slash commands and buttons arrive without reading anybody's messages.
  const client = new Client({ intents: [GatewayIntentBits.Guilds], rest, allowedMentions: { parse: [] } });
  let watchdog: NodeJS.Timeout | null = null;
  try {
    await new Promise<void>((resolve, reject) => {
      if (stop.aborted) return resolve();
      stop.addEventListener("abort", () => resolve(), { once: true });
      const lose = (reason: string): void => reject(new SendError("later", reason));
      client.on(Events.InteractionCreate, options.onInteraction);
      client.on(Events.ClientReady, options.onConnected);
      client.on(Events.ShardResume, options.onConnected);
      client.on(Events.GuildCreate, (guild) => options.onGuild(guild.id));
      client.on(Events.Error, (error) => log.warn({ reason: error.message }, "discord.js reported an error"));
      client.on(Events.ShardError, (error) => log.warn({ reason: error.message }, "the connection to Discord has an error"));
      client.on(Events.ShardReconnecting, () => log.info("Discord is interrupted and reconnects"));
      client.on(Events.ShardDisconnect, ({ code }) => lose(`the gateway closed the connection for good (${code})`));
      client.on(Events.Invalidated, () => lose("the gateway ended the session"));
      watchdog = watchReadiness(client, () => lose(`no connection to the gateway for ${SILENT_MAX_MS / 1000} s`));
      client.login(options.token).catch((error: unknown) => reject(loginFault(error)));
    });
  } finally {
    if (watchdog !== null) clearInterval(watchdog);
    client.removeAllListeners();
    client.on(Events.Error, () => undefined);
    await within(client.destroy(), GOODBYE_MS);
  }
}

function loginFault(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  const isRefused = code === "TokenInvalid" || /authentication failed/i.test(message);
  return isRefused ? discordTokenError() : new SendError("later", message);
}

function watchReadiness(client: Client, onSilent: () => void): NodeJS.Timeout {
  let silentMs = 0;
  return setInterval(() => {
    const { shards } = client.ws;
    const isReady = shards.size > 0 && shards.every((shard) => shard.status === Status.Ready);
    silentMs = isReady ? 0 : silentMs + LOOK_EVERY_MS;
    if (silentMs >= SILENT_MAX_MS) onSilent();
  }, LOOK_EVERY_MS);
}
