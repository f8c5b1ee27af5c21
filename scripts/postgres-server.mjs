// Brings the PostgreSQL server that tests run on: finds or installs one, and starts a private one for each run of vitest.
import { spawn } from "node:child_process";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { installDebianPackages, isRoot, onPath, unpackDebianPackage } from "./debian.mjs";
import { patiently, readStamp, root, run, SetupError, say, writeStamp } from "./steps.mjs";

/** Folder of initdb and postgres, as remembered in node_modules/.botswain; POSTGRES_PROGRAMS names another one. */
const STAMP = "postgres-programs";
const OLDEST = 13;
const DEBIAN = "/usr/lib/postgresql";
/** Keeps Debian's package from making (and starting) a database of its own. */
const NO_CLUSTER = "/etc/postgresql-common/createcluster.d/botswain-tests.conf";
const START_MAX_MS = 30_000;

/** The programs' folder and what version they are, installing them where that is possible; undefined when it is not. */
export async function bringPostgres() {
  const found = await findPostgres();
  if (found !== undefined) return found;
  for (const attempt of [withApt, withUnpackedPackage]) {
    await attempt();
    const brought = await findPostgres();
    if (brought !== undefined) return brought;
  }
  say("no PostgreSQL server could be brought; its tests are skipped");
  return undefined;
}

/** The newest usable server of this machine, or undefined. Installs nothing. */
export async function findPostgres() {
  const installed = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((one, other) => Number(other) - Number(one)) : [];
  const places = [
    process.env.POSTGRES_PROGRAMS,
    readStamp(STAMP),
    unpackedFolder(),
    ...installed.map((version) => join(DEBIAN, version, "bin")),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  for (const folder of places) {
    if (!folder || !isExecutable(join(folder, "initdb"))) continue;
    const version = await versionOf(folder);
    if (version === undefined) continue;
    if (readStamp(STAMP) !== folder) writeStamp(STAMP, folder);
    return { folder, version };
  }
  return undefined;
}

function unpackedFolder() {
  return join(root, "node_modules/.botswain/postgres");
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `15.20` when the server runs under the user that it has to run as, else undefined. */
async function versionOf(folder) {
  const { code, output } = await run(join(folder, "postgres"), ["--version"], { cwd: "/", ...(await serverUser()) });
  const version = /(\d+)(\.\d+)?/.exec(output);
  return code === 0 && version !== null && Number(version[1]) >= OLDEST ? version[0] : undefined;
}

/** PostgreSQL refuses to run as root: then it runs as its own user, or as nobody. */
async function serverUser() {
  if (!isRoot()) return {};
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = await Promise.all(["-u", "-g"].map((option) => run("id", [option, name])));
    if (uid.code === 0 && gid.code === 0) return { uid: Number(uid.output), gid: Number(gid.output) };
  }
  return {};
}

async function withApt() {
  if (!isRoot() || onPath("apt-get") === undefined) return;
  say("installing PostgreSQL with apt-get, for the tests");
  const isOurs = !existsSync(NO_CLUSTER);
  mkdirSync(join(NO_CLUSTER, ".."), { recursive: true });
  if (isOurs) writeFileSync(NO_CLUSTER, "create_main_cluster = false\n");
  try {
    await patiently("apt-get", () => installDebianPackages(["postgresql"]));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message.split("\n")[0] ?? "apt-get failed");
  } finally {
    if (isOurs) rmSync(NO_CLUSTER, { force: true });
  }
}

async function withUnpackedPackage() {
  if (onPath("apt-get") === undefined) return;
  say("unpacking PostgreSQL into node_modules/.botswain (no root needed), for the tests");
  const places = ["usr/lib/postgresql/*/bin"];
  await patiently("PostgreSQL", () => unpackDebianPackage("postgresql", ["initdb", "postgres"], unpackedFolder(), places));
}

/**
 * Starts a server of its own on a free loopback port, for no other user's eyes, and ends it and removes its data when `stop` is
 * called or this process dies, however it dies.
 */
export async function startPostgres({ folder }) {
  const user = await serverUser();
  // Debian's /tmp, not TMPDIR: the server's user must be able to reach it.
  const place = mkdtempSync("/tmp/botswain-pg-");
  chmodSync(place, 0o700);
  if (user.uid !== undefined) chownSync(place, user.uid, user.gid);
  const data = join(place, "data");
  const made = await run(join(folder, "initdb"), ["-D", data, "-A", "trust", "-U", "app", "-E", "UTF8", "--locale=C", "--no-sync"], {
    cwd: place,
    ...user,
  });
  if (made.code !== 0) throw new Error(`initdb failed:\n${made.output}`);
  const port = await freePort();
  const settings = { port, unix_socket_directories: place, listen_addresses: "127.0.0.1", fsync: "off", max_connections: 200, jit: "off" };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // The shell waits for the end of its input, which this process's death is too; SIGQUIT ends a server at once.
  const guard = '"$@" >>log 2>&1 </dev/null & server=$!; cat >/dev/null; kill -QUIT $server; wait $server; cd /; rm -rf "$PLACE"';
  const child = spawn("/bin/sh", ["-c", guard, "sh", join(folder, "postgres"), "-D", data, ...options], {
    ...user,
    cwd: place,
    env: { ...process.env, PLACE: place },
    stdio: ["pipe", "ignore", "ignore"],
    // Ctrl-C reaches the whole group; the server ends with the run, not before its last test.
    detached: true,
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // Nothing is kept alive for the server's sake, until its end is waited for.
  child.unref();
  child.stdin.unref();
  await untilListening(port);
  return {
    url: `postgresql://app@127.0.0.1:${port}`,
    async stop() {
      child.ref();
      child.stdin.end();
      await ended;
      rmSync(place, { recursive: true, force: true });
    },
  };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(port) {
  const { default: pg } = await import("pg");
  const deadline = Date.now() + START_MAX_MS;
  for (;;) {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "app", database: "postgres" });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL did not start within ${START_MAX_MS / 1000} s`, { cause: error });
      await pause(50);
    }
  }
}

/** Called by vitest before the tests: one server for the run, whose address (or null) tests ask for as `postgresUrl`. */
export async function setup({ provide }) {
  const programs = await findPostgres();
  if (programs === undefined) {
    provide("postgresUrl", null);
    return undefined;
  }
  const server = await startPostgres(programs);
  provide("postgresUrl", server.url);
  return () => server.stop();
}
