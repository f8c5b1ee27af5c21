// Asks a Redis on a unix socket one thing at a time, without a client library: the supervisor stays small.

import { connect } from "node:net";

/** How a Redis answers: `ready`, `loading` (it still reads its files), or `absent` (nobody there, or silence). */
export type RedisState = "ready" | "loading" | "absent";

/** Pings the Redis behind a socket. */
export async function pingRedis(socket: string, timeoutMs = 1_000): Promise<RedisState> {
  const answer = await ask(socket, "PING", timeoutMs);
  if (answer === null) return "absent";
  if (answer.startsWith("+PONG")) return "ready";
  return answer.startsWith("-LOADING") ? "loading" : "absent";
}

/** The process id of the Redis behind a socket, or null. */
export async function redisPid(socket: string): Promise<number | null> {
  const pid = /process_id:(\d+)/.exec((await ask(socket, "INFO server", 1_000)) ?? "")?.[1];
  return pid === undefined ? null : Number(pid);
}

/** Asks a Redis to save and end; it closes the connection instead of answering. */
export async function shutDownRedis(socket: string): Promise<void> {
  await ask(socket, "SHUTDOWN", 5_000);
}

/** Sends one inline command and returns the first answer, null when none came. */
function ask(path: string, command: string, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let received = "";
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received === "" ? null : received);
    };
    const timer = setTimeout(end, timeoutMs);
    socket.on("connect", () => socket.write(`${command}\r\n`));
    socket.on("data", (chunk) => {
      received += chunk.toString("utf8");
      if (isWhole(received)) end();
    });
    socket.on("error", end);
    socket.on("close", end);
  });
}

/** A status or error is one line; a bulk answer tells its length first. */
function isWhole(answer: string): boolean {
  const head = /^\$(\d+)\r\n/.exec(answer);
  if (head === null) return answer.endsWith("\r\n");
  return Buffer.byteLength(answer) >= head[0].length + Number(head[1]) + 2;
}
