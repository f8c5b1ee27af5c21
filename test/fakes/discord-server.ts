// A Discord on loopback: REST, gateway and incoming webhooks, people who use slash commands and buttons, faults on request.

import type { IncomingMessage, ServerResponse } from "node:http";
import { FakeGateway } from "./discord-gateway.ts";
import { edit, post } from "./discord-messages.ts";
import {
  APPLICATION_ID,
  applicationOf,
  type DiscordPerson,
  guildOf,
  interactionOf,
  type PostedMessage,
  readyOf,
  shapeOfMessage,
  snowflake,
  userOf,
  webhookOf,
} from "./discord-shapes.ts";
import { createWaiting, type Loopback, openLoopback, readBody, type Waiting } from "./loopback.ts";
import { discordValidator, type Fields, isFields } from "./specs.ts";

export interface DiscordFault {
  readonly status: number;
  readonly code?: number;
  readonly message?: string;
  /** Seconds, for 429. */
  readonly retryAfter?: number;
  readonly drop?: true;
}

export interface FakeDiscord extends Waiting {
  /** For DISCORD_API_ROOT. */
  readonly apiRoot: string;
  readonly token: string;
  readonly guildId: string;
  readonly channelId: string;
  /** For DISCORD_ALERT_WEBHOOK_URL; it posts to `webhookChannelId`. */
  readonly webhookUrl: string;
  readonly webhookChannelId: string;
  readonly gateway: FakeGateway;
  /** Requests that break the official description, or Discord's habits. Empty at the end of every good test. */
  readonly violations: string[];
  readonly requests: { readonly method: string; readonly path: string; readonly body: unknown; readonly at: number }[];
  /** Registered commands by where they are registered: a guild's id or `global`. */
  readonly commands: Map<string, readonly Fields[]>;
  messages(channelId?: string): readonly PostedMessage[];
  /** Uses a slash command; throws when it is not registered or an option is unknown or missing. Returns the interaction's id. */
  slash(name: string, options?: Readonly<Record<string, string>>, person?: DiscordPerson): string;
  /** Presses a button of a message. Returns the interaction's id. */
  press(message: PostedMessage, label: string, person?: DiscordPerson): string;
  /** Delivers the newest interaction again. */
  redeliver(): void;
  /** The next request with this method whose path matches gets this answer. */
  failNext(method: string, path: RegExp, fault: DiscordFault): void;
  dropConnections(): void;
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly channelId: string;
  readonly createdAt: number;
  /** The message whose button was pressed. */
  readonly pressed: PostedMessage | null;
  acknowledged: number | null;
  /** What `@original` means. */
  original: PostedMessage | null;
}

interface State {
  readonly token: string;
  readonly webhook: { readonly id: string; readonly token: string; readonly channelId: string };
  readonly gatewayUrl: string;
  readonly waiting: Waiting;
  readonly violations: string[];
  readonly requests: FakeDiscord["requests"];
  readonly commands: FakeDiscord["commands"];
  readonly messages: PostedMessage[];
  readonly interactions: Map<string, Interaction>;
  readonly faults: { readonly method: string; readonly path: RegExp; readonly fault: DiscordFault }[];
  newest: Fields | null;
}

type Answer = readonly [status: number, body?: unknown];

/** Discord takes no first answer after 3 s. */
const FIRST_ANSWER_MS = 3_000;

export async function startFakeDiscord(options: { readonly token?: string; readonly heartbeatMs?: number } = {}): Promise<FakeDiscord> {
  const loopback = await openLoopback();
  const messages: PostedMessage[] = [];
  const violations: string[] = [];
  const describe = (): string => [...messages.map((message) => `  ${message.channelId}: ${message.text}`), ...violations].join("\n");
  const state: State = {
    token: options.token ?? "OTAwMDAx.fake.discord-token",
    webhook: { id: snowflake(), token: "fake-webhook-token", channelId: snowflake() },
    gatewayUrl: `ws://127.0.0.1:${loopback.port}`,
    waiting: createWaiting(describe),
    violations,
    requests: [],
    commands: new Map(),
    messages,
    interactions: new Map(),
    faults: [],
    newest: null,
  };
  const guildId = snowflake();
  const channelId = snowflake();
  const gateway = new FakeGateway({
    server: loopback.server,
    token: state.token,
    url: state.gatewayUrl,
    violations,
    heartbeatMs: options.heartbeatMs ?? 41_250,
    ready: () => readyOf(guildId),
    guilds: () => [guildOf(guildId, [channelId, state.webhook.channelId])],
    changed: state.waiting.changed,
  });
  const validate = discordValidator();
  loopback.server.on("request", (request, response) => {
    serve(state, validate, request, response).catch((error: unknown) => {
      violations.push(`the fake Discord failed: ${String(error)}`);
      response.destroy();
    });
  });
  return handleOf(state, loopback, gateway, guildId, channelId);
}

function handleOf(state: State, loopback: Loopback, gateway: FakeGateway, guildId: string, channelId: string): FakeDiscord {
  const root = `http://127.0.0.1:${loopback.port}/api`;
  const send = (interaction: Fields, pressed: PostedMessage | null): string => {
    const id = String(interaction.id);
    const token = String(interaction.token);
    const entry = {
      id,
      token,
      channelId: String(interaction.channel_id),
      createdAt: Date.now(),
      pressed,
      acknowledged: null,
      original: null,
    };
    state.interactions.set(token, entry);
    state.newest = interaction;
    gateway.dispatch("INTERACTION_CREATE", interaction);
    return id;
  };
  return {
    apiRoot: root,
    token: state.token,
    guildId,
    channelId,
    webhookUrl: `${root}/webhooks/${state.webhook.id}/${state.webhook.token}`,
    webhookChannelId: state.webhook.channelId,
    gateway,
    violations: state.violations,
    requests: state.requests,
    commands: state.commands,
    changed: state.waiting.changed,
    waitFor: state.waiting.waitFor,
    messages: (wanted) => state.messages.filter((message) => wanted === undefined || message.channelId === wanted),
    slash(name, options = {}, person = {}) {
      const place = { guildId, channelId, ...person };
      const command = (state.commands.get(guildId) ?? state.commands.get("global") ?? []).find((entry) => entry.name === name);
      return send(interactionOf(place, { command: checkedCommand(command, name, options), options }), null);
    },
    press(message, label, person = {}) {
      const button = message.buttons.find((candidate) => candidate.label === label);
      if (button === undefined) throw new Error(`the message has no button "${label}"`);
      const place = { guildId, channelId: message.channelId, ...person };
      return send(interactionOf(place, { button: button.token, message: shapeOfMessage(message) }), message);
    },
    redeliver() {
      if (state.newest === null) throw new Error("there is no interaction to deliver again");
      gateway.dispatch("INTERACTION_CREATE", state.newest);
    },
    failNext(method, path, fault) {
      state.faults.push({ method, path, fault });
    },
    dropConnections: loopback.dropConnections,
    goDown: loopback.goDown,
    comeBack: loopback.comeBack,
    async stop() {
      gateway.stop();
      await loopback.goDown();
    },
  };
}

/** Discord's own client lets nobody send a command that is not registered or lacks an option. */
function checkedCommand(command: Fields | undefined, name: string, options: Readonly<Record<string, string>>): Fields {
  if (command === undefined) throw new Error(`the command /${name} is not registered`);
  const described = (Array.isArray(command.options) ? command.options : []) as Fields[];
  for (const given of Object.keys(options)) {
    if (!described.some((option) => option.name === given)) throw new Error(`/${name} has no option ${given}`);
  }
  for (const option of described) {
    if (option.required === true && options[String(option.name)] === undefined) throw new Error(`/${name} needs ${String(option.name)}`);
  }
  return command;
}

// ---- requests -------------------------------------------------------------------------------------------------------

function reply(response: ServerResponse, [status, body]: Answer, headers: Readonly<Record<string, string>> = {}): void {
  if (response.destroyed || response.writableEnded) return;
  // A 204 must carry no JSON type: discord.js would try to parse nothing.
  if (body === undefined) response.writeHead(status, headers).end();
  else response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function fail(response: ServerResponse, fault: DiscordFault): void {
  if (fault.drop === true) return void response.destroy();
  if (fault.status !== 429) return reply(response, [fault.status, { message: fault.message ?? "fault", code: fault.code ?? 0 }]);
  const seconds = fault.retryAfter ?? 1;
  const headers = { "retry-after": String(Math.ceil(seconds)), "x-ratelimit-scope": "user" };
  reply(response, [429, { message: "You are being rate limited.", retry_after: seconds, global: false }], headers);
}

async function serve(
  state: State,
  validate: ReturnType<typeof discordValidator>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const raw = await readBody(request);
  const method = request.method ?? "GET";
  const path = decodeURIComponent(url.pathname).replace(/^\/api(\/v10)?/, "");
  const isJson = (request.headers["content-type"] ?? "").startsWith("application/json");
  if (raw !== "" && !isJson)
    state.violations.push(`${method} ${path}: a body of type ${request.headers["content-type"]} is not understood`);
  const body: unknown = raw === "" || !isJson ? undefined : JSON.parse(raw);
  state.requests.push({ method, path, body, at: Date.now() });
  state.violations.push(...(validate?.({ method, path, query: Object.fromEntries(url.searchParams), body }) ?? []));
  const index = state.faults.findIndex((entry) => entry.method === method && entry.path.test(path));
  const fault = index === -1 ? undefined : state.faults.splice(index, 1)[0]?.fault;
  const needsToken = !/^\/(webhooks|interactions)\//.test(path);
  if (fault !== undefined) fail(response, fault);
  else if (needsToken && request.headers.authorization !== `Bot ${state.token}`) {
    reply(response, [401, { message: "401: Unauthorized", code: 0 }]);
  } else reply(response, answerTo(state, method, path, url, body));
  state.waiting.changed();
}

function answerTo(state: State, method: string, path: string, url: URL, body: unknown): Answer {
  const steps = path.split("/").slice(1);
  const what = `${method} ${steps.map((step) => (/^\d+$/.test(step) ? ":id" : step)).join("/")}`;
  switch (what) {
    case "GET gateway/bot":
      return [
        200,
        { url: state.gatewayUrl, shards: 1, session_start_limit: { total: 1000, remaining: 999, reset_after: 0, max_concurrency: 1 } },
      ];
    case "GET users/@me":
      return [200, userOf({ id: APPLICATION_ID, name: "Botswain" })];
    case "GET applications/@me":
      return [200, applicationOf()];
    case "PUT applications/:id/commands":
    case "PUT applications/:id/guilds/:id/commands":
      return putCommands(state, steps, body);
    case "POST channels/:id/messages":
      return [200, shapeOfMessage(post(state, steps[1] ?? "", body, null))];
    case "PATCH channels/:id/messages/:id":
      return edited(state, state.messages.find((message) => message.id === steps[3]) ?? null, body);
    default:
      return steps[0] === "interactions" || steps[0] === "webhooks"
        ? answerWithToken(state, method, steps, url, body)
        : unknownPath(state, what);
  }
}

function unknownPath(state: State, what: string): Answer {
  state.violations.push(`the fake Discord does not know ${what}`);
  return [404, { message: "404: Not Found", code: 0 }];
}

function putCommands(state: State, steps: readonly string[], body: unknown): Answer {
  const where = steps[2] === "guilds" ? (steps[3] ?? "") : "global";
  const commands = (Array.isArray(body) ? body : []) as Fields[];
  const stored = commands.map((command) => ({ ...command, id: snowflake(), application_id: APPLICATION_ID, version: snowflake() }));
  state.commands.set(where, stored);
  return [200, stored];
}

/** Interactions and webhooks are known by the token in their path. */
function answerWithToken(state: State, method: string, steps: readonly string[], url: URL, body: unknown): Answer {
  const [kind, id = "", token = "", ...rest] = steps;
  const { webhook } = state;
  if (kind === "webhooks" && id === webhook.id) {
    if (token !== webhook.token) return [404, { message: "Unknown Webhook", code: 10015 }];
    if (method === "GET") return [200, webhookOf(webhook)];
    const message = post(state, webhook.channelId, body, null);
    return url.searchParams.get("wait") === "true" ? [200, shapeOfMessage(message)] : [204];
  }
  const interaction = state.interactions.get(token);
  if (interaction === undefined) return [404, { message: "Unknown Webhook", code: 10015 }];
  const what = `${method} ${kind} ${rest.join("/")}`.trimEnd();
  switch (what) {
    case "POST interactions callback":
      return callBack(state, interaction, isFields(body) ? body : {}, url.searchParams.get("with_response") === "true");
    case "GET webhooks messages/@original":
      return interaction.original === null ? UNKNOWN_MESSAGE : [200, shapeOfMessage(interaction.original)];
    case "PATCH webhooks messages/@original":
      return edited(state, interaction.original, body);
    case "DELETE webhooks messages/@original":
      if (interaction.original === null) return UNKNOWN_MESSAGE;
      state.messages.splice(state.messages.indexOf(interaction.original), 1);
      return [204];
    case "POST webhooks":
      if (interaction.acknowledged === null) return [404, { message: "Unknown Webhook", code: 10015 }];
      return [200, shapeOfMessage(post(state, interaction.channelId, body, interaction.id))];
    default:
      return unknownPath(state, what);
  }
}

const UNKNOWN_MESSAGE: Answer = [404, { message: "Unknown Message", code: 10008 }];

function edited(state: State, message: PostedMessage | null, body: unknown): Answer {
  const shape = edit(state, message, body);
  return shape === null ? UNKNOWN_MESSAGE : [200, shape];
}

function callBack(state: State, interaction: Interaction, body: Fields, withResponse: boolean): Answer {
  if (interaction.acknowledged !== null) {
    state.violations.push(`interaction ${interaction.id} was acknowledged twice`);
    return [400, { message: "Interaction has already been acknowledged.", code: 40060 }];
  }
  if (Date.now() - interaction.createdAt > FIRST_ANSWER_MS) return [404, { message: "Unknown interaction", code: 10062 }];
  const type = Number(body.type);
  interaction.acknowledged = type;
  const data = isFields(body.data) ? body.data : {};
  if (type === 4 || type === 5) interaction.original = post(state, interaction.channelId, data, interaction.id, type === 5);
  if (type === 6 || type === 7) interaction.original = interaction.pressed;
  if (type === 7) edit(state, interaction.original, data);
  if (!withResponse) return [204];
  const message = interaction.original === null ? {} : { message: shapeOfMessage(interaction.original) };
  return [200, { interaction: { id: interaction.id, type: 2 }, resource: { type, ...message } }];
}
