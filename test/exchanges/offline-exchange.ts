// Our class of an exchange with the network cut off: it notes what would be sent, and parses what a test hands it.

import { pino } from "pino";
import { type CcxtExchange, loadCcxt, type Params } from "../../src/exchanges/ccxt-loader.ts";
import { guardExchange } from "../../src/exchanges/guarded-exchange.ts";
import { type OrderUpdate, type Quirks, quirksOf } from "../../src/exchanges/quirks.ts";
import { systemClock } from "./clock.ts";
import { OpenPermits } from "./stub-exchange.ts";

export interface Sent {
  readonly url: string;
  readonly method: string;
  readonly body: unknown;
}

export interface Offline {
  readonly exchange: CcxtExchange & Readonly<Record<string, (...args: unknown[]) => unknown>>;
  readonly quirks: Quirks;
  readonly sent: Sent[];
  /** Raw order messages that our class handed on. */
  readonly updates: OrderUpdate[];
  readonly trades: unknown[];
  /** What the builder-fee guard stopped. */
  readonly violations: string[];
}

export interface OfflineOptions {
  readonly config?: Params;
  /** The body that a request is answered with. */
  readonly answer?: (url: string) => unknown;
}

export async function offlineExchange(id: string, { answer = () => [], config = {} }: OfflineOptions = {}): Promise<Offline> {
  const sent: Sent[] = [];
  const updates: OrderUpdate[] = [];
  const trades: unknown[] = [];
  const violations: string[] = [];
  const quirks = quirksOf(id);
  const { Exchange } = await loadCcxt(quirks.ccxtId);
  class Silent extends Exchange {
    override async fetch(url: string, method = "GET", _headers?: unknown, body?: unknown): Promise<unknown> {
      sent.push({ url, method, body });
      return answer(url);
    }
  }
  const guard = { permits: new OpenPermits(), fence: () => null, clock: systemClock, log: pino({ level: "silent" }) };
  const Ours = quirks.extend(guardExchange(Silent, { ...guard, quirks, violations }), {
    onOrder: (update) => updates.push(update),
    onTrade: (trade) => trades.push(trade),
    onBookGap: () => undefined,
    onMark: () => undefined,
    onPrivateUp: () => undefined,
  });
  const exchange = new Ours({ ...quirks.config, ...config, number: String, has: { fetchCurrencies: false } }) as Offline["exchange"];
  return { exchange, quirks, sent, updates, trades, violations };
}
