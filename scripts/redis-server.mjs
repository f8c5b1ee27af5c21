// Finds a redis-server for the embedded Redis, or installs one, and remembers where it is.
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { installDebianPackages, isRoot, onPath, unpackDebianPackage } from "./debian.mjs";
import { patiently, readStamp, root, run, SetupError, say, writeStamp } from "./steps.mjs";

/** BullMQ's oldest Redis. */
const OLDEST = [6, 2];
const STAMP = "redis-server";

/**
 * Returns the path of a usable redis-server (or valkey-server), installing one where that is possible; undefined when REDIS_URL
 * names an outside Redis. The path is remembered in node_modules/.botswain/redis-server, where the program looks for it.
 */
export async function findRedisServer() {
  if (setting("REDIS_URL")) return undefined;
  const chosen = setting("REDIS_SERVER");
  if (chosen) {
    if (!(await works(chosen)))
      throw new SetupError(`REDIS_SERVER is "${chosen}", which is no redis-server of version 6.2 or newer: correct it or unset it.`);
    return remember(chosen);
  }
  const known = readStamp(STAMP);
  if (known !== undefined && existsSync(known)) return known;
  for (const path of [onPath("redis-server"), onPath("valkey-server")])
    if (path !== undefined && (await works(path))) return remember(path);
  for (const attempt of [withApt, withUnpackedPackage, withBrew]) {
    const path = await attempt();
    if (path !== undefined && (await works(path))) return remember(path);
  }
  throw new SetupError(
    "No redis-server was found and none could be installed: install Redis 6.2 or newer, or set REDIS_URL to a running one (see .env.example).",
  );
}

function remember(path) {
  if (readStamp(STAMP) !== path) writeStamp(STAMP, path);
  return path;
}

/** A setting from the environment or the project's .env; an empty one counts as not set. */
function setting(name) {
  const given = process.env[name];
  if (given !== undefined) return given;
  const file = join(root, ".env");
  if (!existsSync(file)) return undefined;
  const line = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=\\s*(.*?)\\s*$`, "m").exec(readFileSync(file, "utf8"));
  return line?.[1].replace(/^(["'])(.*)\1$/, "$2");
}

async function works(path) {
  const { code, output } = await run(path, ["--version"]);
  const version = /v=(\d+)\.(\d+)/.exec(output);
  if (code !== 0 || version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

async function withApt() {
  if (!isRoot() || onPath("apt-get") === undefined) return undefined;
  say("installing redis-server with apt-get");
  const wasListening = await isListening(6379);
  try {
    await patiently("apt-get", () => installDebianPackages(["redis-server"]));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message.split("\n")[0] ?? "apt-get failed");
    return undefined;
  }
  // Ours listens on a private socket only; the service that the package brings is not needed.
  if (!wasListening && (await isListening(6379))) {
    const stopped = existsSync("/run/systemd/system")
      ? ["systemctl", ["disable", "--now", "redis-server"]]
      : ["service", ["redis-server", "stop"]];
    await run(...stopped);
  }
  return onPath("redis-server");
}

async function withUnpackedPackage() {
  const folder = join(root, "node_modules/.botswain/redis");
  if (onPath("apt-get") === undefined) return undefined;
  say("unpacking redis-server into node_modules/.botswain (no root needed)");
  const isUnpacked = await patiently("redis-server", () => unpackDebianPackage("redis-server", ["redis-server"], folder));
  return isUnpacked ? join(folder, "redis-server") : undefined;
}

async function withBrew() {
  if (onPath("brew") === undefined) return undefined;
  say("installing redis with brew");
  await patiently("brew", () => run("brew", ["install", "redis"]));
  return onPath("redis-server");
}

function isListening(port) {
  return new Promise((answer) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const end = (result) => {
      socket.destroy();
      answer(result);
    };
    socket
      .setTimeout(1000, () => end(false))
      .once("connect", () => end(true))
      .once("error", () => end(false));
  });
}
