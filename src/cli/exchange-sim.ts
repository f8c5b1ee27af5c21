// The simulated exchange as a role: settings in, a server on loopback out.

import { startExchangeSim } from "../sim/exchange-sim.ts";
import type { RoleContext, RunningRole } from "./role-main.ts";

/** Starts the simulated exchange of the data folder. Throws a UserError for a taken port or an unreadable data file. */
export async function startSimRole({ settings, log }: RoleContext): Promise<RunningRole> {
  const { data, speed, seed, port } = settings.sim;
  const sim = await startExchangeSim({
    port,
    folder: settings.dataFolder.sim.folder,
    data: data.map(({ symbol, path }) => (symbol === null ? { file: path } : { symbol, file: path })),
    speed,
    ...(seed === null ? {} : { seed }),
    log,
  });
  return { stop: () => sim.close() };
}
