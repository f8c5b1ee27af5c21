// The real ccxt client of Lighter for the simulated exchange.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { pro } from "ccxt";
import type { DialectAccount } from "../../src/sim/dialect.ts";
import type { ExchangeSim, ExchangeSimOptions } from "../../src/sim/exchange-sim.ts";
import { lighterDialect } from "../../src/sim/lighter/dialect.ts";
import { lighterSigner } from "./lighter-signer.ts";
import { startSim } from "./loopback-exchange.ts";

export type LighterClient = InstanceType<typeof pro.lighter>;

export function startLighter(options: Partial<ExchangeSimOptions> = {}): Promise<ExchangeSim> {
  return startSim({ dialect: lighterDialect, ...options });
}

/** ccxt's options for an account by its API key alone, without builder fees. */
export function clientOptions({ credentials }: DialectAccount): Record<string, unknown> {
  const { accountIndex = "", apiKeyIndex = "", apiPrivateKey = "" } = credentials;
  const { libraryPath, wasmExecPath } = lighterSigner();
  const auths = { [accountIndex]: { [apiKeyIndex]: { lighterPrivateKey: apiPrivateKey } } };
  const own = { accountIndex: Number(accountIndex), apiKeyIndex: Number(apiKeyIndex), auths };
  return { builderFee: false, libraryPath, wasmExecPath, ...own };
}

/** An unmodified ccxt client of one account, by its API key alone. */
export async function connectLighter(
  sim: Pick<ExchangeSim, "url" | "wsUrl">,
  account: DialectAccount | undefined,
  config: object = {},
): Promise<LighterClient> {
  if (account === undefined) throw new Error("the simulated exchange has no such account");
  const entry = createRequire(import.meta.url).resolve("ccxt");
  const file = new URL("../js/src/pro/lighter.js", pathToFileURL(entry));
  const { default: Client } = (await import(file.href)) as { default: new (config: object) => LighterClient };
  const urls = { api: { root: sim.url, public: sim.url, private: sim.url, ws: sim.wsUrl } };
  const client = new Client({ options: clientOptions(account), urls, enableRateLimit: false, number: String, ...config });
  await client.loadHttpProxyAgent();
  return client;
}
