// What the redaction takes out of a text, what it leaves, and that a JSON line stays one.

import { describe, expect, test } from "vitest";
import { Redactor } from "../../src/core/redact.ts";

describe("what looks like a secret", () => {
  const redactor = new Redactor();
  test.each([
    ["GET https://api.x/v1/order?symbol=ETH&timestamp=17&signature=0123456789abcdef0123", "signature=[redacted]"],
    ["X-MBX-APIKEY: vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv", "APIKEY: [redacted]"],
    ['{"apiKey":"vmPUZE6mv9SD5VNHk4HlWF","secret":"NhqPtmdSJYdKjVHjA7PZj4MGS"}', '{"apiKey":"[redacted]","secret":"[redacted]"}'],
    ['{\\"X-Signature\\":\\"MEUCIQDabc+/def0123456==\\"}', '{\\"X-Signature\\":\\"[redacted]\\"}'],
    ["Authorization: Bearer abcdefghijklmnop.qrstuv", "Authorization: Bearer [redacted]"],
    ["proxy socks5://alice:s3cret@10.0.0.9:1080 refused", "proxy socks5://[redacted]@10.0.0.9:1080 refused"],
    ["redis://:hunter2@redis:6379", "redis://[redacted]@redis:6379"],
    ["token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4", "token [redacted]"],
    ["POST https://api.telegram.org/bot123456:ABCDEFGHIJKLMNOPQRSTUVWXYZ/sendMessage", "/bot[redacted]/sendMessage"],
    ["https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz", "/webhooks/123456789012345678/[redacted]"],
    ["-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGabc\n-----END PRIVATE KEY-----", "[redacted]"],
    ['{"pem":"-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2Vw\\n-----END PRIVATE KEY-----\\n"}', '{"pem":"[redacted]\\n"}'],
  ])("%s", (text, left) => {
    const scrubbed = redactor.scrub(text);
    expect(scrubbed).toContain(left);
    if (text.startsWith('{"')) expect(() => JSON.parse(scrubbed)).not.toThrow();
  });

  test.each([
    '{"time":"2025-05-04T12:00:00.000Z","level":"info","botId":"eth_grid","clientOrderId":"16777223","msg":"instance forked"}',
    "https://api.backpack.exchange/api/v1/depth?symbol=ETH_USDC_PERP",
    "the key file is missing; token bucket requests is empty for 250 ms",
    "keyId=0123456789abcdef",
  ])("%s stays as it is", (text) => expect(redactor.scrub(text)).toBe(text));
});

describe("what this process has held", () => {
  test("is taken out wherever it stands, in the forms of URLs and JSON too, in either case", () => {
    const redactor = new Redactor();
    redactor.learn('pa$$ "wörd"+/=xyz');
    redactor.learn("0xABCDEFabcdef00112233");
    for (const text of [
      'it was pa$$ "wörd"+/=xyz.',
      `q=${encodeURIComponent('pa$$ "wörd"+/=xyz')}&b`,
      JSON.stringify({ x: 'pa$$ "wörd"+/=xyz' }),
      "0xabcdefabcdef00112233",
      "key abcdefABCDEF00112233",
    ]) {
      const scrubbed = redactor.scrub(text);
      expect(scrubbed).toContain("[redacted]");
      expect(scrubbed).not.toMatch(/wörd|w%C3%B6rd|cdef0011/i);
    }
  });

  test("but not short values and plain numbers, which stand in many an order id", () => {
    const redactor = new Redactor();
    for (const value of ["", "7", "main", "1234567890123456"]) redactor.learn(value);
    expect(redactor.scrub("order 12345678901234567 of main at 7")).toBe("order 12345678901234567 of main at 7");
  });

  test("and the longer of two is found whole", () => {
    const redactor = new Redactor();
    redactor.learn("abcdefghijkl");
    redactor.learn("abcdefghijklmnop");
    expect(redactor.scrub("x abcdefghijklmnop y")).toBe("x [redacted] y");
  });
});

test("plain values are scrubbed whole, numbers and other objects stay", () => {
  const redactor = new Redactor();
  redactor.learn("canary-canary");
  const when = new Date(0);
  expect(redactor.scrubAll({ a: ["x canary-canary", 7, null], b: { c: "canary-canary" }, when })).toEqual({
    a: ["x [redacted]", 7, null],
    b: { c: "[redacted]" },
    when,
  });
});
