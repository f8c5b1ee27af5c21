// The embedded Redis: one server per folder whatever happens to it or to its parent, and its data stays.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { locateDataFolder, prepareDataFolder } from "../../src/cli/data-folder.ts";
import { findRedisProgram, startRedis } from "../../src/cli/embedded-redis.ts";
import { commandLine, isAlive } from "../../src/cli/process-info.ts";
import { pingRedis, redisPid } from "../../src/cli/redis-line.ts";
import { PROJECT_FOLDER } from "../../src/cli/settings.ts";
import type { Text } from "../../src/core/text.ts";
import { until } from "./until.ts";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function folder() {
  const path = mkdtempSync(join(tmpdir(), "botswain-redis-"));
  cleanUps.push(() => rmSync(path, { recursive: true, force: true }));
  const data = locateDataFolder({ BOTSWAIN_HOME: path });
  prepareDataFolder(data);
  return data.redis;
}

async function start(redis: ReturnType<typeof folder>, log: (text: Text) => void = () => {}) {
  const server = await startRedis({ folder: redis, program: findRedisProgram(process.env.REDIS_SERVER || null, PROJECT_FOLDER), log });
  cleanUps.push(() => server.stop());
  return server;
}

/** Sends one command through redis-cli's protocol-free inline form. */
async function say(socket: string, line: string): Promise<string> {
  const { connect } = await import("node:net");
  return new Promise((resolve, reject) => {
    const connection = connect(socket, () => connection.write(`${line}\r\n`));
    connection.once("data", (chunk) => {
      connection.destroy();
      resolve(chunk.toString());
    });
    connection.once("error", reject);
  });
}

test("starts a server that keeps its data over a stop and a start, and ends it on stop", async () => {
  const redis = folder();
  const first = await start(redis);
  const pid = await first.pid();
  expect(await say(redis.socket, "SET kept 42")).toContain("OK");
  await first.stop();
  expect(pid === null || isAlive(pid)).toBe(false);
  expect(await pingRedis(redis.socket)).toBe("absent");
  await start(redis);
  expect(await say(redis.socket, "GET kept")).toContain("42");
});

test("adopts a living server instead of starting a second one on the folder", async () => {
  const redis = folder();
  const first = await start(redis);
  const second = await start(redis);
  expect(await second.pid()).toBe(await first.pid());
});

test("two that start at the same moment share one server", async () => {
  const redis = folder();
  const [first, second] = await Promise.all([start(redis), start(redis)]);
  expect(await second.pid()).toBe(await first.pid());
});

test("restarts a killed server and says so once", async () => {
  const redis = folder();
  const lines: string[] = [];
  await start(redis, (text) => lines.push(text.en));
  await say(redis.socket, "SET kept yes");
  const killed = await redisPid(redis.socket);
  process.kill(killed ?? Number.NaN, "SIGKILL");
  await until(async () => (await pingRedis(redis.socket)) === "ready");
  expect(await redisPid(redis.socket)).not.toBe(killed);
  expect(await say(redis.socket, "GET kept")).toContain("yes");
  expect(lines).toEqual(["the embedded Redis is gone; starting it again"]);
});

test("ends a server that lives but is silent before it starts another", async () => {
  const redis = folder();
  await start(redis);
  const stuck = (await redisPid(redis.socket)) ?? Number.NaN;
  process.kill(stuck, "SIGSTOP");
  await until(async () => !isAlive(stuck));
  await until(async () => (await pingRedis(redis.socket)) === "ready");
  expect(await redisPid(redis.socket)).not.toBe(stuck);
});

test("a program that is no Redis is one sentence", async () => {
  const redis = folder();
  await expect(startRedis({ folder: redis, program: "/bin/false", log: () => {} })).rejects.toThrow(
    /embedded Redis does not start .*REDIS_URL/,
  );
  expect(() => findRedisProgram("/nowhere/redis", PROJECT_FOLDER)).toThrow(/REDIS_SERVER is "\/nowhere\/redis"/);
  expect(() => findRedisProgram(null, "/nowhere", "")).toThrow(/npm run setup/);
});

test("a process's command line can be read, a dead one's cannot", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "marker-of-this-test"]);
  const pid = child.pid ?? Number.NaN;
  await until(async () => commandLine(pid)?.includes("marker-of-this-test") === true);
  child.kill("SIGKILL");
  await until(async () => !isAlive(pid));
  expect(commandLine(999_999_999)).toBeNull();
});
