// A connection to the running front over its local socket: ask, hear progress and alerts.

import { connect, type Socket } from "node:net";
import { ANSWER_BYTES_MAX, type LocalAnswer, type LocalRequest } from "../bot/local-protocol.ts";
import { createLineSplitter } from "../core/chat/line-splitter.ts";
import type { Invocation, Reply } from "../core/command.ts";
import { type Language, type Text, UserError } from "../core/text.ts";

const CONNECT_TIMEOUT_MS = 3_000;

export interface InvokeOptions {
  readonly yes?: boolean;
  readonly language: Language;
  readonly onProgress?: (reply: Reply) => void;
}

export interface FrontConnection {
  /** Resolves with the final reply. Rejects with a UserError when the front refuses the request or the connection ends first. */
  invoke(input: Invocation["input"], options: InvokeOptions): Promise<Reply>;
  /** Calls back for each alert stored from now on. */
  subscribe(onAlert: (text: Text) => void): void;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  close(): void;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  readonly onProgress: ((reply: Reply) => void) | undefined;
}

function nothingRuns(path: string): UserError {
  return new UserError(
    {
      en: `Nothing is running here: nobody answers on ${path}. Start Botswain with npm start (or botswain up).`,
      "zh-TW": `Botswain 尚未執行：${path} 沒有回應。請先以 npm start（或 botswain up）啟動。`,
    },
    "notRunning",
  );
}

const CUT_OFF: Text = {
  en: "The connection ended before the answer; the command may still be carried out, look with /status.",
  "zh-TW": "連線在收到回覆前中斷；指令可能仍會執行，請以 /status 查看。",
};

/** Connects. Rejects with a UserError when nothing runs on `path`, or when this user may not open it. */
export async function connectFront(path: string): Promise<FrontConnection> {
  const socket = await open(path);
  const waiting = new Map<string, Waiting>();
  let onAlert: ((text: Text) => void) | null = null;
  let requests = 0;
  const splitter = createLineSplitter(ANSWER_BYTES_MAX);
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      for (const { reject } of waiting.values()) reject(new UserError(CUT_OFF, "cutOff"));
      waiting.clear();
      resolve();
    });
  });
  const take = (answer: LocalAnswer): void => {
    switch (answer.type) {
      case "alert":
        return onAlert?.(answer.text);
      case "progress":
        return waiting.get(answer.id)?.onProgress?.(answer.reply);
      case "reply":
        waiting.get(answer.id)?.resolve(answer.reply);
        waiting.delete(answer.id);
        return;
      case "error": {
        // A fault without an id concerns the connection, so everything that waits on it ends.
        const concerned = answer.id === null ? [...waiting.keys()] : [answer.id];
        for (const id of concerned) {
          waiting.get(id)?.reject(new UserError(answer.message, "badRequest"));
          waiting.delete(id);
        }
      }
    }
  };
  socket.on("data", (piece) => {
    try {
      for (const line of splitter.push(piece)) take(JSON.parse(line));
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined);
    }
  });
  const write = (request: LocalRequest): void => void socket.write(`${JSON.stringify(request)}\n`);
  return {
    closed,
    close: () => void socket.destroy(),
    subscribe(callback) {
      onAlert = callback;
      write({ type: "subscribe" });
    },
    invoke(input, { yes = false, language, onProgress }) {
      if (socket.destroyed) return Promise.reject(new UserError(CUT_OFF, "cutOff"));
      requests += 1;
      const id = String(requests);
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, onProgress });
        write({ id, type: "invoke", input, yes, language });
      });
    },
  };
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(nothingRuns(path)));
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("error");
      // What breaks later shows as `close`.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EACCES")
        reject(new UserError({ en: `${path} belongs to another user.`, "zh-TW": `${path} 屬於其他使用者。` }, "notYours"));
      else reject(error.code === "ENOENT" || error.code === "ECONNREFUSED" ? nothingRuns(path) : error);
    });
  });
}
