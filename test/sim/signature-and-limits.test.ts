// Backpack's signatures by its documentation's examples and every refusal; request windows by brute force.

import { createPrivateKey, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backpackDialect } from "../../src/sim/backpack/dialect.ts";
import { BACKPACK_LIMITS } from "../../src/sim/backpack/limits.ts";
import { publicKeyOf, signatureRefusal, signedText } from "../../src/sim/backpack/signature.ts";
import { RequestLimits } from "../../src/sim/request-limits.ts";

const NOW = 1_750_793_021_519;
const keys = newKeys();

function newKeys() {
  const { apiKey = "", secret = "" } = backpackDialect.createCredentials("sim");
  return { apiKey, secret };
}

function admits(limits: RequestLimits, account: string, path: string, at: number): boolean {
  const who = { account, address: "127.0.0.1" };
  return limits.admit(who, { method: "GET", path, query: {}, body: undefined }, at).kind === "admitted";
}

function signWith(secret: string, words: string): string {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(secret, "base64")]);
  return sign(null, Buffer.from(words), createPrivateKey({ key: der, format: "der", type: "pkcs8" })).toString("base64");
}

/** A signed cancel, with parts changed after signing (`late`) or before (`early`). */
function refusal(
  early: { timestamp?: string; window?: string } = {},
  late: { parameters?: object; signature?: string; apiKey?: string } = {},
) {
  const base = {
    instruction: "orderCancel",
    timestamp: String(NOW),
    window: "5000",
    parameters: { orderId: 28, symbol: "BTC_USDT" },
    ...early,
  };
  const signed = { apiKey: keys.apiKey, signature: signWith(keys.secret, signedText(base)), ...base, ...late };
  return signatureRefusal({ ...signed, parameters: { ...signed.parameters } }, publicKeyOf(signed.apiKey), NOW);
}

describe("signatures", () => {
  it.each([
    [
      { instruction: "orderCancel", parameters: { symbol: "BTC_USDT", orderId: 28 }, timestamp: "1614550000000", window: undefined },
      "instruction=orderCancel&orderId=28&symbol=BTC_USDT&timestamp=1614550000000&window=5000",
    ],
    [
      { instruction: "subscribe", parameters: {}, timestamp: "1614550000000", window: "5000" },
      "instruction=subscribe&timestamp=1614550000000&window=5000",
    ],
    [
      {
        instruction: "orderExecute",
        parameters: [
          { symbol: "SOL_USDC_PERP", side: "Bid", orderType: "Limit", price: "141", quantity: "12" },
          { symbol: "SOL_USDC_PERP", side: "Bid", orderType: "Limit", price: "140", quantity: "11" },
        ],
        timestamp: "1750793021519",
        window: "5000",
      },
      "instruction=orderExecute&orderType=Limit&price=141&quantity=12&side=Bid&symbol=SOL_USDC_PERP" +
        "&instruction=orderExecute&orderType=Limit&price=140&quantity=11&side=Bid&symbol=SOL_USDC_PERP&timestamp=1750793021519&window=5000",
    ],
  ])("signs what Backpack's documentation shows: %#", (request, words) => {
    expect(signedText(request)).toBe(words);
  });

  it("takes a good signature and refuses every other", () => {
    expect(refusal()).toBeNull();
    expect(refusal({ timestamp: String(NOW - 5_000) })).toBeNull();
    expect(refusal({ timestamp: String(NOW - 5_001) })).toMatchObject({
      status: 400,
      code: "INVALID_CLIENT_REQUEST",
      message: "Request has expired",
    });
    expect(refusal({ timestamp: String(NOW - 59_000), window: "60000" })).toBeNull();
    expect(refusal({ window: "60001" })).toMatchObject({ code: "INVALID_CLIENT_REQUEST" });
    expect(refusal({ timestamp: String(NOW + 5_000) })).toMatchObject({ code: "INVALID_CLIENT_REQUEST" });
    expect(refusal({ timestamp: "soon" })).toMatchObject({ code: "INVALID_CLIENT_REQUEST" });
    for (const late of [{ parameters: { orderId: 29, symbol: "BTC_USDT" } }, { signature: "" }, { apiKey: newKeys().apiKey }])
      expect(refusal({}, late)).toMatchObject({ status: 401, code: "INVALID_SIGNATURE" });
    expect(publicKeyOf("c2hvcnQ=")).toBeNull();
  });
});

describe("request limits", () => {
  it("admits exactly the documented numbers in any window", () => {
    const limits = new RequestLimits(BACKPACK_LIMITS);
    const path = "/wapi/v1/history/fills";
    const admitted = (at: number): number => Array.from({ length: 40 }, () => admits(limits, "sim", path, at)).filter(Boolean).length;
    expect(admitted(0)).toBe(30);
    expect(admitted(59_999)).toBe(0);
    expect(admitted(60_000)).toBe(30);
    expect(admits(limits, "other", path, 60_000)).toBe(true);
    expect(limits.counts().sim?.buckets[1]).toMatchObject({ name: "history", total: 120, mostInWindow: 80 });
    expect(limits.counts().sim).toMatchObject({ total: 120, rejected429: 60, paths: { [`GET ${path}`]: 120 } });
  });

  it("counts the fullest window as a count by hand does", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 80 }), (gaps) => {
        const limits = new RequestLimits([{ name: "all", limit: 5, windowMs: 1_000 }]);
        let at = 0;
        const times = gaps.map((gap) => {
          at += gap;
          return at;
        });
        const admitted = times.filter((time) => admits(limits, "sim", "/", time));
        const most = (list: number[]): number =>
          Math.max(0, ...list.map((end) => list.filter((time) => time > end - 1_000 && time <= end).length));
        // Equal times share a window whose end is their last.
        expect(limits.counts().sim?.buckets[0]?.mostInWindow ?? 0).toBe(most(times));
        expect(most(admitted)).toBeLessThanOrEqual(5);
      }),
    );
  });
});

describe("weights, addresses and bans", () => {
  const ask = (path: string, query: Record<string, string> = {}, body: unknown = undefined) => ({ method: "GET", path, query, body });
  const ann = { account: "ann", address: "10.0.0.1" };
  const bob = { account: "bob", address: "10.0.0.1" };
  const nobody = { account: null, address: "10.0.0.1" };

  it("adds up what requests cost, per address for all its accounts and per account beside that", () => {
    const limits = new RequestLimits([
      { name: "weight", limit: 20, windowMs: 60_000, per: "address", costOf: ({ query }) => (query.limit === "1000" ? 10 : 1) },
      { name: "orders", limit: 2, windowMs: 10_000, costOf: ({ path, body }) => (path === "/order" ? (body as object[]).length : 0) },
    ]);
    expect(limits.admit(ann, ask("/depth", { limit: "1000" }), 0)).toMatchObject({
      kind: "admitted",
      used: [{ name: "weight", used: 10, limit: 20, per: "address" }],
    });
    expect(limits.admit(nobody, ask("/depth"), 0)).toMatchObject({ used: [{ name: "weight", used: 11 }] });
    expect(limits.admit(bob, ask("/depth", { limit: "1000" }), 1)).toMatchObject({
      kind: "rateLimited",
      bucket: { name: "weight", used: 11, retryAfterMs: 59_999 },
    });
    expect(limits.admit(ann, ask("/order", {}, [1, 2]), 2)).toMatchObject({ kind: "admitted" });
    expect(limits.admit(ann, ask("/order", {}, [1]), 3)).toMatchObject({ kind: "rateLimited", bucket: { name: "orders", per: "account" } });
    expect(limits.admit(bob, ask("/order", {}, [1]), 3)).toMatchObject({ kind: "admitted" });
    expect(limits.counts().ann).toMatchObject({ total: 3, rejected429: 1, buckets: [{ name: "orders", total: 3, mostInWindow: 3 }] });
    expect(limits.counts()["address 10.0.0.1"]?.buckets[0]).toMatchObject({ name: "weight", total: 24, mostInWindow: 24 });
  });

  it("counts fixed windows from their beginning, and a firewall's refusals as such", () => {
    const limits = new RequestLimits([{ name: "burst", limit: 2, windowMs: 1_000, window: "fixed", refusal: "blocked" }]);
    const kinds = [900, 999, 999.5, 1_000, 1_001, 1_500].map((at) => limits.admit(ann, ask("/"), at).kind);
    expect(kinds).toEqual(["admitted", "admitted", "blocked", "admitted", "admitted", "blocked"]);
    expect(limits.admit(ann, ask("/"), 1_600)).toMatchObject({ bucket: { retryAfterMs: 400 } });
  });

  it("bans an address that goes on after refusals, longer each time, and then forgets", () => {
    const limits = new RequestLimits([{ name: "weight", limit: 1, windowMs: 60_000, per: "address" }], {
      after: 3,
      withinMs: 10_000,
      durationsMs: [120_000, 600_000],
    });
    const kindAt = (at: number, who: { account: string | null; address: string } = ann) => limits.admit(who, ask("/"), at).kind;
    expect([0, 1, 2, 3].map((at) => kindAt(at))).toEqual(["admitted", "rateLimited", "rateLimited", "rateLimited"]);
    expect(limits.admit(bob, ask("/"), 4)).toMatchObject({ kind: "banned", bucket: { name: "ban", retryAfterMs: 119_999 } });
    expect(kindAt(5, { account: "eve", address: "10.0.0.2" })).toBe("admitted");
    expect(kindAt(120_002)).toBe("banned");
    expect([120_003, 120_004, 131_000, 132_000, 133_000].map((at) => kindAt(at))).toEqual(["admitted", ...Array(4).fill("rateLimited")]);
    expect(limits.admit(ann, ask("/"), 133_001)).toMatchObject({ kind: "banned", bucket: { retryAfterMs: 599_999 } });
    expect(limits.counts().ann).toMatchObject({ rejected429: 7, banned: 2 });
  });
});
