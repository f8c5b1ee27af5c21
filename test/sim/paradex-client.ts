// The real ccxt client of Paradex for the simulated exchange.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { pro } from "ccxt";
import type { DialectAccount } from "../../src/sim/dialect.ts";
import type { ExchangeSim, ExchangeSimOptions } from "../../src/sim/exchange-sim.ts";
import { paradexDialect } from "../../src/sim/paradex/dialect.ts";
import { startSim } from "./loopback-exchange.ts";

export type ParadexClient = InstanceType<typeof pro.paradex>;

export function startParadex(options: Partial<ExchangeSimOptions> = {}): Promise<ExchangeSim> {
  return startSim({ dialect: paradexDialect, ...options });
}

/** An unmodified ccxt client of one account, by its subkey alone. */
export async function connectParadex(
  sim: Pick<ExchangeSim, "url" | "wsUrl">,
  account: DialectAccount | undefined,
  config: object = {},
): Promise<ParadexClient> {
  if (account === undefined) throw new Error("the simulated exchange has no such account");
  const entry = createRequire(import.meta.url).resolve("ccxt");
  const file = new URL("../js/src/pro/paradex.js", pathToFileURL(entry));
  const { default: Client } = (await import(file.href)) as { default: new (config: object) => ParadexClient };
  const urls = { api: { v1: `${sim.url}/v1`, v2: `${sim.url}/v2`, ws: sim.wsUrl } };
  const options = { paradexAccount: { ...account.credentials } };
  const client = new Client({ options, urls, enableRateLimit: false, number: String, ...config });
  await client.loadHttpProxyAgent();
  return client;
}
