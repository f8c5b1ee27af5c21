// The worker as a role: settings in, a host of bots out.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../core/text.ts";
import { loadKeys, readEndpoint } from "../sim/sim-folder.ts";
import { runWorker, type WorkerOptions } from "../workers/host.ts";
import type { DataFolder } from "./data-folder.ts";
import { isAlive } from "./process-info.ts";
import { redisAddress } from "./redis-address.ts";
import type { RoleContext, RunningRole } from "./role-main.ts";
import type { Settings } from "./settings.ts";

const SIM_ACCOUNT = "sim";

/** Starts a worker. Throws a UserError when the database or Redis cannot be used. */
export async function startWorkerRole({ settings, log }: RoleContext): Promise<RunningRole> {
  const worker = await runWorker({
    workerId: workerIdOf(settings.dataFolder),
    databaseUrl: settings.databaseUrl,
    redisUrl: await redisAddress(settings),
    accounts: async (exchange, account) => simAccess(settings, exchange, account),
    limits: settings.limits,
    fleetRisk: settings.fleetRisk,
    timezone: settings.timezone,
    strategyFolders: settings.strategyFolders,
    log,
  });
  return { stop: () => worker.stop("the process was asked to end") };
}

/** This data folder's worker, the same after every restart, so that it knows its own leftovers. */
function workerIdOf({ path }: DataFolder): string {
  const file = join(path, "worker-id");
  if (!existsSync(file)) writeFileSync(file, `${hostname().slice(0, 32)}-${randomBytes(4).toString("hex")}\n`, { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}

/** Access to the simulated exchange. Throws a UserError for any other account, a plain error while the exchange is not up yet. */
async function simAccess({ sim, dataFolder }: Settings, exchange: string, account: string): ReturnType<WorkerOptions["accounts"]> {
  if (account !== SIM_ACCOUNT) {
    throw new UserError({
      en: `There is no account "${account}" at ${exchange}; only "${SIM_ACCOUNT}", the simulated one, exists.`,
      "zh-TW": `${exchange} 沒有帳戶「${account}」；只有模擬帳戶「${SIM_ACCOUNT}」。`,
    });
  }
  const place =
    sim.url === null ? liveEndpoint(dataFolder) : { url: sim.url, wsUrl: `${sim.url.replace(/^http/, "ws").replace(/\/$/, "")}/ws` };
  // Read after the exchange is known to live: it makes the keys before it listens.
  const keys = loadKeys(dataFolder.sim.folder, [account]).find(({ name }) => name === account);
  if (keys === undefined) throw new Error("the simulated exchange has not made its keys yet");
  return { mode: "sim", credentials: { apiKey: keys.apiKey, secret: keys.secret }, ...place };
}

/** Where the exchange listens now; the file of an exchange that has ended says nothing. */
function liveEndpoint(dataFolder: DataFolder): { readonly url: string; readonly wsUrl: string } {
  const endpoint = readEndpoint(dataFolder.sim.folder);
  if (endpoint === null || !isAlive(endpoint.pid)) throw new Error("the simulated exchange is not up yet");
  return { url: endpoint.url, wsUrl: endpoint.wsUrl };
}
