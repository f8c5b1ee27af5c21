// The front's door for this machine: a unix socket where the terminal asks dispatch and hears alerts, as the local admin.

import { randomUUID } from "node:crypto";
import { lstat, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Logger } from "pino";
import type { AlertOutbox } from "../core/alert.ts";
import { alertText } from "../core/chat/alert-text.ts";
import { createLineSplitter } from "../core/chat/line-splitter.ts";
import type { Invocation, Reply } from "../core/command.ts";
import { type Text, UserError } from "../core/text.ts";
import { type LocalAnswer, REQUEST_BYTES_MAX, requestSchema } from "./local-protocol.ts";

const CLIENTS_MAX = 32;
/** Requests that one client may have open; more are answered with a sentence. */
const OPEN_REQUESTS_MAX = 16;
/** Bytes that wait for a client that does not read before it is let go. */
const UNREAD_BYTES_MAX = 16_777_216;
const ALERT_POLL_MS = 1_000;
const ALERTS_PER_READ = 200;
const PROBE_TIMEOUT_MS = 2_000;
/** The terminal's place among the alert targets: one cursor for all its clients. */
const ALERT_TARGET = "terminal:local";

export interface LocalServerOptions {
  /** Where the socket file goes; its folder must exist and belong to the user alone. */
  readonly path: string;
  readonly dispatch: (invocation: Invocation) => Promise<Reply>;
  readonly outbox: AlertOutbox;
  readonly log: Logger;
}

export interface LocalServer {
  /** Ends all clients and removes the socket file. */
  stop(): Promise<void>;
}

interface Client {
  readonly socket: Socket;
  isSubscribed: boolean;
  openRequests: number;
}

/**
 * Listens on `path` with mode 0600: whoever can open the file is the local admin. A socket file that nobody answers on is
 * replaced. Throws a UserError when another front answers there, or when something else lies in its place.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { path, log } = options;
  await makeWay(path);
  const clients = new Set<Client>();
  const server = createServer((socket) => accept(socket, clients, options));
  await listen(server, path);
  const alerts = await followAlerts(options, clients);
  log.info({ path }, "the local socket listens");
  return {
    async stop() {
      alerts.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { socket } of clients) socket.destroy();
      await closed;
    },
  };
}

/** Removes a socket file that a crash left behind, and nothing else. */
async function makeWay(path: string): Promise<void> {
  const entry = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (entry === null) return;
  if (!entry.isSocket())
    throw new UserError({
      en: `${path} is in the way of the local socket and is no socket; move it.`,
      "zh-TW": `${path} 擋住了本機 socket 的位置，而且不是 socket；請將它移走。`,
    });
  if (await isAnswered(path))
    throw new UserError(
      { en: `Another Botswain answers on ${path}; stop it first.`, "zh-TW": `另一個 Botswain 正在使用 ${path}；請先停止它。` },
      "inUse",
    );
  await unlink(path);
}

/** True when a process accepts connections there; a probe that hangs counts as answered. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const finish = (answered: boolean): void => {
      probe.destroy();
      resolve(answered);
    };
    probe.setTimeout(PROBE_TIMEOUT_MS, () => finish(true));
    probe.once("connect", () => finish(true));
    probe.once("error", (error: NodeJS.ErrnoException) => finish(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
  });
}

/** Binds under a umask, so that the file is never open to others, not even for a moment; binding happens within `listen`. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

function accept(socket: Socket, clients: Set<Client>, options: LocalServerOptions): void {
  const client: Client = { socket, isSubscribed: false, openRequests: 0 };
  socket.on("error", (error) => options.log.debug({ reason: error.message }, "a local client broke off"));
  if (clients.size >= CLIENTS_MAX) {
    dismiss(socket, TOO_MANY_CLIENTS);
    return;
  }
  clients.add(client);
  socket.on("close", () => clients.delete(client));
  const splitter = createLineSplitter(REQUEST_BYTES_MAX);
  socket.on("data", (piece) => {
    let lines: readonly string[];
    try {
      lines = splitter.push(piece);
    } catch {
      socket.removeAllListeners("data");
      dismiss(socket, LINE_TOO_LONG);
      return;
    }
    for (const line of lines) if (line.trim() !== "") handle(line, client, options);
  });
}

const TOO_MANY_CLIENTS: Text = {
  en: `Too many terminals are connected; ${CLIENTS_MAX} is the limit.`,
  "zh-TW": `連線的終端機太多；上限為 ${CLIENTS_MAX} 個。`,
};
const LINE_TOO_LONG: Text = {
  en: `A request may have at most ${REQUEST_BYTES_MAX} bytes.`,
  "zh-TW": `一個請求最多 ${REQUEST_BYTES_MAX} 位元組。`,
};
const NOT_A_REQUEST: Text = {
  en: 'This line is no request; send one JSON object per line such as {"id":"1","type":"invoke","input":{"type":"line","line":"/status"}}.',
  "zh-TW": '無法解讀這一行；每行請送出一個 JSON 物件，例如 {"id":"1","type":"invoke","input":{"type":"line","line":"/status"}}。',
};
const TOO_MANY_REQUESTS: Text = {
  en: `Too many requests are open on this connection; ${OPEN_REQUESTS_MAX} is the limit.`,
  "zh-TW": `此連線上尚未完成的請求太多；上限為 ${OPEN_REQUESTS_MAX} 個。`,
};

function lineOf(answer: LocalAnswer): string {
  return `${JSON.stringify(answer)}\n`;
}

/** Says why and closes, without waiting for the client to close its side. */
function dismiss(socket: Socket, message: Text): void {
  socket.write(lineOf({ id: null, type: "error", message }));
  socket.destroySoon();
}

/** A client that reads too slowly is let go rather than remembered without bound. */
function send(client: Client, answer: LocalAnswer): void {
  if (!client.socket.writable) return;
  client.socket.write(lineOf(answer));
  if (client.socket.writableLength > UNREAD_BYTES_MAX) client.socket.destroy();
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function handle(line: string, client: Client, options: LocalServerOptions): void {
  const raw = parse(line);
  const parsed = requestSchema.safeParse(raw);
  if (!parsed.success) {
    const id = typeof raw === "object" && raw !== null && "id" in raw && typeof raw.id === "string" ? raw.id.slice(0, 64) : null;
    return send(client, { id, type: "error", message: NOT_A_REQUEST });
  }
  const request = parsed.data;
  if (request.type === "subscribe") {
    client.isSubscribed = true;
    return;
  }
  const { id, input, yes, language } = request;
  if (client.openRequests >= OPEN_REQUESTS_MAX) return send(client, { id, type: "error", message: TOO_MANY_REQUESTS });
  client.openRequests += 1;
  const invocation: Invocation = {
    frontend: "terminal",
    user: { id: "local", name: "local" },
    chat: { id: "local", isPrivate: true },
    messageId: randomUUID(),
    input,
    language,
    yes,
    onProgress: (reply) => send(client, { id, type: "progress", reply }),
  };
  options
    .dispatch(invocation)
    .then((reply) => send(client, { id, type: "reply", reply }))
    .catch((error: unknown) => {
      options.log.error({ err: error }, "dispatch failed for a local client");
      client.socket.destroy();
    })
    .finally(() => {
      client.openRequests -= 1;
    });
}

/** Reads the outbox at each hint and each second, and tells every subscriber; nobody subscribed means that nobody is told. */
async function followAlerts(options: LocalServerOptions, clients: ReadonlySet<Client>): Promise<{ stop(): void }> {
  const { outbox, log } = options;
  let position = await outbox.cursor(ALERT_TARGET);
  let isStopped = false;
  let isReading = false;
  let isHinted = false;
  const read = async (): Promise<void> => {
    isHinted = true;
    if (isReading) return;
    isReading = true;
    try {
      while (isHinted && !isStopped) {
        isHinted = false;
        const alerts = await outbox.after(position, ALERTS_PER_READ);
        for (const { sequence, alert } of alerts) {
          for (const client of clients) if (client.isSubscribed) send(client, { type: "alert", sequence, alert, text: alertText(alert) });
          position = sequence;
        }
        if (alerts.length > 0) await outbox.advance(ALERT_TARGET, position);
        if (alerts.length === ALERTS_PER_READ) isHinted = true;
      }
    } catch (error) {
      log.warn({ err: error }, "alerts could not be read for the terminal; trying again");
    } finally {
      isReading = false;
    }
  };
  const unsubscribe = outbox.onRaised(() => void read());
  const timer = setInterval(() => void read(), ALERT_POLL_MS);
  return {
    stop() {
      isStopped = true;
      unsubscribe();
      clearInterval(timer);
    },
  };
}
