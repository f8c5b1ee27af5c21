// A redis-server of the test's own on a unix socket, gone when the test is over.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

const PROGRAM = process.env.REDIS_SERVER ?? "redis-server";

export const hasRedis = spawnSync(PROGRAM, ["--version"]).status === 0;

export interface PrivateRedis {
  readonly socket: string;
  connect(): Redis;
  /** Ends the server; `start` brings an empty one back on the same socket. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPrivateRedis(): Promise<PrivateRedis> {
  const folder = mkdtempSync(join(tmpdir(), "botswain-rl-"));
  const socket = join(folder, "redis.sock");
  const clients: Redis[] = [];
  let child: ChildProcess | null = null;

  const start = async (): Promise<void> => {
    const options = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "no"];
    child = spawn(PROGRAM, options, { stdio: "ignore" });
    const probe = new Redis({ path: socket, lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 20 });
    probe.on("error", () => undefined);
    await probe.connect().catch(() => undefined);
    await probe.ping();
    probe.disconnect();
  };
  const kill = async (): Promise<void> => {
    const running = child;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  };
  await start();
  return {
    socket,
    connect: () => {
      const client = new Redis({ path: socket, maxRetriesPerRequest: null, retryStrategy: () => 20 });
      client.on("error", () => undefined);
      clients.push(client);
      return client;
    },
    kill,
    start,
    stop: async () => {
      for (const client of clients) client.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
