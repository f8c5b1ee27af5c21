// The simulated exchange as a role: settings in, a server on loopback out.

import { mergeLimits } from "../exchanges/limits.ts";
import { startExchangeSim } from "../sim/exchange-sim.ts";
import { BACKPACK_LIMITS, type RequestLimit } from "../sim/request-limits.ts";
import type { RoleContext, RunningRole } from "./role-main.ts";
import type { Settings } from "./settings.ts";

/** What the simulated exchange enforces: its documented limits, or what BOTSWAIN_LIMITS says they are. */
function enforcedLimits(settings: Settings): RequestLimit[] {
  const told = mergeLimits("backpack", settings.limits);
  return BACKPACK_LIMITS.map((limit) => {
    const override = told.find(({ name }) => name === limit.name);
    return override === undefined ? limit : { ...limit, limit: override.limit, windowMs: override.windowMs };
  });
}

/** Starts the simulated exchange of the data folder. Throws a UserError for a taken port or an unreadable data file. */
export async function startSimRole({ settings, log }: RoleContext): Promise<RunningRole> {
  const { data, speed, seed, port } = settings.sim;
  const sim = await startExchangeSim({
    port,
    folder: settings.dataFolder.sim.folder,
    data: data.map(({ symbol, path }) => (symbol === null ? { file: path } : { symbol, file: path })),
    speed,
    ...(seed === null ? {} : { seed }),
    limits: enforcedLimits(settings),
    log,
  });
  return { stop: () => sim.close() };
}
