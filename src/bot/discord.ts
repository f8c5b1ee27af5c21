// Botswain in Discord: slash commands and buttons to dispatch, replies and alerts back.

import { type Interaction, InteractionContextType, type REST, Routes } from "discord.js";
import type { Logger } from "pino";
import type { AnyCommand, Invocation, Reply } from "../core/command.ts";
import type { Clock } from "../core/ports.ts";
import { languageOf, UserError } from "../core/text.ts";
import { InteractionAnswer } from "./discord-answer.ts";
import { createDiscordRest, type DiscordIdentity, discordFault, identifyDiscord, sendToChannel } from "./discord-api.ts";
import { slashCommandsOf } from "./discord-commands.ts";
import { holdConnection } from "./discord-connection.ts";
import { askDispatch } from "./guarded-dispatch.ts";
import { pause, within } from "./pause.ts";
import { createRecent } from "./recent.ts";
import type { DiscordMessage } from "./render-discord.ts";
import { cleanText, clip } from "./render-text.ts";
import { isIdlePress } from "./reply-audience.ts";
import { backOffMs } from "./send-error.ts";

export interface DiscordOptions {
  readonly token: string;
  /** Commands are registered in this server alone, at once; without it everywhere, which Discord may take an hour for. */
  readonly guildId?: string | undefined;
  /** Another address than https://discord.com/api. */
  readonly apiRoot?: string | undefined;
  readonly commands: readonly AnyCommand[];
  readonly dispatch: (invocation: Invocation) => Promise<Reply>;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface DiscordFrontend {
  /** Adds the bot to a server; null until Discord was reached. */
  readonly inviteUrl: string | null;
  /** Posts to a channel. Resolves when Discord has the message; rejects with a SendError. */
  send(channelId: string, message: DiscordMessage): Promise<void>;
  stop(): Promise<void>;
}

const FIRST_BACK_OFF_MS = 1_000;
const LONGEST_BACK_OFF_MS = 60_000;
const FIRST_CONTACT_MS = 20_000;
const GRACE_MS = 5_000;
const REMEMBERED = 2_000;
/** What came so late, after an outage, nobody waits for any more. */
const STALE_AFTER_MS = 60_000;
const NAME_MAX = 64;

interface Frontend {
  readonly options: DiscordOptions;
  readonly rest: REST;
  readonly seen: ReturnType<typeof createRecent>;
  /** Messages that ask: their answer replaces them, while a result that offers a button stays. */
  readonly questions: ReturnType<typeof createRecent>;
  readonly running: Set<Promise<void>>;
  readonly stopping: AbortController;
  identity: DiscordIdentity | null;
  isRegistered: boolean;
}

/**
 * Starts the frontend. Rejects with a UserError when Discord refuses the token. When Discord cannot be reached it resolves after
 * a moment all the same and keeps trying, as it does after every later fault.
 */
export async function startDiscord(options: DiscordOptions): Promise<DiscordFrontend> {
  const frontend: Frontend = {
    options,
    rest: createDiscordRest(options.token, options.apiRoot),
    seen: createRecent(REMEMBERED),
    questions: createRecent(REMEMBERED),
    running: new Set(),
    stopping: new AbortController(),
    identity: null,
    isRegistered: false,
  };
  let refuse: (error: unknown) => void = () => undefined;
  let ready: () => void = () => undefined;
  const firstContact = new Promise<void>((resolve, reject) => {
    ready = resolve;
    refuse = reject;
  });
  const supervised = supervise(frontend, ready, refuse);
  await within(firstContact, FIRST_CONTACT_MS);
  return {
    get inviteUrl() {
      return frontend.identity?.inviteUrl ?? null;
    },
    send: (channelId, message) => sendToChannel(frontend.rest, channelId, message),
    async stop() {
      frontend.stopping.abort();
      await within(Promise.all(frontend.running), GRACE_MS);
      await supervised;
    },
  };
}

/** Asks Discord who the token belongs to. Rejects with a UserError for a refused token, a SendError when nobody answers. */
export async function checkDiscord(token: string, apiRoot?: string): Promise<DiscordIdentity> {
  return identifyDiscord(createDiscordRest(token, apiRoot));
}

/** Connects until told to stop; every fault is logged and followed by another attempt. */
async function supervise(frontend: Frontend, ready: () => void, refuse: (error: unknown) => void): Promise<void> {
  const { options, stopping } = frontend;
  let failures = 0;
  const onConnected = (): void => {
    failures = 0;
    options.log.info({ name: frontend.identity?.name }, "Discord is connected");
    ready();
  };
  while (!stopping.signal.aborted) {
    try {
      await connect(frontend, onConnected);
    } catch (error) {
      if (stopping.signal.aborted) return;
      if (error instanceof UserError && frontend.identity === null) {
        options.log.error({ reason: error.message }, "Discord refused the bot token; nothing is tried again until a restart");
        return refuse(error);
      }
      failures += 1;
      const waitMs = backOffMs(failures, FIRST_BACK_OFF_MS, LONGEST_BACK_OFF_MS);
      const reason = error instanceof Error ? error.message : String(error);
      options.log.warn({ reason, failures, waitMs }, "Discord is interrupted and will be tried again");
      await pause(waitMs, stopping.signal);
    }
  }
}

async function connect(frontend: Frontend, onConnected: () => void): Promise<void> {
  const { options, rest, stopping } = frontend;
  frontend.identity = await identifyDiscord(rest, options.guildId);
  await register(frontend);
  await holdConnection({
    token: options.token,
    apiRoot: options.apiRoot,
    log: options.log,
    stop: stopping.signal,
    onInteraction: (interaction) => take(frontend, interaction),
    onConnected,
    // Commands of a server can only be registered once the bot was invited there.
    onGuild: (guildId) => {
      if (guildId === options.guildId && !frontend.isRegistered) void register(frontend);
    },
  });
}

/** Registers the slash commands. A failure is logged with its remedy; alerts work without them. */
async function register(frontend: Frontend): Promise<void> {
  const { options, rest, identity } = frontend;
  if (identity === null) return;
  const { guildId } = options;
  const { applicationId, inviteUrl } = identity;
  const route = guildId === undefined ? Routes.applicationCommands(applicationId) : Routes.applicationGuildCommands(applicationId, guildId);
  try {
    await rest.put(route, { body: slashCommandsOf(options.commands) });
    frontend.isRegistered = true;
  } catch (error) {
    const reason = discordFault(error).message;
    options.log.error(
      { reason, guildId, inviteUrl },
      "Discord did not take the commands; open the invite link and add the bot to the server",
    );
  }
}

/** Takes an interaction without waiting for its command. */
function take(frontend: Frontend, interaction: Interaction): void {
  const { options, seen, running } = frontend;
  if (!seen.add(interaction.id)) return;
  const ageMs = options.clock.now() - interaction.createdTimestamp;
  if (ageMs > STALE_AFTER_MS) {
    options.log.info({ interactionId: interaction.id, ageMs }, "an interaction from Discord was too old to be carried out");
    return;
  }
  const work = handle(frontend, interaction).catch((error: unknown) => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    options.log.error({ interactionId: interaction.id, reason }, "an interaction from Discord could not be answered");
  });
  running.add(work);
  void work.finally(() => running.delete(work));
}

async function handle(frontend: Frontend, interaction: Interaction): Promise<void> {
  if (!interaction.isChatInputCommand() && !interaction.isButton()) return;
  const { options, questions } = frontend;
  const pressed = interaction.isButton() ? interaction.message.id : null;
  const isQuestion = pressed !== null && questions.has(pressed);
  const invocation = invocationOf(interaction, inputOf(interaction));
  const answer = new InteractionAnswer({ interaction, language: invocation.language, log: options.log, replaces: isQuestion });
  const reply = await askDispatch(options.dispatch, { ...invocation, onProgress: (progress) => answer.progress(progress) }, options.log);
  const carrier = await answer.finish(reply);
  if (carrier !== null && reply.asks === true) questions.add(carrier);
  if (pressed !== null && !isQuestion && !isIdlePress(reply)) await removeButtons(frontend, invocation.chat.id, pressed);
}

function inputOf(interaction: Interaction): Invocation["input"] {
  if (interaction.isChatInputCommand()) {
    const args = interaction.options.data.map((option) => [option.name, String(option.value ?? "")]);
    return { type: "call", command: interaction.commandName, args: Object.fromEntries(args) };
  }
  return { type: "press", token: interaction.isButton() ? interaction.customId : "" };
}

function invocationOf(interaction: Interaction, input: Invocation["input"]): Invocation {
  const { user, guildId, context } = interaction;
  const isPrivate = guildId === null && (context ?? InteractionContextType.BotDM) === InteractionContextType.BotDM;
  const name = cleanText(user.globalName ?? user.username).replaceAll("\n", " ");
  return {
    frontend: "discord",
    user: { id: user.id, name: clip(name, NAME_MAX) },
    chat: { id: interaction.channelId ?? "unknown", isPrivate },
    messageId: interaction.id,
    input,
    language: languageOf(interaction.locale),
  };
}

/** Dead buttons under an old message harm nobody, so a failure is only noted. */
async function removeButtons({ rest, options }: Frontend, channelId: string, messageId: string): Promise<void> {
  try {
    await rest.patch(Routes.channelMessage(channelId, messageId), { body: { components: [] } });
  } catch (error) {
    options.log.info({ reason: discordFault(error).message }, "the buttons of an old message could not be removed");
  }
}
