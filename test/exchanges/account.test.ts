// Secrets never print, and a mode never talks to the wrong host.

import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkHosts, type ExchangeAccount, Secret, sealCredentials } from "../../src/exchanges/account.ts";
import { accountAt, connectTo, StubExchange } from "./stub-exchange.ts";

const CANARY = "canary-4f1c9a77";
const HOSTS = ["api.backpack.exchange", "ws.backpack.exchange"];

describe("a secret", () => {
  it("is told to nobody but reveal()", () => {
    const secret = new Secret(CANARY);
    const account = { name: "main", secret };
    const printed = [
      `${secret}`,
      String(secret),
      JSON.stringify(account),
      inspect(account, { depth: 9, showHidden: true }),
      Object.values(secret).join(),
    ];
    for (const text of printed) expect(text).not.toContain(CANARY);
    expect(JSON.stringify(account)).toContain("[redacted]");
    expect(inspect(account)).toContain("[redacted]");
    expect(secret.reveal()).toBe(CANARY);
  });

  describe("in a connected adapter", () => {
    let stub: StubExchange;
    beforeAll(async () => {
      stub = await StubExchange.start();
    });
    afterAll(() => stub.stop());

    it("shows neither in the adapter nor in its errors", async () => {
      const account = accountAt(stub.url);
      const { port } = await connectTo(account);
      const errors: unknown[] = [];
      stub.on("GET /api/v1/capital", { status: 401, body: { code: "INVALID_SIGNATURE", message: "Invalid signature" } });
      await port.snapshot(["SOL/USDC:USDC"]).catch((error: unknown) => errors.push(error));
      expect(errors).toHaveLength(1);
      for (const text of [
        inspect(port, { depth: 9, showHidden: true }),
        JSON.stringify(port),
        inspect(errors, { depth: 9 }),
        JSON.stringify(errors),
      ])
        expect(text).not.toContain(account.credentials.secret?.reveal());
      await port.close();
    });
  });
});

describe("hosts", () => {
  const account = (overrides: Partial<ExchangeAccount>): ExchangeAccount => ({
    exchange: "backpack",
    account: "main",
    mode: "live",
    credentials: sealCredentials({ apiKey: "key", secret: "secret" }),
    ...overrides,
  });

  it.each<[string, Partial<ExchangeAccount>]>([
    ["sim without urls", { mode: "sim" }],
    ["sim at the real exchange", { mode: "sim", url: "https://api.backpack.exchange", wsUrl: "wss://ws.backpack.exchange" }],
    ["sim on another machine", { mode: "sim", url: "http://192.168.1.4:80", wsUrl: "ws://127.0.0.1:80" }],
    ["sim by a lookalike name", { mode: "sim", url: "http://127.0.0.1.evil.example", wsUrl: "ws://127.0.0.1" }],
    ["live on this machine", { url: "http://127.0.0.1:8000" }],
    ["live at a lookalike", { url: "https://api.backpack.exchange.evil.example" }],
    ["live with credentials in the url", { url: "https://me:pw@api.backpack.exchange" }],
    ["a url that is none", { url: "api.backpack.exchange" }],
    ["a wrong protocol", { wsUrl: "https://ws.backpack.exchange" }],
  ])("refuses %s", (_name, overrides) => {
    expect(() => checkHosts(account(overrides), HOSTS)).toThrow(/Account backpack:main/);
  });

  it("takes what fits, and says in both languages what does not", () => {
    checkHosts(account({}), HOSTS);
    checkHosts(account({ url: "https://api.backpack.exchange" }), HOSTS);
    checkHosts(account({ mode: "sim", url: "http://localhost:1", wsUrl: "ws://[::1]:1/ws" }), HOSTS);
    const error = (() => {
      try {
        checkHosts(account({ url: "http://127.0.0.1:1" }), HOSTS);
      } catch (caught) {
        return caught as { text: Record<string, string> };
      }
      return null;
    })();
    expect(error?.text.en).toContain("api.backpack.exchange");
    expect(error?.text["zh-TW"]).toContain("帳戶");
  });

  it("knows exchanges without a testnet and exchanges nobody described", async () => {
    await expect(connectTo(account({ mode: "testnet" }))).rejects.toThrow(/no testnet/);
    await expect(connectTo(account({ exchange: "nowhere" }))).rejects.toThrow(/nowhere is not one that ccxt/);
  });
});
