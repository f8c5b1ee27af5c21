// Makes a checkout ready to run: packages, redis-server, Prisma clients, build. Quick when nothing changed; plain Node, no dependencies.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { generateClients } from "./generate.mjs";
import { installPackages } from "./packages.mjs";
import { refuseUnsupported } from "./platform.mjs";
import { findRedisServer } from "./redis-server.mjs";
import { fingerprint, isMain, main, root, say } from "./steps.mjs";

/** Every step, in order. Returns the redis-server that was found, undefined when REDIS_URL is used. */
export async function setUp() {
  refuseUnsupported();
  const release = await takeTurn();
  try {
    await installPackages();
    const redisServer = await findRedisServer();
    await generateClients();
    await build();
    return redisServer;
  } finally {
    release();
  }
}

/** Two set-ups of one checkout at once would spoil each other: the second waits for the first. */
async function takeTurn() {
  const path = join(tmpdir(), `botswain-setup-${fingerprint([], root, process.getuid?.()).slice(0, 16)}`);
  for (let told = false; ; told = true) {
    try {
      const file = openSync(path, "wx", 0o600);
      writeSync(file, String(process.pid));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = holderOf(path);
    if (holder === undefined) rmSync(path, { force: true });
    else if (!told) say(`another set-up runs (process ${holder}); waiting for it`);
    await new Promise((resume) => setTimeout(resume, 200));
  }
}

function holderOf(path) {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return error.code === "EPERM" ? "of another user" : undefined;
  }
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const started = Date.now();
    await setUp();
    say(`ready (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  });
}
