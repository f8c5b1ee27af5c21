// Keys that people type by mistake leave no trace, strangers who keep trying are told of, and a question has one answer.

import { describe, expect, test } from "vitest";
import { loadCommands } from "../../../src/commands/index.ts";
import type { Alert } from "../../../src/core/alert.ts";
import { isSilent } from "../../../src/core/chat/dispatch-replies.ts";
import { looksLikeSecret } from "../../../src/core/chat/secret-words.ts";
import { as, createHarness, wordsOf } from "../../memory-fleet.ts";

const commands = await loadCommands();

/** Made up, in the shapes that exchanges and platforms use. */
const SECRETS = [
  "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=",
  `0x${"9f3c".repeat(16)}`,
  "9f3c".repeat(16),
  "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
  "A1B2C3D4E5F60718293A4B5C6D7E8F90",
  "api_key=abcdefgh12345678",
  "my secret key: hunter2hunter2",
  "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ",
  "legal winner thank year wave sausage worth useful legal winner thank yellow",
  `123456789:${"AAHdqTcvCH1vGWJxfSeofSAs0K5PALD".padEnd(35, "x")}`,
];

const ORDINARY = [
  "/adjust eth_grid orderQuantity=0.05 risk.minLiquidationDistanceBps=300 schedule=mon-fri",
  "/users add telegram:123456789 operator Ann",
  "please stop the grid now, it is loosing money",
  "0x71C7656EC7ab88b098defB751B7401B5f6d8976F",
  "/fills eth_grid 100",
  "https://docs.example.com/guide/grid-bots/how-to-choose-a-range",
  "c0ffee00-1234-4abc-8def-0123456789ab",
];

describe("what looks like a key", () => {
  test.each(SECRETS)("%s", (secret) => {
    expect(looksLikeSecret(secret)).toBe(true);
    expect(looksLikeSecret(`/start ${secret}`)).toBe(true);
  });
  test.each(ORDINARY)("%s is none", (text) => {
    expect(looksLikeSecret(text)).toBe(false);
  });

  test("is not dispatched, not echoed, and not in the audit or the log, from whichever door it comes", async () => {
    for (const secret of SECRETS.filter((text) => !text.includes("\n"))) {
      const harness = createHarness(commands);
      const replies = [await harness.type(`/start ${secret}`), await harness.type(secret)];
      const call = { type: "call", command: "adjust", args: { bot: "eth_grid", changes: secret } } as const;
      replies.push(await harness.type("", { input: call }));
      for (const reply of replies) {
        expect(wordsOf(reply)).toContain("looked like an API key");
        expect(JSON.stringify(reply)).not.toContain(secret);
      }
      expect(harness.fleet.changes).toEqual([]);
      expect(JSON.stringify([harness.audited, harness.logged])).not.toContain(secret);
      expect(harness.audited.some(({ actor }) => actor.line === "[redacted: looked like a key]")).toBe(true);
    }
  });

  test("a pairing code may look like anything", async () => {
    const harness = createHarness(commands);
    harness.users.codes.add("Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3");
    const reply = await harness.type("/pair Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3", as("telegram", "9"));
    expect(reply.tone).toBe("good");
  });
});

describe("a stranger who keeps trying", () => {
  test("is told of to the admins once an hour, and is not answered any more", async () => {
    const harness = createHarness(commands);
    const alerts: Alert[] = [];
    Object.assign(harness.services, { alert: async (alert: Alert) => void alerts.push(alert) });
    const stranger = { ...as("telegram", "666"), user: { id: "666", name: "mallory\u202e\n" } };
    const knock = async () => {
      harness.clock.advance(60_000);
      return await harness.type("/status", stranger);
    };
    for (let count = 0; count < 5; count += 1) expect(isSilent(await knock())).toBe(false);
    expect(alerts).toEqual([]);
    for (let count = 0; count < 20; count += 1) expect(isSilent(await knock())).toBe(true);
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({ type: "note", botId: null });
    expect(JSON.stringify(alerts)).toContain("telegram:666 (mallory) in chat 666");
    harness.clock.advance(3_600_000);
    for (let count = 0; count < 6; count += 1) await knock();
    expect(alerts).toHaveLength(2);
  });

  test("somebody on the list who lacks a role raises no alarm, and a lost alarm no fault", async () => {
    const harness = createHarness(commands, [{ frontend: "telegram", id: "7", name: "eye", role: "viewer" }]);
    const alert = async (): Promise<void> => {
      throw new Error("the database is away");
    };
    Object.assign(harness.services, { alert });
    for (let count = 0; count < 8; count += 1) await harness.type("/users", as("telegram", "7"));
    expect(harness.logged).toEqual([]);
    for (let count = 0; count < 8; count += 1) {
      harness.clock.advance(60_000);
      expect((await harness.type("/status", as("telegram", "8"))).data).toMatchObject({ refused: true });
    }
    expect(harness.logged).toHaveLength(1);
  });
});

test("after one choice of a question was pressed, the other is dead too", async () => {
  const harness = createHarness(commands);
  harness.fleet.setStatus("eth_grid", { position: "1", desired: "running", state: "running" });
  const question = await harness.type("/stop eth_grid");
  expect((await harness.press(question, 0)).tone).toBe("good");
  expect(wordsOf(await harness.press(question, 1))).toContain("has been used already");
  expect(harness.fleet.changes.map(({ change }) => change)).toEqual([{ type: "stop", botId: "eth_grid", flatten: false }]);
});
