// A Telegram Bot API server on loopback: long polling as Telegram does it, people who type and press, faults on request.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createWaiting, type Loopback, openLoopback, readBody, type Waiting } from "./loopback.ts";
import { type Fields, isFields, telegramValidator, textOfHtml } from "./specs.ts";
import { chatOf, pressUpdate, type Saying, type Speaker, saidUpdate, type TelegramMessage } from "./telegram-people.ts";

/** One answer that replaces the real one. */
export interface TelegramFault {
  readonly status: number;
  readonly description?: string;
  readonly retryAfter?: number;
  /** Breaks the connection instead of answering; `after` lets the request take effect first. */
  readonly drop?: "before" | "after";
}

export interface FakeTelegram extends Waiting {
  readonly url: string;
  readonly token: string;
  readonly username: string;
  /** Requests that break the official description, or Telegram's habits. Empty at the end of every good test. */
  readonly violations: string[];
  readonly requests: { readonly method: string; readonly payload: Fields; readonly at: number }[];
  /** Answers to button presses, by query id. */
  readonly answers: Map<string, { readonly text: string; readonly isAlert: boolean }>;
  messages(chatId?: number | string): readonly TelegramMessage[];
  /** Returns the id of the message. */
  say(text: string, saying?: Saying): number;
  /** Presses a button of a message; returns the query's id. */
  press(message: TelegramMessage, label: string, speaker?: Speaker): string;
  /** Delivers the newest update again, under the same update id or a new one. */
  redeliver(how: "sameUpdateId" | "newUpdateId"): void;
  /** The next request of this method gets this answer. */
  failNext(method: string, fault: TelegramFault): void;
  dropConnections(): void;
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

interface Poll {
  readonly response: ServerResponse;
  readonly timer: NodeJS.Timeout;
}

type Update = { readonly update_id: number } & Fields;
type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface State {
  /** Ids of what people said. */
  readonly said: Set<number>;
  readonly token: string;
  readonly username: string;
  readonly waiting: Waiting;
  readonly violations: string[];
  readonly requests: FakeTelegram["requests"];
  readonly answers: FakeTelegram["answers"];
  readonly messages: Writable<TelegramMessage>[];
  readonly faults: { readonly method: string; readonly fault: TelegramFault }[];
  updates: Update[];
  lastUpdate: Update | null;
  /** Updates that come again although they were confirmed. */
  again: Update[];
  poll: Poll | null;
  nextUpdateId: number;
  nextMessageId: number;
  nextQueryId: number;
}

const BOT_ID = 900_001;
const LONGEST_POLL_S = 50;

export async function startFakeTelegram(options: { readonly token?: string; readonly username?: string } = {}): Promise<FakeTelegram> {
  const loopback = await openLoopback();
  const messages: Writable<TelegramMessage>[] = [];
  const violations: string[] = [];
  const describe = (): string =>
    [...messages.map((message) => `  ${message.chatId} #${message.messageId}: ${message.text}`), ...violations].join("\n");
  const state: State = {
    token: options.token ?? "900001:fake-telegram-token-0001",
    username: options.username ?? "botswain_test_bot",
    waiting: createWaiting(describe),
    violations,
    said: new Set(),
    requests: [],
    answers: new Map(),
    messages,
    faults: [],
    updates: [],
    lastUpdate: null,
    again: [],
    poll: null,
    nextUpdateId: 700_000,
    nextMessageId: 1,
    nextQueryId: 5_000,
  };
  const validate = telegramValidator();
  loopback.server.on("request", (request, response) => {
    serve(state, validate, request, response).catch((error: unknown) => {
      violations.push(`the fake Telegram failed: ${String(error)}`);
      response.destroy();
    });
  });
  return handleOf(state, loopback);
}

function handleOf(state: State, loopback: Loopback): FakeTelegram {
  return {
    url: `http://127.0.0.1:${loopback.port}`,
    token: state.token,
    username: state.username,
    violations: state.violations,
    requests: state.requests,
    answers: state.answers,
    changed: state.waiting.changed,
    waitFor: state.waiting.waitFor,
    messages: (chatId) => state.messages.filter((message) => chatId === undefined || message.chatId === String(chatId)),
    say(text, saying = {}) {
      const messageId = state.nextMessageId++;
      state.said.add(messageId);
      deliver(state, saidUpdate(text, saying, messageId));
      return messageId;
    },
    press(message, label, speaker = {}) {
      const queryId = String(state.nextQueryId++);
      deliver(state, pressUpdate(message, label, speaker, queryId));
      return queryId;
    },
    redeliver(how) {
      if (state.lastUpdate === null) throw new Error("there is no update to deliver again");
      if (how === "sameUpdateId") state.again.push(state.lastUpdate);
      else state.updates.push({ ...state.lastUpdate, update_id: state.nextUpdateId++ });
      answerPoll(state);
    },
    failNext(method, fault) {
      state.faults.push({ method, fault });
    },
    dropConnections: loopback.dropConnections,
    goDown: loopback.goDown,
    comeBack: loopback.comeBack,
    async stop() {
      if (state.poll !== null) clearTimeout(state.poll.timer);
      await loopback.goDown();
    },
  };
}

function deliver(state: State, content: Fields): void {
  const update = { update_id: state.nextUpdateId++, ...content };
  state.updates.push(update);
  state.lastUpdate = update;
  answerPoll(state);
}

// ---- requests -------------------------------------------------------------------------------------------------------

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, description: string) {
    super(description);
    this.status = status;
  }
}

function answer(response: ServerResponse, status: number, body: Fields): void {
  if (response.destroyed || response.writableEnded) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, fault: TelegramFault): void {
  const parameters = fault.retryAfter === undefined ? {} : { parameters: { retry_after: fault.retryAfter } };
  const description = fault.description ?? (fault.status === 429 ? `Too Many Requests: retry after ${fault.retryAfter ?? 1}` : "fault");
  answer(response, fault.status, { ok: false, error_code: fault.status, description, ...parameters });
}

function parsePayload(request: IncomingMessage, body: string, query: URLSearchParams): Fields | null {
  const type = request.headers["content-type"] ?? "";
  const fromQuery: Fields = Object.fromEntries(query);
  if (body === "") return fromQuery;
  if (type.startsWith("application/x-www-form-urlencoded")) return { ...fromQuery, ...Object.fromEntries(new URLSearchParams(body)) };
  if (!type.startsWith("application/json")) return null;
  const parsed: unknown = JSON.parse(body);
  return isFields(parsed) ? { ...fromQuery, ...parsed } : null;
}

async function serve(
  state: State,
  validate: ReturnType<typeof telegramValidator>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const match = /^\/bot([^/]+)\/(?:test\/)?(\w+)$/.exec(url.pathname);
  const body = await readBody(request);
  if (match === null) return answer(response, 404, { ok: false, error_code: 404, description: "Not Found" });
  const [, token, method = ""] = match;
  if (token !== state.token) return answer(response, 401, { ok: false, error_code: 401, description: "Unauthorized" });
  const payload = parsePayload(request, body, url.searchParams);
  if (payload === null) {
    state.violations.push(`${method}: a body of type ${request.headers["content-type"]} is not understood`);
    return answer(response, 400, { ok: false, error_code: 400, description: "Bad Request: body" });
  }
  state.requests.push({ method, payload, at: Date.now() });
  state.violations.push(...(validate?.(method, payload) ?? []));
  const index = state.faults.findIndex((entry) => entry.method === method);
  const fault = index === -1 ? undefined : state.faults.splice(index, 1)[0]?.fault;
  if (fault !== undefined && fault.drop !== "after") {
    if (fault.drop === "before") response.destroy();
    else refuse(response, fault);
  } else if (method === "getUpdates") holdPoll(state, payload, response);
  else perform(state, method, payload, response, fault?.drop === "after");
  state.waiting.changed();
}

function perform(state: State, method: string, payload: Fields, response: ServerResponse, drop: boolean): void {
  try {
    const result = resultOf(state, method, payload);
    if (drop) response.destroy();
    else answer(response, 200, { ok: true, result });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse(response, { status: error.status, description: `Bad Request: ${error.message}` });
  }
}

function resultOf(state: State, method: string, payload: Fields): unknown {
  switch (method) {
    case "getMe":
      return { id: BOT_ID, is_bot: true, first_name: "Botswain", username: state.username, can_join_groups: true };
    case "deleteWebhook":
    case "setWebhook":
    case "setMyCommands":
    case "sendChatAction":
      return true;
    case "sendMessage":
      return send(state, payload);
    case "editMessageText":
    case "editMessageReplyMarkup":
      return edit(state, method, payload);
    case "deleteMessage":
      // What people said is kept by id alone: whether a bot may delete it depends on its rights, which tests say by a fault.
      if (state.said.delete(Number(payload.message_id))) return true;
      state.messages.splice(state.messages.indexOf(findMessage(state, payload, "delete")), 1);
      return true;
    case "answerCallbackQuery":
      return answerQuery(state, payload);
    default:
      state.violations.push(`the fake Telegram does not know ${method}`);
      throw new Refusal(404, "method not found");
  }
}

function readText(payload: Fields): { html: string; text: string } {
  const html = String(payload.text ?? "");
  try {
    const text = payload.parse_mode === "HTML" ? textOfHtml(html) : html;
    if (text.trim() === "") throw new Refusal(400, "message text is empty");
    if (text.length > 4096) throw new Refusal(400, "message is too long");
    return { html, text };
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, error instanceof Error ? error.message : String(error));
  }
}

function readButtons(payload: Fields): TelegramMessage["buttons"] {
  const markup = payload.reply_markup;
  if (!isFields(markup) || !Array.isArray(markup.inline_keyboard)) return [];
  const rows = markup.inline_keyboard as Fields[][];
  return rows.flat().map((button) => ({ text: String(button.text), token: String(button.callback_data) }));
}

function show(state: State, message: TelegramMessage): Fields {
  const from = { id: BOT_ID, is_bot: true, first_name: "Botswain", username: state.username };
  const date = Math.floor(message.sentAt / 1000);
  return { message_id: message.messageId, date, from, chat: chatOf({ chat: Number(message.chatId) }), text: message.text };
}

function send(state: State, payload: Fields): Fields {
  const message: Writable<TelegramMessage> = {
    messageId: state.nextMessageId++,
    chatId: String(payload.chat_id),
    threadId: typeof payload.message_thread_id === "number" ? payload.message_thread_id : null,
    replyTo: isFields(payload.reply_parameters) ? Number(payload.reply_parameters.message_id) : null,
    ...readText(payload),
    buttons: readButtons(payload),
    earlier: [],
    sentAt: Date.now(),
  };
  state.messages.push(message);
  return show(state, message);
}

function findMessage(state: State, payload: Fields, action: string): Writable<TelegramMessage> {
  const isIt = (message: TelegramMessage): boolean =>
    message.messageId === payload.message_id && message.chatId === String(payload.chat_id);
  const message = state.messages.find(isIt);
  if (message === undefined) throw new Refusal(400, `message to ${action} not found`);
  return message;
}

function edit(state: State, method: string, payload: Fields): Fields {
  const message = findMessage(state, payload, "edit");
  const buttons = readButtons(payload);
  const changed = method === "editMessageText" ? readText(payload) : { html: message.html, text: message.text };
  if (changed.html === message.html && JSON.stringify(buttons) === JSON.stringify(message.buttons)) {
    throw new Refusal(400, "message is not modified: specified new message content and reply markup are exactly the same");
  }
  if (method === "editMessageText") message.earlier = [...message.earlier, message.text];
  Object.assign(message, changed, { buttons });
  return show(state, message);
}

function answerQuery(state: State, payload: Fields): boolean {
  const id = String(payload.callback_query_id);
  if (Number(id) >= state.nextQueryId || state.answers.has(id)) {
    throw new Refusal(400, "query is too old and response timeout expired or query ID is invalid");
  }
  state.answers.set(id, { text: String(payload.text ?? ""), isAlert: payload.show_alert === true });
  return true;
}

// ---- long polling ---------------------------------------------------------------------------------------------------

function holdPoll(state: State, payload: Fields, response: ServerResponse): void {
  const offset = Number(payload.offset ?? 0);
  state.updates = state.updates.filter((update) => update.update_id >= offset);
  if (state.poll !== null) {
    const description = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    const { response: older, timer } = state.poll;
    clearTimeout(timer);
    state.poll = null;
    refuse(older, { status: 409, description });
  }
  const timeoutMs = Math.min(LONGEST_POLL_S, Number(payload.timeout ?? 0)) * 1000;
  const timer = setTimeout(() => {
    state.poll = null;
    answer(response, 200, { ok: true, result: [] });
  }, timeoutMs);
  const poll: Poll = { response, timer };
  state.poll = poll;
  response.on("close", () => {
    clearTimeout(timer);
    if (state.poll === poll) state.poll = null;
  });
  answerPoll(state);
}

/** Answers the held request when there is something to say; what was delivered stays until an offset confirms it. */
function answerPoll(state: State): void {
  if (state.poll === null || (state.updates.length === 0 && state.again.length === 0)) return;
  const { response, timer } = state.poll;
  clearTimeout(timer);
  state.poll = null;
  const result = [...state.again, ...state.updates.slice(0, 100)];
  state.again = [];
  answer(response, 200, { ok: true, result });
}
