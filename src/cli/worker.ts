// The worker as a role: settings in, a host of bots out.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { dialectFolder, readEndpoint, readKeys } from "../sim/sim-folder.ts";
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
  const accounts = createAccountDoor(settings, (exchange) => simAccess(settings, exchange));
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
    retention: settings.retention,
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

/** The dialect that `up` runs, and whose address BOTSWAIN_SIM_URL names. */
const OWN_DIALECT = "backpack";

/** Access to an exchange's simulation. Throws a plain error while it is not up yet. */
async function simAccess({ sim, dataFolder }: Settings, exchange: string): ReturnType<WorkerOptions["accounts"]> {
  const folder = dialectFolder(dataFolder.sim.folder, exchange);
  const url = exchange === OWN_DIALECT ? sim.url : null;
  const place = url === null ? liveEndpoint(folder, exchange) : { url, wsUrl: `${url.replace(/^http/, "ws").replace(/\/$/, "")}/ws` };
  // Read after the exchange is known to live: it makes the keys before it listens.
  const keys = readKeys(folder).find(({ name }) => name === SIM_ACCOUNT);
  if (keys === undefined) throw new Error("the simulated exchange has not made its keys yet");
  return { mode: "sim", credentials: keys.credentials, ...place };
}

/** Where the exchange listens now; the file of an exchange that has ended says nothing. */
function liveEndpoint(folder: string, exchange: string): { readonly url: string; readonly wsUrl: string } {
  const endpoint = readEndpoint(folder);
  if (endpoint === null || !isAlive(endpoint.pid))
    throw new Error(
      `the simulated ${exchange} is not up${exchange === OWN_DIALECT ? " yet" : `; start it: botswain exchange-sim --dialect ${exchange}`}`,
    );
  return { url: endpoint.url, wsUrl: endpoint.wsUrl };
}
