// The credentials of each exchange: what ccxt requires is asked for, wrong values are named without being shown.

import { expect, test } from "vitest";
import { UserError } from "../../src/core/text.ts";
import { loadCcxt } from "../../src/exchanges/ccxt-loader.ts";
import { checkCredentials, credentialFieldsOf, describedCredentials, publicPartOf } from "../../src/exchanges/credential-fields.ts";

const KEY = "q7LP3uSHqUHZCHNGfSrlm5GJ6CBTwvyoxPPUnmFPeRk=";
const ADDRESS = `0x${"ab".repeat(20)}`;
const HEX = `0x${"cd".repeat(32)}`;

const RIGHT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  backpack: { apiKey: KEY, secret: KEY },
  aster: { walletAddress: ADDRESS, signerAddress: ADDRESS, privateKey: HEX },
  paradex: { address: HEX, privateKey: HEX },
  lighter: { accountIndex: "12345", apiKeyIndex: "2", apiPrivateKey: "ef".repeat(40) },
  hyperliquid: { walletAddress: ADDRESS, privateKey: HEX.slice(2) },
  binance: {
    apiKey: "a".repeat(64),
    secret: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGZyb20gYSB0ZXN0\n-----END PRIVATE KEY-----",
  },
  bybit: { apiKey: "abcdefgh", secret: "abcdefghijkl" },
  okx: { apiKey: "abcdefgh", secret: "abcdefghijkl", password: "x" },
  apex: { apiKey: "abcdefgh", secret: "abcdefghijkl", password: "x", seeds: "12".repeat(65) },
  standx: { token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4", privateKey: "ab".repeat(32) },
};

function faults(exchange: string, values: Readonly<Record<string, string>>): string {
  try {
    checkCredentials(exchange, "main", values);
  } catch (error) {
    if (error instanceof UserError) return error.text.en;
    throw error;
  }
  return "";
}

test("each described exchange accepts its own and names every field that is missing", () => {
  expect([...describedCredentials].sort()).toEqual(Object.keys(RIGHT).sort());
  for (const [exchange, values] of Object.entries(RIGHT)) {
    expect(faults(exchange, values)).toBe("");
    for (const name of Object.keys(values)) {
      const { [name]: _, ...rest } = values;
      expect(faults(exchange, rest)).toContain(`${name} is missing`);
    }
    expect(faults(exchange, { ...values, surprise: "x" })).toContain("surprise is no field");
    for (const field of credentialFieldsOf(exchange)) for (const text of [field.summary, field.right]) expect(text["zh-TW"]).not.toBe("");
  }
});

test("what ccxt requires of an exchange is among what we ask", async () => {
  // Where our way in is another than ccxt's own names say, the fields that it goes by.
  const instead: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    paradex: { walletAddress: "address" },
    lighter: { privateKey: "apiPrivateKey" },
  };
  for (const exchange of describedCredentials.filter((each) => each !== "standx")) {
    const { Exchange } = await loadCcxt(exchange);
    const { requiredCredentials } = new Exchange() as unknown as { requiredCredentials: Record<string, boolean> };
    const ours = credentialFieldsOf(exchange).map(({ name }) => name);
    for (const [name, isRequired] of Object.entries(requiredCredentials))
      if (isRequired) expect(ours, `${exchange} ${name}`).toContain(instead[exchange]?.[name] ?? name);
  }
}, 60_000);

test("every fault is told at once, and no secret is shown", () => {
  const found = faults("hyperliquid", { walletAddress: "0x12", privateKey: "canary-of-a-key", vaultAddress: "nowhere" });
  expect(found).toMatch(
    /walletAddress 0x12 should be 0x and 40 hex digits; privateKey \(value not shown\) should be .*; vaultAddress nowhere/,
  );
  expect(found).not.toContain("canary");
});

test("any other exchange is asked for a key, a secret and perhaps a passphrase", () => {
  expect(credentialFieldsOf("kucoin").map(({ name }) => name)).toEqual(["apiKey", "secret", "password"]);
  expect(faults("kucoin", { apiKey: "abcdefgh", secret: "abcdefgh" })).toBe("");
  expect(credentialFieldsOf("constructor").map(({ name }) => name)).toEqual(["apiKey", "secret", "password"]);
});

test("an account is told from another by what is public of it, without a secret", () => {
  expect(publicPartOf("hyperliquid", RIGHT.hyperliquid ?? {})).toBe(`walletAddress=${ADDRESS}`);
  expect(publicPartOf("lighter", RIGHT.lighter ?? {})).toBe("accountIndex=12345\napiKeyIndex=2");
  expect(publicPartOf("binance", RIGHT.binance ?? {})).toBe(`apiKey=${"a".repeat(64)}`);
});
