// Published request cases against our subclass of the installed ccxt: an upgrade that changes the wire format fails here.

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCcxt } from "../../src/exchanges/ccxt-loader.ts";
import { type Offline, offlineExchange } from "./offline-exchange.ts";
import { newKey } from "./stub-exchange.ts";

interface Case {
  readonly m: string;
  readonly in: readonly unknown[];
  readonly url: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

const FILE = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data", "ccxt-static/backpack-request-cases.json");
const isThere = existsSync(FILE);
const data = isThere ? (JSON.parse(readFileSync(FILE, "utf8")) as { skipKeys: string[]; cases: Case[] }) : { skipKeys: [], cases: [] };

const MARKETS = ["ADA", "DOGE", "ETH"].flatMap((base) =>
  ["SPOT", "PERP"].map((marketType) => ({
    symbol: `${base}_USDC${marketType === "PERP" ? "_PERP" : ""}`,
    baseSymbol: base,
    quoteSymbol: "USDC",
    marketType,
    orderBookState: "Open",
    filters: { price: { tickSize: "0.0001" }, quantity: { minQuantity: "0.001", stepSize: "0.001" } },
  })),
);

/** Our class, connected to nothing. */
async function offline(): Promise<Offline> {
  const answer = (url: string): unknown => (url.endsWith("/markets") ? MARKETS : []);
  const made = await offlineExchange("backpack", { config: newKey(), answer });
  await made.exchange.loadMarkets();
  made.sent.length = 0;
  return made;
}

describe.skipIf(!isThere)(`request cases of Backpack (${isThere ? "found" : "missing: set BOTSWAIN_SHARED_DATA"})`, () => {
  const withoutKeys = (value: unknown): unknown =>
    Object.fromEntries(Object.entries(value as object).filter(([key]) => !data.skipKeys.includes(key)));
  const queryOf = (url: string): unknown => withoutKeys(Object.fromEntries(new URL(url, "http://x").searchParams));

  it("has the 33 cases", () => expect(data.cases).toHaveLength(33));

  it.each(data.cases.map((one, index) => [`${index} ${one.m}(${JSON.stringify(one.in).slice(1, -1)})`, one] as const))(
    "%s",
    async (_name, one) => {
      const { exchange, sent, violations } = await offline();
      const method = exchange[one.m] as ((...args: unknown[]) => Promise<unknown>) | undefined;
      // The empty answer may not parse; the request is what counts.
      await method
        ?.apply(
          exchange,
          one.in.map((value) => value ?? undefined),
        )
        .catch(() => undefined);
      expect(sent).toHaveLength(1);
      expect(violations).toEqual([]);
      const url = sent[0]?.url ?? "";
      expect(new URL(url).origin).toBe("https://api.backpack.exchange");
      expect(new URL(url).pathname).toBe(new URL(one.url, "http://x").pathname);
      expect(queryOf(url)).toEqual(queryOf(one.url));
      if (one.body !== undefined) expect(withoutKeys(JSON.parse(String(sent[0]?.body)))).toEqual(withoutKeys(one.body));
    },
  );
});

describe("ccxt by file", () => {
  it("gives error classes of the same tree, and a clear word for an exchange it does not have", async () => {
    const { Exchange, errors } = await loadCcxt("backpack");
    const exchange = new Exchange({});
    const error = await exchange.fetchBalance().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(errors.BaseError);
    await expect(loadCcxt("nowhere")).rejects.toThrow(/nowhere/);
    await expect(loadCcxt("../backpack")).rejects.toThrow(/not one that ccxt/);
  });
});
