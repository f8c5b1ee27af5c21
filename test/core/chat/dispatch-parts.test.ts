// The small pieces that dispatch stands on: lines, names, limits; and no input that makes it throw.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadCommands } from "../../../src/commands/index.ts";
import { COMMAND_LIMIT, createAttempts } from "../../../src/core/chat/attempts.ts";
import { cleanLine } from "../../../src/core/chat/clean-text.ts";
import { estimateFlattenLoss } from "../../../src/core/chat/flatten.ts";
import { createLineSplitter } from "../../../src/core/chat/line-splitter.ts";
import { nearestNames } from "../../../src/core/chat/nearest-names.ts";
import { parseLine } from "../../../src/core/chat/parse-line.ts";
import { UserError } from "../../../src/core/text.ts";
import { as, createHarness } from "../../memory-fleet.ts";

test("whatever is typed is answered: dispatch never throws and never calls a typo our fault", async () => {
  const commands = await loadCommands();
  const word = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.constantFrom(
      "/start",
      "/users",
      "/panic",
      "add",
      "eth_grid",
      "all",
      "bot=",
      '"',
      "\\",
      "=",
      "__proto__",
      "constructor=x",
      "limit=9",
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
      const { type, logged } = createHarness(commands);
      const reply = await type(words.join(" "));
      expect(reply.title.en).not.toBe("");
      expect(logged).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("whatever a stranger types enqueues nothing", async () => {
  const commands = await loadCommands();
  const line = fc.tuple(fc.constantFrom(...commands.map(({ name }) => `/${name}`)), fc.string({ unit: "binary", maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(line, async ([name, rest]) => {
      const { type, fleet, users } = createHarness(commands);
      await type(`${name} ${rest}`, as("telegram", "99"));
      expect(fleet.changes).toEqual([]);
      expect(await users.list()).toHaveLength(1);
    }),
    { numRuns: 300 },
  );
});

test("a line either parses or is refused with a sentence", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (line) => {
      try {
        expect(parseLine(line).name).not.toBe("");
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
  );
});

describe("attempts", () => {
  test("the window slides: each attempt counts until it is old", () => {
    const attempts = createAttempts();
    for (let at = 0; at < 20; at++) expect(attempts.take("a", COMMAND_LIMIT, at * 100)).toBe(0);
    expect(attempts.take("a", COMMAND_LIMIT, 2_000)).toBe(8_000);
    expect(attempts.take("b", COMMAND_LIMIT, 2_000)).toBe(0);
    expect(attempts.take("a", COMMAND_LIMIT, 10_000)).toBe(0);
    expect(attempts.take("a", COMMAND_LIMIT, 10_001)).toBe(99);
  });

  test("ten thousand strangers do not push out who is still busy", () => {
    const attempts = createAttempts();
    for (let sent = 0; sent < 20; sent++) attempts.take("busy", COMMAND_LIMIT, 0);
    for (let stranger = 0; stranger < 20_000; stranger++) {
      attempts.take(`s${stranger}`, COMMAND_LIMIT, 1);
      if (stranger % 1_000 === 0) expect(attempts.take("busy", COMMAND_LIMIT, 1)).toBeGreaterThan(0);
    }
  });
});

describe("lines from bytes", () => {
  test("any cut into pieces gives the same lines", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\n"));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(200)), (lines, cuts) => {
        const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(""));
        const splitter = createLineSplitter(1_000);
        const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
        const read = places.flatMap((place, index) => splitter.push(bytes.subarray(place, places[index + 1])));
        expect(read).toEqual(lines);
      }),
    );
  });

  test("a line may have as many bytes as the bound, and not one more", () => {
    const splitter = createLineSplitter(4);
    expect(splitter.push(new TextEncoder().encode("abcd\nab"))).toEqual(["abcd"]);
    expect(() => splitter.push(new TextEncoder().encode("cde"))).toThrow(RangeError);
    expect(() => createLineSplitter(4).push(new TextEncoder().encode("abcde\n"))).toThrow(RangeError);
  });
});

test.each([
  ["stat", ["status", "start", "stop"]],
  ["statsu", ["status"]],
  ["pnaic", ["panic"]],
  ["STOP", ["stop"]],
  ["", []],
  ["completely-else", []],
])("the names nearest to %j", (typed, expected) => {
  expect(nearestNames(typed, ["panic", "start", "status", "stop"])).toEqual(expected);
});

test("an endless word is near to nothing, and found out quickly", () => {
  expect(nearestNames("x".repeat(1_000_000), ["panic", "status"])).toEqual([]);
});

test.each([
  ["plain", 10, "plain"],
  ["a\n\tb\u0000c", 10, "a b c"],
  ["\u202eevil\u2066", 10, "evil"],
  ["0123456789", 10, "0123456789"],
  ["0123456789x", 10, "012345678…"],
  ["🦊🦊🦊🦊", 3, "🦊🦊…"],
  ["🦊🦊🦊", 3, "🦊🦊🦊"],
])("cleanLine(%j, %i)", (value, limit, expected) => {
  expect(cleanLine(value, limit)).toBe(expected);
});

test("a flatten is estimated at half a percent of slippage plus a tenth of fee, long or short", () => {
  expect(estimateFlattenLoss("2", "1800")).toBe("21.6");
  expect(estimateFlattenLoss("-0.001", "63000.5")).toBe("0.378003");
});
