// The terminal's side of the local socket: one command with `exec`, a conversation with `chat`.

import { setTimeout as sleep } from "node:timers/promises";
import { buttonsOf, renderPlain } from "../bot/render.ts";
import { isSilent } from "../core/chat/dispatch-replies.ts";
import { parseLine } from "../core/chat/parse-line.ts";
import type { Button, Invocation, Reply } from "../core/command.ts";
import { type Language, type Text, UserError } from "../core/text.ts";
import { openScreen, type Screen, type ScreenOptions } from "./chat-screen.ts";
import { connectFront, type FrontConnection } from "./client-connection.ts";

/** Longer than the fleet's own deadline for a change (20 s), which ends in "unconfirmed". */
const EXEC_TIMEOUT_MS = 60_000;
const RECONNECT_EVERY_MS = 500;
const RECONNECT_ATTEMPTS_MAX = 120;

export interface ExecOptions {
  /** Takes the first answer of a question. */
  readonly yes?: boolean;
  readonly language: Language;
  /** True when the result is printed for a program: progress is not told. */
  readonly json?: boolean;
  readonly timeoutMs?: number;
  readonly onProgress?: (text: string) => void;
}

export interface ExecResult {
  /** True when the command succeeded; false for a refusal, a fault, an unconfirmed change and an open question. */
  readonly ok: boolean;
  /** Name of the command as typed, without its slash. */
  readonly command: string;
  readonly text: string;
  readonly data: unknown;
  /** True when the command waits for an answer and was not carried out. */
  readonly asks: boolean;
}

const NOT_ANSWERED: Text = {
  en: "Not carried out: this waits for an answer; --yes takes the first one.",
  "zh-TW": "尚未執行：需要回答；加上 --yes 會採用第一個選項。",
};

function nameOf(line: string): string {
  try {
    return parseLine(line).name;
  } catch (error) {
    // The front answers a line that cannot be read with a better sentence.
    if (error instanceof UserError) return "";
    throw error;
  }
}

/** Runs one command line as the local admin. Rejects with a UserError when nothing runs, or nobody answers in time. */
export async function execLine(path: string, line: string, options: ExecOptions): Promise<ExecResult> {
  const { yes = false, language, json = false, timeoutMs = EXEC_TIMEOUT_MS, onProgress } = options;
  const connection = await connectFront(path);
  const timer = new AbortController();
  const late = sleep(timeoutMs, null, { signal: timer.signal }).catch(() => null);
  try {
    const tell = json || onProgress === undefined ? {} : { onProgress: (reply: Reply) => onProgress(renderPlain(reply, language)) };
    const reply = await Promise.race([connection.invoke({ type: "line", line }, { yes, language, ...tell }), late]);
    if (reply === null) throw tooLate(timeoutMs);
    const asks = reply.asks === true;
    const text = renderPlain(reply, language);
    return {
      ok: reply.tone !== "bad" && !asks,
      command: nameOf(line),
      text: asks ? `${text}\n${NOT_ANSWERED[language]}` : text,
      data: reply.data,
      asks,
    };
  } finally {
    timer.abort();
    connection.close();
  }
}

function tooLate(timeoutMs: number): UserError {
  const seconds = timeoutMs / 1000;
  return new UserError(
    {
      en: `No answer within ${seconds} s; the command may still be carried out, look with /status.`,
      "zh-TW": `${seconds} 秒內沒有回覆；指令可能仍會執行，請以 /status 查看。`,
    },
    "timeout",
  );
}

export interface ChatOptions extends ScreenOptions {
  readonly language: Language;
}

const GREETING: Text = {
  en: "Connected. /help lists the commands; Ctrl-D leaves this chat, the bots go on.",
  "zh-TW": "已連線。輸入 /help 可列出指令；Ctrl-D 只會離開聊天，機器人會繼續執行。",
};
const LOST: Text = { en: "The connection is lost; trying again…", "zh-TW": "連線中斷，正在重新連線…" };
const BACK: Text = { en: "Connected again.", "zh-TW": "已重新連線。" };
const NO_CHOICE: Text = {
  en: "There is no such choice; type a command such as /status.",
  "zh-TW": "沒有這個選項；請輸入指令，例如 /status。",
};
const CHOOSE: Text = { en: "Type the number of your choice.", "zh-TW": "請輸入選項的編號。" };

interface Chat {
  readonly screen: Screen;
  readonly language: Language;
  connection: FrontConnection;
  /** Buttons of the newest reply that had any; pressing one uses them up. */
  choices: readonly Button[];
  isLeaving: boolean;
}

/**
 * Talks with the front until Ctrl-C, Ctrl-D or the end of input. A front that restarts is waited for up to a minute.
 * Lines from a pipe are carried out one after the other. Rejects with a UserError when nothing runs.
 */
export async function runChat(path: string, options: ChatOptions): Promise<void> {
  const connection = await connectFront(path);
  const screen = openScreen(options);
  const chat: Chat = { screen, language: options.language, connection, choices: [], isLeaving: false };
  const left = new Promise<void>((resolve) => screen.onClose(resolve));
  let queue: Promise<void> = Promise.resolve();
  screen.onLine((line) => {
    if (screen.isInteractive) void answer(chat, line);
    else queue = queue.then(() => answer(chat, line));
  });
  if (screen.isInteractive) screen.print(GREETING[chat.language]);
  hearAlerts(chat);
  const kept = keepConnected(chat, path);
  try {
    await Promise.race([left, kept]);
    if (!screen.isInteractive) await queue;
  } finally {
    chat.isLeaving = true;
    screen.close();
    chat.connection.close();
  }
  await kept;
}

function hearAlerts({ connection, screen, language }: Chat): void {
  connection.subscribe((text) => screen.print(`* ${text[language]}`));
}

/** Ends when the chat is left. Rejects when the front does not come back. */
async function keepConnected(chat: Chat, path: string): Promise<void> {
  for (;;) {
    await chat.connection.closed;
    if (chat.isLeaving) return;
    chat.screen.print(LOST[chat.language]);
    chat.choices = [];
    if (!(await reconnect(chat, path))) return;
    hearAlerts(chat);
    chat.screen.print(BACK[chat.language]);
  }
}

async function reconnect(chat: Chat, path: string): Promise<boolean> {
  for (let attempt = 1; !chat.isLeaving; attempt++) {
    await sleep(RECONNECT_EVERY_MS);
    try {
      chat.connection = await connectFront(path);
      return true;
    } catch (error) {
      if (attempt >= RECONNECT_ATTEMPTS_MAX) throw error;
    }
  }
  return false;
}

/** What a typed line asks for: a choice by its number, or a command. Null for nothing. */
function readLine(chat: Chat, line: string): Invocation["input"] | null {
  const typed = line.trim();
  if (typed === "") return null;
  if (!/^\d{1,2}$/.test(typed)) return { type: "line", line: typed };
  const button = chat.choices[Number(typed) - 1];
  if (button === undefined) {
    chat.screen.print(NO_CHOICE[chat.language]);
    return null;
  }
  chat.choices = [];
  return { type: "press", token: button.token };
}

async function answer(chat: Chat, line: string): Promise<void> {
  const { screen, language } = chat;
  const input = readLine(chat, line);
  if (input === null) return;
  try {
    const onProgress = (reply: Reply): void => screen.progress(renderPlain(reply, language));
    const reply = await chat.connection.invoke(input, { language, onProgress });
    if (isSilent(reply)) return;
    const buttons = buttonsOf(reply);
    if (buttons.length > 0) chat.choices = buttons;
    const hint = buttons.length > 0 && screen.isInteractive ? `\n${CHOOSE[language]}` : "";
    screen.print(`${renderPlain(reply, language)}${hint}`);
  } catch (error) {
    // Who leaves while a command runs has cut the connection himself.
    if (chat.isLeaving) return;
    screen.print(error instanceof UserError ? error.text[language] : String(error));
  }
}
