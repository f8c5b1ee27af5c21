// The objects that Discord sends: users, guilds, messages, interactions, with every field that discord.js reads.

import type { Fields } from "./specs.ts";

const DISCORD_EPOCH = 1_420_070_400_000n;
let counter = 0n;

/** A new id, made of the time as Discord makes them; `ageMs` dates it back. */
export function snowflake(ageMs = 0): string {
  counter = (counter + 1n) % 4096n;
  return String(((BigInt(Date.now() - ageMs) - DISCORD_EPOCH) << 22n) | counter);
}

export const APPLICATION_ID = "900001000000000001";

export interface DiscordPerson {
  readonly userId?: string;
  readonly name?: string;
  readonly locale?: string;
  readonly channelId?: string;
  /** null for a direct message. */
  readonly guildId?: string | null;
  /** How long ago the person acted. */
  readonly ageMs?: number;
}

/** A message in a channel, as it looks now. */
export interface PostedMessage {
  readonly id: string;
  readonly channelId: string;
  /** Set for answers to an interaction. */
  readonly interactionId: string | null;
  readonly isEphemeral: boolean;
  /** Content, titles, descriptions and fields as a reader sees them, joined by line ends. */
  readonly text: string;
  readonly buttons: readonly { readonly label: string; readonly token: string; readonly style: number }[];
  readonly embeds: readonly Fields[];
  readonly components: readonly Fields[];
  readonly earlier: readonly string[];
  readonly sentAt: number;
}

export function userOf(person: { readonly id: string; readonly name: string }): Fields {
  const isBot = person.id === APPLICATION_ID;
  return { id: person.id, username: person.name, discriminator: "0", global_name: person.name, avatar: null, bot: isBot };
}

export function applicationOf(): Fields {
  return { id: APPLICATION_ID, name: "Botswain", icon: null, description: "", summary: "", bot_public: false, flags: 0, verify_key: "0" };
}

export function readyOf(guildId: string): Fields {
  return {
    v: 10,
    user: userOf({ id: APPLICATION_ID, name: "Botswain" }),
    guilds: [{ id: guildId, unavailable: true }],
    application: { id: APPLICATION_ID, flags: 0 },
    shard: [0, 1],
  };
}

function channelOf(id: string, guildId: string | null): Fields {
  if (guildId === null) return { id, type: 1, last_message_id: null, flags: 0, recipients: [] };
  return { id, type: 0, guild_id: guildId, name: "bots", position: 0, permission_overwrites: [], nsfw: false, parent_id: null, flags: 0 };
}

export function guildOf(id: string, channelIds: readonly string[]): Fields {
  const everyone = {
    id,
    name: "@everyone",
    color: 0,
    hoist: false,
    position: 0,
    permissions: "0",
    managed: false,
    mentionable: false,
    flags: 0,
  };
  return {
    id,
    name: "Fleet",
    icon: null,
    owner_id: "1",
    large: false,
    unavailable: false,
    member_count: 1,
    joined_at: new Date().toISOString(),
    roles: [everyone],
    channels: channelIds.map((channelId) => channelOf(channelId, id)),
    members: [],
    emojis: [],
    features: [],
    stickers: [],
    threads: [],
    presences: [],
    voice_states: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    system_channel_flags: 0,
    premium_tier: 0,
    preferred_locale: "en-US",
    nsfw_level: 0,
    premium_progress_bar_enabled: false,
  };
}

export function webhookOf(webhook: { readonly id: string; readonly token: string; readonly channelId: string }): Fields {
  return {
    id: webhook.id,
    type: 1,
    token: webhook.token,
    channel_id: webhook.channelId,
    name: "Alerts",
    avatar: null,
    application_id: null,
  };
}

export function shapeOfMessage(message: PostedMessage): Fields {
  return {
    id: message.id,
    type: 0,
    channel_id: message.channelId,
    author: userOf({ id: APPLICATION_ID, name: "Botswain" }),
    content: "",
    timestamp: new Date(message.sentAt).toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: message.embeds,
    components: message.components.map((row) => ({ id: 1, ...row })),
    pinned: false,
    flags: message.isEphemeral ? 64 : 0,
  };
}

export type Action =
  | { readonly command: Fields; readonly options: Readonly<Record<string, string>> }
  | { readonly button: string; readonly message: Fields };

export function interactionOf(
  place: DiscordPerson & { readonly guildId: string | null; readonly channelId: string },
  action: Action,
): Fields {
  const user = userOf({ id: place.userId ?? "4200000000000000042", name: place.name ?? "ann" });
  const { guildId, channelId } = place;
  const member = { user, roles: [], joined_at: new Date().toISOString(), permissions: "0", deaf: false, mute: false, flags: 0 };
  const who = guildId === null ? { user } : { guild_id: guildId, guild_locale: "en-US", member };
  const id = snowflake(place.ageMs ?? 0);
  const base = {
    id,
    application_id: APPLICATION_ID,
    token: `interaction-${id}`,
    version: 1,
    channel_id: channelId,
    channel: channelOf(channelId, guildId),
    locale: place.locale ?? "en-US",
    app_permissions: "2147483648",
    entitlements: [],
    authorizing_integration_owners: {},
    context: guildId === null ? 1 : 0,
    attachment_size_limit: 10_485_760,
    ...who,
  };
  if ("button" in action)
    return { ...base, type: 3, message: action.message, data: { component_type: 2, custom_id: action.button, id: 1 } };
  const options = Object.entries(action.options).map(([name, value]) => ({ name, type: 3, value }));
  return { ...base, type: 2, data: { id: action.command.id, name: action.command.name, type: 1, options } };
}
