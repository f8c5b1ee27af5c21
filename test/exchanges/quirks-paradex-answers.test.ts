// How we read Paradex's answers, what its requests cost, and when its token is renewed: one test per quirk.

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { limitsOf } from "../../src/exchanges/limits.ts";
import { readAnswer } from "../../src/exchanges/outcome.ts";
import { paradex } from "../../src/exchanges/quirks/paradex.ts";
import { chargesOf, filledIn, orderUpdateOf, PARADEX_ANSWERS, statusIn } from "../../src/exchanges/quirks/paradex-answers.ts";
import { TokenKeeper } from "../../src/exchanges/quirks/paradex-token.ts";
import { PARADEX_LIMITS } from "../../src/sim/paradex/limits.ts";

const read = (status: number, code: string | null) => readAnswer(PARADEX_ANSWERS, status, code);

describe("Paradex's codes", () => {
  it.each([
    ["VALIDATION_ERROR", 400, "rejected", true],
    ["INVALID_ORDER_SIZE", 400, "rejected", true],
    ["MARKET_NOT_FOUND", 400, "rejected", true],
    ["INVALID_TOKEN", 401, "authentication", true],
    ["ORDER_ID_NOT_FOUND", 400, "notFound", false],
    ["CLIENT_ORDER_ID_NOT_FOUND", 400, "notFound", false],
    ["ORDER_IS_CLOSED", 400, "notFound", false],
    ["INTERNAL_ERROR", 500, "unknown", false],
    ["INTERNAL_ERROR", 400, "unknown", false],
    ["SERVICE_UNAVAILABLE", 503, "unknown", false],
    ["VALIDATION_ERROR", 502, "unknown", false],
    ["NEVER_HEARD_OF", 400, "unknown", false],
    ["RATE_LIMIT_EXCEEDED", 429, "rateLimited", true],
  ])("quirk: %s with %i is %s", (code, status, kind, isProof) => {
    expect(read(status, code)).toEqual({ kind, isProof });
  });

  it("quirk: a duplicate of our id may be the order itself", () => {
    expect(paradex.isDoubtful("DUPLICATED_CLIENT_ID", "")).toBe(true);
    expect(paradex.isDoubtful("VALIDATION_ERROR", "bad")).toBe(false);
  });

  it("quirk: a cancel has no body, and half an answer is none", () => {
    expect(paradex.isReadable("v1/orders/5", "DELETE", undefined)).toBe(true);
    expect(paradex.isReadable("v1/orders", "POST", undefined)).toBe(false);
    expect(paradex.isReadable("v1/orders", "POST", { id: "5" })).toBe(false);
    expect(paradex.isReadable("v1/orders", "POST", { id: "5", status: "NEW" })).toBe(true);
    expect(paradex.isReadable("v1/orders", "GET", {})).toBe(false);
    expect(paradex.isReadable("v1/orders", "GET", { results: [] })).toBe(true);
    expect(paradex.isReadable("v1/orders/by_client_id/7", "GET", { results: [] })).toBe(false);
    expect(paradex.isReadable("v1/orderbook/ETH-USD-PERP", "GET", { bids: [] })).toBe(false);
    expect(paradex.isReadable("v1/auth", "POST", {})).toBe(false);
  });
});

describe("Paradex's orders", () => {
  const order = { id: "9", market: "ETH-USD-PERP", side: "SELL", size: "0.5", client_id: "", last_updated_at: 5 };
  it.each([
    [{ status: "NEW", remaining_size: "0", cancel_reason: "" }, "open", "0"],
    [{ status: "OPEN", remaining_size: "0.2", cancel_reason: "" }, "open", "0.3"],
    [{ status: "UNTRIGGERED", remaining_size: "0.5" }, "open", "0"],
    [{ status: "CLOSED", remaining_size: "0", cancel_reason: "" }, "filled", "0.5"],
    [{ status: "CLOSED", remaining_size: "0.5", cancel_reason: "NOT_ENOUGH_MARGIN" }, "canceled", "0"],
    [{ status: "CLOSED", remaining_size: "0.1", cancel_reason: "USER_CANCELED" }, "canceled", "0.4"],
    [{ status: "SOMETHING", remaining_size: "0.1" }, null, "0.4"],
    [{ status: "CLOSED" }, null, null],
  ])("quirk: %j is %s with %s filled", (progress, status, filled) => {
    expect(statusIn({ ...order, ...progress })).toBe(status);
    expect(filledIn({ ...order, ...progress })).toBe(filled);
  });

  it("quirk: a message without a client id names none, and one that cannot be read tells nothing", () => {
    const told = orderUpdateOf({ ...order, status: "OPEN", remaining_size: "0.5" }, "ETH/USD:USDC");
    expect(told).toMatchObject({ exchangeOrderId: "9", clientOrderId: null, side: "sell", status: "open", filled: "0", at: 5, fill: null });
    expect(orderUpdateOf({ ...order, status: "?" }, "ETH/USD:USDC")).toBeNull();
    expect(orderUpdateOf({ ...order, status: "OPEN", remaining_size: "0.5" }, "")).toBeNull();
  });

  const file = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data", "ccxt-static/samples/ws-paradex.json");
  it("quirk: the published sample of a new order is open with nothing filled, though nothing remains in it", (context) => {
    if (!existsSync(file)) return context.skip("the shared samples are missing");
    const samples = JSON.parse(readFileSync(file, "utf8")) as { handleOrder: { params: { data: unknown } }[] };
    const [sample] = samples.handleOrder;
    expect(orderUpdateOf(sample?.params.data, "BTC/USD:USDC")).toMatchObject({ status: "open", filled: "0", clientOrderId: "x1234" });
  });
});

describe("Paradex's limits", () => {
  it("quirk: a request takes from the buckets of its own kind, by the second and by the minute", () => {
    const kinds = [
      ["auth", "POST", "signIn"],
      ["v1/orders", "POST", "orders"],
      ["orders/{order_id}", "DELETE", "orders"],
      ["account/margin/{market}", "POST", "orders"],
      ["v1/orders/by_client_id/7", "GET", "reads"],
      ["orders-history", "GET", "reads"],
      ["funding/payments", "GET", "reads"],
      ["account", "GET", "reads"],
      ["funding/data", "GET", "public"],
      ["v1/orderbook/ETH-USD-PERP", "GET", "public"],
    ] as const;
    for (const [path, method, bucket] of kinds) expect(chargesOf(path, method), path).toEqual({ [`${bucket}Burst`]: 1, [bucket]: 1 });
  });

  it("quirk: the limits are those that the emulated exchange enforces", () => {
    const ours = limitsOf("paradex").map(({ limit, windowMs, scope }) => [limit, windowMs, scope ?? "account"].join());
    expect(ours.sort()).toEqual(PARADEX_LIMITS.map(({ limit, windowMs, per }) => [limit, windowMs, per].join()).sort());
  });
});

describe("Paradex's token", () => {
  /** A keeper whose sign-ins the test answers, at a time that it sets. */
  function keeper() {
    const asked: { resolve(token: string): void; reject(error: Error): void }[] = [];
    const at = { now: 0 };
    const signIn = () => new Promise<string>((resolve, reject) => asked.push({ resolve, reject }));
    return { asked, at, tokens: new TokenKeeper(signIn, () => at.now) };
  }

  it("quirk: everybody who needs a token at once waits for one sign-in", async () => {
    const { asked, tokens } = keeper();
    const all = [tokens.current(), tokens.current(), tokens.current()];
    expect(asked).toHaveLength(1);
    asked[0]?.resolve("a");
    expect(await Promise.all(all)).toEqual(["a", "a", "a"]);
    expect(await tokens.current()).toBe("a");
    expect(asked).toHaveLength(1);
  });

  it("quirk: it is renewed early, while the old one still serves; one that is too old is waited for", async () => {
    const { asked, at, tokens } = keeper();
    const first = tokens.current();
    asked[0]?.resolve("a");
    await first;
    at.now = 100_000;
    expect([await tokens.current(), await tokens.current()]).toEqual(["a", "a"]);
    expect(asked).toHaveLength(2);
    asked[1]?.reject(new Error("the exchange is away"));
    await expect.poll(async () => [await tokens.current(), asked.length]).toEqual(["a", 3]);
    at.now = 155_000;
    const renewed = tokens.current();
    asked[2]?.resolve("b");
    expect(await renewed).toBe("b");
  });

  it("quirk: a token that is refused is given up, a newer one is not", async () => {
    const { asked, tokens } = keeper();
    const first = tokens.current();
    asked[0]?.resolve("a");
    await first;
    tokens.refuse("older");
    expect(await tokens.current()).toBe("a");
    tokens.refuse("a");
    const second = tokens.current();
    asked[1]?.resolve("b");
    expect(await second).toBe("b");
  });
});
