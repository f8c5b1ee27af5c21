// What both fake platforms share: a server on loopback that can drop its sockets, and waiting for a condition with a deadline.

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Loopback {
  readonly server: Server;
  readonly port: number;
  /** Breaks every open connection; new ones are accepted. */
  dropConnections(): void;
  /** Stops listening and breaks every connection, as an outage would. */
  goDown(): Promise<void>;
  /** Listens again on the same port. */
  comeBack(): Promise<void>;
}

export async function openLoopback(): Promise<Loopback> {
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  await listen(0);
  const port = (server.address() as AddressInfo).port;
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    server,
    port,
    dropConnections,
    goDown: () =>
      new Promise((resolve) => {
        if (!server.listening) resolve();
        else server.close(() => resolve());
        dropConnections();
      }),
    comeBack: () => listen(port),
  };
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

export interface Waiting {
  /** Call after every change that a waiter could be interested in. */
  changed(): void;
  /** Resolves with the first truthy answer of `look`; rejects after the deadline, saying what was waited for. */
  waitFor<Found>(look: () => Found | null | undefined | false, what: string, deadlineMs?: number): Promise<Found>;
}

const DEADLINE_MS = 5_000;
const LOOK_EVERY_MS = 25;

/** `describe` is what a failed wait prints, so that a broken test shows what happened instead. */
export function createWaiting(describe: () => string): Waiting {
  const listeners = new Set<() => void>();
  return {
    changed() {
      for (const listener of [...listeners]) listener();
    },
    waitFor(look, what, deadlineMs = DEADLINE_MS) {
      return new Promise((resolve, reject) => {
        const finish = (): void => {
          clearInterval(interval);
          clearTimeout(deadline);
          listeners.delete(check);
        };
        const check = (): void => {
          const found = look();
          if (found === null || found === undefined || found === false) return;
          finish();
          resolve(found);
        };
        const interval = setInterval(check, LOOK_EVERY_MS);
        const deadline = setTimeout(() => {
          finish();
          reject(new Error(`waited ${deadlineMs} ms in vain for ${what}; what happened:\n${describe()}`));
        }, deadlineMs);
        listeners.add(check);
        check();
      });
    },
  };
}
