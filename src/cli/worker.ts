// The worker as a role: settings in, a host of bots out.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { readEndpoint, readKeys } from "../sim/sim-folder.ts";
import { runWorker, type WorkerOptions } from "../workers/host.ts";
import { createAccountDoor } from "./account-access.ts";
import { isAccountVariable } from "./account-environment.ts";
import { SIM_ACCOUNT } from "./account-name.ts";
import type { DataFolder } from "./data-folder.ts";
import { isAlive } from "./process-info.ts";
import { redisAddress } from "./redis-address.ts";
import type { RoleContext, RunningRole } from "./role-main.ts";
import type { Settings } from "./settings.ts";

/** Starts a worker. Throws a UserError when the database or Redis cannot be used. */
export async function startWorkerRole({ settings, log }: RoleContext): Promise<RunningRole> {
  const accounts = createAccountDoor(settings, () => simAccess(settings));
  if (settings.accounts.fromEnv === null && Object.keys(process.env).some(isAccountVariable))
    log.warn("variables BOTSWAIN_ACCOUNT_… are not used: BOTSWAIN_ACCOUNTS_FROM_ENV is not true");
  const worker = await runWorker({
    workerId: workerIdOf(settings.dataFolder),
    databaseUrl: settings.databaseUrl,
    redisUrl: await redisAddress(settings),
    accounts: accounts.access,
    limits: settings.limits,
    fleetRisk: settings.fleetRisk,
    timezone: settings.timezone,
    strategyFolders: settings.strategyFolders,
    log,
  });
  return {
    async stop() {
      await worker.stop("the process was asked to end");
      await accounts.close();
    },
  };
}

/** This data folder's worker, the same after every restart, so that it knows its own leftovers. */
function workerIdOf({ path }: DataFolder): string {
  const file = join(path, "worker-id");
  if (!existsSync(file)) writeFileSync(file, `${hostname().slice(0, 32)}-${randomBytes(4).toString("hex")}\n`, { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}

/** Access to the simulated exchange. Throws a plain error while the exchange is not up yet. */
async function simAccess({ sim, dataFolder }: Settings): ReturnType<WorkerOptions["accounts"]> {
  const place =
    sim.url === null ? liveEndpoint(dataFolder) : { url: sim.url, wsUrl: `${sim.url.replace(/^http/, "ws").replace(/\/$/, "")}/ws` };
  // Read after the exchange is known to live: it makes the keys before it listens.
  const keys = readKeys(dataFolder.sim.folder).find(({ name }) => name === SIM_ACCOUNT);
  if (keys === undefined) throw new Error("the simulated exchange has not made its keys yet");
  return { mode: "sim", credentials: keys.credentials, ...place };
}

/** Where the exchange listens now; the file of an exchange that has ended says nothing. */
function liveEndpoint(dataFolder: DataFolder): { readonly url: string; readonly wsUrl: string } {
  const endpoint = readEndpoint(dataFolder.sim.folder);
  if (endpoint === null || !isAlive(endpoint.pid)) throw new Error("the simulated exchange is not up yet");
  return { url: endpoint.url, wsUrl: endpoint.wsUrl };
}
