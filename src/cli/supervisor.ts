// Keeps everything of one machine alive: Redis, the simulated exchange, the worker and the front. Small: no ccxt, no Prisma.

import { renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Text, UserError } from "../core/text.ts";
import { type DataFolder, prepareDataFolder } from "./data-folder.ts";
import { type EmbeddedRedis, findRedisProgram, startRedis } from "./embedded-redis.ts";
import { awaitLeftovers } from "./leftovers.ts";
import { type Lock, type LockHolder, takeLock } from "./lock.ts";
import { type LogFile, openLogFile } from "./log-file.ts";
import { type RoleProcess, runRoleProcess } from "./role-process.ts";
import { PROJECT_FOLDER, type Settings } from "./settings.ts";

/** A worker's instances take their orders off the exchange; that may wait for permits. */
const STOP_MS = { worker: 40_000, bot: 10_000, "exchange-sim": 10_000 } as const;
type Role = keyof typeof STOP_MS;
/** In this order they end: the worker needs the exchange, and its last alerts need the front. */
const STOP_ORDER: readonly Role[] = ["worker", "bot", "exchange-sim"];

export interface SupervisorOptions {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  /** Every log line of every process, as written. */
  readonly onLine: (line: string) => void;
  /** What the supervisor itself does, one line each. */
  readonly say: (text: Text) => void;
  readonly program?: string;
}

export interface Supervisor {
  /** Resolves when every role is ready; rejects with a UserError when one cannot start before a person mends something. */
  readonly ready: Promise<void>;
  /** Resolves when a role gave up for good. */
  readonly broken: Promise<UserError>;
  /** Ends everything in order. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/** What `ps` shows. */
export interface ProcessList {
  readonly supervisor: { readonly pid: number; readonly since: number };
  readonly hasEmbeddedRedis: boolean;
  readonly roles: readonly Pick<RoleProcess, "role" | "pid" | "since" | "restarts" | "isReady">[];
}

/** The sentence for a data folder that somebody else holds. */
export function heldBy(folder: DataFolder, holder: LockHolder): UserError {
  const since = new Date(holder.since).toISOString();
  return new UserError(
    {
      en: `The data folder ${folder.path} is in use by process ${holder.pid} on ${holder.host} since ${since}: stop it with \`bin/botswain down\`, or set BOTSWAIN_HOME to another folder.`,
      "zh-TW": `資料夾 ${folder.path} 自 ${since} 起由 ${holder.host} 上的程序 ${holder.pid} 使用中：請以 \`bin/botswain down\` 停止它，或將 BOTSWAIN_HOME 設為其他資料夾。`,
    },
    "held",
  );
}

/** The simulated exchange has no business with real accounts. */
function withoutAccounts(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^BOTSWAIN_(ACCOUNT|ARMED|PASSPHRASE|KEY_FILE)/.test(name)));
}

/** Takes the data folder and starts everything on it. Throws a UserError when the folder is held or Redis cannot be had. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const folder = options.settings.dataFolder;
  prepareDataFolder(folder);
  const taken = takeLock(folder.lockFile);
  if ("holder" in taken) throw heldBy(folder, taken.holder);
  try {
    const running = new RunningSupervisor(options, taken.lock);
    await running.start();
    return running;
  } catch (error) {
    taken.lock.release();
    throw error;
  }
}

class RunningSupervisor implements Supervisor {
  readonly ready: Promise<void>;
  readonly broken: Promise<UserError>;
  readonly #options: SupervisorOptions;
  readonly #lock: Lock;
  readonly #log: LogFile;
  readonly #since = Date.now();
  readonly #roles = new Map<Role, RoleProcess>();
  #redis: EmbeddedRedis | null = null;
  #hasEnded = false;
  #markReady: () => void = () => {};
  #markBroken: (error: UserError) => void = () => {};

  constructor(options: SupervisorOptions, lock: Lock) {
    this.#options = options;
    this.#lock = lock;
    this.#log = openLogFile(options.settings.dataFolder.logs);
    this.broken = new Promise((resolve) => {
      this.#markBroken = resolve;
    });
    this.ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      void this.broken.then(reject);
    });
    // Whoever does not wait for readiness learns of a fault through `broken`.
    this.ready.catch(() => {});
  }

  async start(): Promise<void> {
    const { settings, env } = this.#options;
    await awaitLeftovers(settings.dataFolder, () =>
      this.#say({ en: "waiting for what a killed supervisor left behind to end", "zh-TW": "等待先前被強制結束的程序所留下的元件結束" }),
    );
    const childEnv: NodeJS.ProcessEnv = { ...env, BOTSWAIN_HOME: settings.dataFolder.path };
    if (settings.redisUrl === null) {
      const program = findRedisProgram(settings.redisServer, PROJECT_FOLDER);
      this.#redis = await startRedis({ folder: settings.dataFolder.redis, program, log: (text) => this.#say(text) });
      childEnv.REDIS_URL = this.#redis.url;
    }
    const roles: readonly Role[] = settings.sim.url === null ? ["exchange-sim", "worker", "bot"] : ["worker", "bot"];
    for (const role of roles) this.#startRole(role, role === "exchange-sim" ? withoutAccounts(childEnv) : childEnv);
    this.#changed();
  }

  #startRole(role: Role, env: NodeJS.ProcessEnv): void {
    const process = runRoleProcess({
      role,
      program: this.#options.program ?? fileURLToPath(new URL("./main.js", import.meta.url)),
      args: [role],
      env,
      onLine: (line) => {
        this.#log.append(line);
        this.#options.onLine(line);
      },
      log: (text) => this.#say(text),
      onChange: () => this.#changed(),
      onUnstartable: (reason) => this.#markBroken(new UserError({ en: reason, "zh-TW": reason }, "unstartable")),
    });
    this.#roles.set(role, process);
  }

  #say(text: Text): void {
    this.#log.append(JSON.stringify({ time: new Date().toISOString(), level: "warn", role: "up", msg: text.en }));
    this.#options.say(text);
  }

  /** Tells `ps`, and whoever waits for readiness. */
  #changed(): void {
    const roles = [...this.#roles.values()];
    if (roles.length > 0 && roles.every((role) => role.isReady)) this.#markReady();
    if (!this.#hasEnded) this.#writeList(roles);
  }

  #writeList(roles: readonly RoleProcess[]): void {
    const file = this.#options.settings.dataFolder.processesFile;
    const list: ProcessList = {
      supervisor: { pid: process.pid, since: this.#since },
      hasEmbeddedRedis: this.#redis !== null,
      roles: roles.map(({ role, pid, since, restarts, isReady }) => ({ role, pid, since, restarts, isReady })),
    };
    writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(list)}\n`, { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  }

  async stop(): Promise<void> {
    for (const role of STOP_ORDER) await this.#roles.get(role)?.stop(STOP_MS[role]);
    await this.#redis?.stop();
    this.#end();
  }

  kill(): void {
    for (const role of this.#roles.values()) role.kill();
    this.#redis?.abandon();
    this.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    rmSync(this.#options.settings.dataFolder.processesFile, { force: true });
    this.#lock.release();
  }
}
