// Backpack's signatures by its documentation's examples and every refusal; request windows by brute force.

import { createPrivateKey, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { publicKeyOf, signatureRefusal, signedText } from "../../src/sim/backpack-signature.ts";
import { BACKPACK_LIMITS, RequestLimits } from "../../src/sim/request-limits.ts";
import { createKeys } from "../../src/sim/sim-folder.ts";

const NOW = 1_750_793_021_519;
const keys = createKeys("sim");

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
    for (const late of [{ parameters: { orderId: 29, symbol: "BTC_USDT" } }, { signature: "" }, { apiKey: createKeys("other").apiKey }])
      expect(refusal({}, late)).toMatchObject({ status: 401, code: "INVALID_SIGNATURE" });
    expect(publicKeyOf("c2hvcnQ=")).toBeNull();
  });
});

describe("request limits", () => {
  it("admits exactly the documented numbers in any window", () => {
    const limits = new RequestLimits(BACKPACK_LIMITS);
    const path = "/wapi/v1/history/fills";
    const admitted = (at: number): number => Array.from({ length: 40 }, () => limits.admit("sim", "GET", path, at)).filter(Boolean).length;
    expect(admitted(0)).toBe(30);
    expect(admitted(59_999)).toBe(0);
    expect(admitted(60_000)).toBe(30);
    expect(limits.admit("other", "GET", path, 60_000)).toBe(true);
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
        const admitted = times.filter((time) => limits.admit("sim", "GET", "/", time));
        const most = (list: number[]): number =>
          Math.max(0, ...list.map((end) => list.filter((time) => time > end - 1_000 && time <= end).length));
        // Equal times share a window whose end is their last.
        expect(limits.counts().sim?.buckets[0]?.mostInWindow ?? 0).toBe(most(times));
        expect(most(admitted)).toBeLessThanOrEqual(5);
      }),
    );
  });
});
