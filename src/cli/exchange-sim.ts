// The simulated exchange as a role: settings and choices in, a server on loopback out.

import { join } from "node:path";
import { UserError } from "../core/text.ts";
import { isDecimal } from "../core/units.ts";
import type { Dialect, DialectAccount } from "../sim/dialect.ts";
import { dialectNamed } from "../sim/dialects.ts";
import { type ExchangeSim, startExchangeSim } from "../sim/exchange-sim.ts";
import { readFaultFile } from "../sim/fault-file.ts";
import { type FundingRates, fixedFunding, recordedFunding } from "../sim/funding.ts";
import { readFunding } from "../sim/recorded-funding.ts";
import type { RequestLimit } from "../sim/request-limits.ts";
import { dialectFolder } from "../sim/sim-folder.ts";
import type { RoleContext, RunningRole } from "./role-main.ts";
import type { Settings } from "./settings.ts";

/** What the command line adds to the settings. */
export interface SimChoice {
  /** Name of the exchange to speak like; Backpack's by default. */
  readonly dialect?: string;
  /** File of faults to inject. */
  readonly faults?: string;
  /** A rate for eight hours, or recorded files of rates, comma separated. */
  readonly funding?: string;
  readonly paused?: boolean;
}

/** Where a simulated exchange is and who may use it. */
export interface SimAddress {
  readonly dialect: string;
  readonly url: string;
  readonly wsUrl: string;
  readonly accounts: readonly string[];
  readonly folder: string;
  readonly keysFile: string;
}

/** What the simulated exchange enforces: its documented limits, or what BOTSWAIN_LIMITS says they are. */
function enforcedLimits({ name, limits }: Dialect, settings: Settings): RequestLimit[] {
  return limits.map((limit) => {
    const override = settings.limits[name]?.find((other) => other.name === limit.name);
    return override === undefined ? limit : { ...limit, limit: override.limit, windowMs: override.windowMs };
  });
}

function fundingOf(choice: string, { listings }: Dialect): FundingRates {
  if (isDecimal(choice)) {
    if (Math.abs(Number(choice)) <= 1) return fixedFunding(choice);
    throw new UserError({
      en: `The funding rate ${choice} must be from -1 to 1, such as 0.0001 for one hundredth of a percent.`,
      "zh-TW": `資金費率 ${choice} 必須介於 -1 與 1 之間，例如 0.0001 表示萬分之一。`,
    });
  }
  const files = choice.split(",").map((file) => readFunding(file.trim(), listings));
  return recordedFunding(new Map(files.map(({ base, rates }) => [base, rates])));
}

/** Starts a simulated exchange in the data folder. Throws a UserError for a taken port or an unreadable file. */
export async function startSimRole(
  { settings, log }: Pick<RoleContext, "settings" | "log">,
  choice: SimChoice = {},
): Promise<RunningRole & { readonly address: SimAddress }> {
  const { data, speed, seed, port } = settings.sim;
  const dialect = dialectNamed(choice.dialect ?? "backpack");
  const folder = dialectFolder(settings.dataFolder.sim.folder, dialect.name);
  const sim = await startExchangeSim({
    dialect,
    port,
    folder,
    data: data.map(({ symbol, path }) => (symbol === null ? { file: path } : { symbol, file: path })),
    speed,
    ...(seed === null ? {} : { seed }),
    ...(choice.faults === undefined ? {} : { faults: readFaultFile(choice.faults) }),
    ...(choice.funding === undefined ? {} : { funding: fundingOf(choice.funding, dialect) }),
    paused: choice.paused ?? false,
    limits: enforcedLimits(dialect, settings),
    log,
  });
  return { stop: () => sim.close(), address: addressOf(sim, dialect.name, folder) };
}

function addressOf({ url, wsUrl, accounts }: ExchangeSim, dialect: string, folder: string): SimAddress {
  const names = accounts.map(({ name }: DialectAccount) => name);
  return { dialect, url, wsUrl, accounts: names, folder, keysFile: join(folder, "keys.json") };
}
