// A simulated exchange for a test and the real ccxt client that talks to it.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { backpack as Backpack } from "ccxt";
import pino from "pino";
import type { DialectAccount } from "../../src/sim/dialect.ts";
import { type ExchangeSim, type ExchangeSimOptions, startExchangeSim } from "../../src/sim/exchange-sim.ts";

export type Client = InstanceType<typeof Backpack>;
type ClientClass = new (config: object) => Client;

export const silent = pino({ level: "silent" });

/** ccxt's own Backpack class, by its file, so that the other exchanges are not loaded. */
async function loadClient(): Promise<ClientClass> {
  const entry = createRequire(import.meta.url).resolve("ccxt");
  const file = new URL("../js/src/pro/backpack.js", pathToFileURL(entry));
  return ((await import(file.href)) as { default: ClientClass }).default;
}

export function startSim(options: Partial<ExchangeSimOptions> = {}): Promise<ExchangeSim> {
  return startExchangeSim({ port: 0, folder: null, log: silent, ...options });
}

/** An unmodified ccxt client of one account. */
export async function connect(
  sim: Pick<ExchangeSim, "url" | "wsUrl">,
  account: DialectAccount | undefined,
  config: object = {},
): Promise<Client> {
  if (account === undefined) throw new Error("the simulated exchange has no such account");
  const Client = await loadClient();
  const urls = { api: { public: sim.url, private: sim.url, ws: { public: sim.wsUrl, private: sim.wsUrl } } };
  const client = new Client({ ...account.credentials, urls, enableRateLimit: false, number: String, ...config });
  await client.loadHttpProxyAgent();
  return client;
}

/** Calls one of the server's own endpoints. */
export async function admin(
  sim: Pick<ExchangeSim, "url">,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<unknown> {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const answer = await fetch(`${sim.url}${path}`, { method, ...json });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Waits until something holds, with a deadline. */
export async function until<Value>(
  what: string,
  look: () => Value | null | Promise<Value | null>,
  deadlineMs = 10_000,
): Promise<NonNullable<Value>> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await look();
    if (value) return value as NonNullable<Value>;
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
