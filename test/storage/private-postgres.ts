// A PostgreSQL server of the test's own on a free loopback port, gone when the test is over.

import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import pg from "pg";

const DEBIAN = "/usr/lib/postgresql";

function findPrograms(): string | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, "bin")) : [];
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...versions];
  return folders.find((folder) => ["initdb", "pg_ctl"].every((program) => existsSync(join(folder, program)))) ?? null;
}

/** PostgreSQL refuses to run as root: then its own user runs it. */
function findUser(): { readonly name: string; readonly uid: number; readonly gid: number } | null {
  const id = (option: string): number => Number(spawnSync("id", [option, "postgres"], { encoding: "utf8" }).stdout.trim());
  const exists = spawnSync("id", ["postgres"]).status === 0 && spawnSync("runuser", ["--version"]).status === 0;
  return exists ? { name: "postgres", uid: id("-u"), gid: id("-g") } : null;
}

const programs = findPrograms();
const isRoot = process.getuid?.() === 0;
const user = isRoot ? findUser() : null;

/** Why there is no server to test with, or null when there is one. */
export const postgresMissing: string | null =
  programs === null
    ? "no PostgreSQL server (initdb, pg_ctl) found"
    : isRoot && user === null
      ? "root cannot run PostgreSQL and there is no user postgres"
      : null;

export interface PrivatePostgres {
  /** Makes an empty database and returns its address. */
  createDatabase(): Promise<string>;
  stop(): void;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startPrivatePostgres(): Promise<PrivatePostgres> {
  if (programs === null) throw new Error("no PostgreSQL server found");
  const folder = mkdtempSync(join(tmpdir(), "botswain-pg-"));
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const run = (program: string, args: readonly string[]): void => {
    const command = [join(programs, program), ...args];
    const [file = "", ...rest] = user === null ? command : ["runuser", "-u", user.name, "--", ...command];
    execFileSync(file, rest, { stdio: "ignore", cwd: folder });
  };
  run("initdb", ["-D", data, "-A", "trust", "-U", "app", "--no-sync"]);
  const port = await freePort();
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=100`;
  run("pg_ctl", ["-D", data, "-o", options, "-l", join(folder, "log"), "-w", "start"]);
  const url = (name: string): string => `postgresql://app@127.0.0.1:${port}/${name}`;
  let count = 0;
  return {
    createDatabase: async () => {
      count += 1;
      const admin = new pg.Client({ connectionString: url("postgres") });
      await admin.connect();
      await admin.query(`CREATE DATABASE test_${count}`);
      await admin.end();
      return url(`test_${count}`);
    },
    stop: () => {
      run("pg_ctl", ["-D", data, "-m", "immediate", "-w", "stop"]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
