// Botswain in Telegram: long polling, commands and buttons to dispatch, replies and alerts back.

import type { Logger } from "pino";
import { isSilent, secretReply } from "../core/chat/dispatch-replies.ts";
import type { AnyCommand, Invocation, Reply } from "../core/command.ts";
import type { Clock } from "../core/ports.ts";
import { type Text, UserError } from "../core/text.ts";
import { askDispatch } from "./guarded-dispatch.ts";
import { pause, within } from "./pause.ts";
import { createRecent } from "./recent.ts";
import { cleanText } from "./render-text.ts";
import { isIdlePress } from "./reply-audience.ts";
import { backOffMs, SendError } from "./send-error.ts";
import { createAnswer } from "./telegram-answer.ts";
import {
  createTelegramApi,
  createTelegramClient,
  identify,
  type Place,
  type TelegramApi,
  type TelegramIdentity,
  withoutToken,
} from "./telegram-api.ts";
import { registerTelegramCommands } from "./telegram-commands.ts";
import { pollUpdates } from "./telegram-polling.ts";
import { type Screened, screenUpdate, type Update } from "./telegram-updates.ts";

export interface TelegramOptions {
  readonly token: string;
  /** Another server than https://api.telegram.org, e.g. one's own Bot API server. */
  readonly apiRoot?: string | undefined;
  readonly commands: readonly AnyCommand[];
  readonly dispatch: (invocation: Invocation) => Promise<Reply>;
  readonly log: Logger;
  readonly clock: Clock;
}

/** HTML of at most 4096 characters, with a sound unless told otherwise. */
export type TelegramMessage = string | { readonly html: string; readonly isSilent: boolean };

export interface TelegramFrontend {
  /** The bot's name without `@`; null until Telegram was reached. */
  readonly username: string | null;
  /** Sends to a chat, in its turn. Resolves when Telegram has it; rejects with a SendError. */
  send(chatId: string, message: TelegramMessage): Promise<void>;
  /** Stops listening, lets running commands answer for a moment, resolves when nothing is left. */
  stop(): Promise<void>;
}

const FIRST_BACK_OFF_MS = 1_000;
const LONGEST_BACK_OFF_MS = 60_000;
const FIRST_CONTACT_MS = 15_000;
const GRACE_MS = 5_000;
const UPDATES_REMEMBERED = 2_000;
const QUESTIONS_REMEMBERED = 1_000;
/** A chat is told at most this often why something was not carried out. */
const REFUSAL_EVERY_MS = 10_000;
/** A press is acknowledged by then even when its command still runs: Telegram forgets the query soon after. */
const ACKNOWLEDGE_WITHIN_MS = 1_500;

interface Frontend {
  readonly options: TelegramOptions;
  readonly api: TelegramApi;
  readonly seen: ReturnType<typeof createRecent>;
  /** Messages that ask: their answer replaces them, while a result that offers a button stays. */
  readonly questions: ReturnType<typeof createRecent>;
  readonly refusedAt: Map<string, number>;
  readonly running: Set<Promise<void>>;
  readonly stopping: AbortController;
  identity: TelegramIdentity | null;
}

/**
 * Starts the frontend. Rejects with a UserError when Telegram refuses the token. When Telegram cannot be reached it resolves
 * after a moment all the same and keeps trying, as it does after every later fault.
 */
export async function startTelegram(options: TelegramOptions): Promise<TelegramFrontend> {
  const frontend: Frontend = {
    options,
    api: createTelegramApi(options),
    seen: createRecent(UPDATES_REMEMBERED),
    questions: createRecent(QUESTIONS_REMEMBERED),
    refusedAt: new Map(),
    running: new Set(),
    stopping: new AbortController(),
    identity: null,
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
    get username() {
      return frontend.identity?.username ?? null;
    },
    async send(chatId, message) {
      if (typeof message === "string") await frontend.api.send({ chatId }, message);
      else await frontend.api.send({ chatId }, message.html, [], message.isSilent);
    },
    async stop() {
      frontend.stopping.abort();
      await supervised;
      await within(Promise.all(frontend.running), GRACE_MS);
      await frontend.api.stop(GRACE_MS);
    },
  };
}

/** Asks Telegram who the token belongs to. Rejects with a UserError for a refused token, a SendError when nobody answers. */
export async function checkTelegram(token: string, apiRoot?: string): Promise<{ readonly id: string; readonly username: string }> {
  const { id, username } = await identify(createTelegramClient(token, apiRoot), token);
  return { id: String(id), username };
}

/** Connects and polls until told to stop; every fault is logged and followed by another attempt. */
async function supervise(frontend: Frontend, ready: () => void, refuse: (error: unknown) => void): Promise<void> {
  const { options, stopping } = frontend;
  let failures = 0;
  const onAnswered = (): void => {
    failures = 0;
  };
  while (!stopping.signal.aborted) {
    try {
      await connectAndPoll(frontend, ready, onAnswered);
    } catch (error) {
      if (stopping.signal.aborted) return;
      if (error instanceof UserError && frontend.identity === null) {
        options.log.error({ reason: error.message }, "Telegram refused the bot token; nothing is tried again until a restart");
        return refuse(error);
      }
      failures += 1;
      const waitMs = waitAfter(error, failures);
      options.log.warn({ reason: reasonOf(error, options.token), failures, waitMs }, "Telegram is interrupted and will be tried again");
      await pause(waitMs, stopping.signal);
    }
  }
}

function waitAfter(error: unknown, failures: number): number {
  const ours = backOffMs(failures, FIRST_BACK_OFF_MS, LONGEST_BACK_OFF_MS);
  return error instanceof SendError && error.retryInMs !== null ? Math.max(error.retryInMs, ours) : ours;
}

function reasonOf(error: unknown, token: string): string {
  const message = withoutToken(error instanceof Error ? error.message : String(error), token);
  return message.startsWith("Conflict")
    ? `${message} (another program uses this token: stop it, or give each its own bot; see docs/telegram.md)`
    : message;
}

async function connectAndPoll(frontend: Frontend, ready: () => void, onAnswered: () => void): Promise<void> {
  const { options, api, stopping } = frontend;
  const identity = await identify(api.client, options.token, stopping.signal);
  frontend.identity = identity;
  ready();
  options.log.info({ username: identity.username }, "Telegram is connected");
  await registerTelegramCommands(api.client, options, stopping.signal);
  await pollUpdates({ client: api.client, token: options.token, log: options.log, stop: stopping.signal, onAnswered }, (update) =>
    take(frontend, update),
  );
}

/** Takes one update without waiting for its command, so that a slow command never holds up `/panic`. */
function take(frontend: Frontend, update: Update): void {
  const { options, seen, running } = frontend;
  if (!seen.add(String(update.update_id))) return;
  const work = handle(frontend, update).catch((error: unknown) => {
    const reason = withoutToken(error instanceof Error ? (error.stack ?? error.message) : String(error), options.token);
    options.log.error({ updateId: update.update_id, reason }, "an update from Telegram could not be answered");
  });
  running.add(work);
  void work.finally(() => running.delete(work));
}

async function handle(frontend: Frontend, update: Update): Promise<void> {
  const screened = screenUpdate(update, frontend.identity?.username ?? "", frontend.options.clock.now());
  switch (screened.type) {
    case "nothing":
      return;
    case "strayPress":
      return frontend.api.answerPress(screened.queryId);
    case "secret":
      return removeSecret(frontend, screened);
    case "refused":
      return refuseMessage(frontend, screened);
    case "command":
      return answerCommand(frontend, screened);
    case "press":
      return answerPressed(frontend, screened);
  }
}

/** Nothing of such a message is logged or dispatched. */
async function removeSecret(
  { api, options }: Frontend,
  { place, messageId, language }: Extract<Screened, { type: "secret" }>,
): Promise<void> {
  const isGone = await api.remove(place, messageId);
  options.log.warn({ chatId: place.chatId, isGone }, "a message that looked like a key was not read");
  await createAnswer({ api, place, language, log: options.log }).finish(secretReply(isGone ? DELETED : NOT_DELETED));
}

const DELETED: Text = { en: "I have deleted the message.", "zh-TW": "該則訊息已刪除。" };
const NOT_DELETED: Text = {
  en: "I may not delete messages here: delete it yourself, now.",
  "zh-TW": "我沒有刪除訊息的權限：請立即自行刪除該則訊息。",
};

async function refuseMessage(frontend: Frontend, screened: Extract<Screened, { type: "refused" }>): Promise<void> {
  const { options, refusedAt } = frontend;
  const { place, sentence, language, why } = screened;
  options.log.info({ chatId: place.chatId, why }, "a message from Telegram was not carried out");
  const now = options.clock.monotonic();
  for (const [chatId, at] of refusedAt) if (now - at > REFUSAL_EVERY_MS) refusedAt.delete(chatId);
  if (refusedAt.has(place.chatId)) return;
  refusedAt.set(place.chatId, now);
  await createAnswer({ api: frontend.api, place, language, log: options.log }).finish(sentenceReply(sentence));
}

function sentenceReply(sentence: Reply["title"]): Reply {
  return { tone: "neutral", title: sentence, blocks: [], data: null };
}

async function answerCommand(frontend: Frontend, screened: Extract<Screened, { type: "command" }>): Promise<void> {
  const { options } = frontend;
  const { invocation, place } = screened;
  const answer = createAnswer({ api: frontend.api, place, language: invocation.language, log: options.log });
  const reply = await askDispatch(options.dispatch, { ...invocation, onProgress: (progress) => answer.progress(progress) }, options.log);
  if (isSilent(reply)) return;
  const messageId = await answer.finish(reply);
  remember(frontend, place, messageId, reply);
}

function remember(frontend: Frontend, place: Place, messageId: number, reply: Reply): void {
  if (reply.asks === true) frontend.questions.add(`${place.chatId}:${messageId}`);
}

/**
 * Runs what a button stands for. A question is replaced by its outcome; a result that offered a button stays, loses its
 * buttons, and the outcome follows as a new message. A press that did nothing is told to the presser alone.
 */
async function answerPressed(frontend: Frontend, screened: Extract<Screened, { type: "press" }>): Promise<void> {
  const { options, api } = frontend;
  const { invocation, place, queryId, messageId } = screened;
  const isQuestion = frontend.questions.has(`${place.chatId}:${messageId}`);
  const target = isQuestion ? { messageId } : {};
  const answer = createAnswer({ api, place, language: invocation.language, log: options.log, ...target });
  let acknowledged: Promise<void> | null = null;
  const acknowledge = (notice?: string): Promise<void> => {
    acknowledged ??= api.answerPress(queryId, notice);
    return acknowledged;
  };
  const timer = setTimeout(() => void acknowledge(), ACKNOWLEDGE_WITHIN_MS);
  try {
    const onProgress = (progress: Reply): void => {
      void acknowledge();
      answer.progress(progress);
    };
    const reply = await askDispatch(options.dispatch, { ...invocation, onProgress }, options.log);
    clearTimeout(timer);
    if (isSilent(reply)) return await acknowledge();
    if (isIdlePress(reply)) return await acknowledge(cleanText(reply.title[invocation.language]));
    await acknowledge();
    const carrier = await answer.finish(reply);
    remember(frontend, place, carrier, reply);
    if (!isQuestion) await api.removeKeyboard(place, messageId);
  } finally {
    clearTimeout(timer);
    await acknowledge();
  }
}
