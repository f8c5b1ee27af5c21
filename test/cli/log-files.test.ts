// Log files: turned over when large, read back over all of them, and turned into lines for people.

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lastLines, logPath, openLogFile } from "../../src/cli/log-file.ts";
import { readLogLine } from "../../src/cli/log-line.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-logs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a full file is turned over, at most five are kept, and the newest lines are found over all of them", () => {
  const log = openLogFile(folder, 1_000);
  for (let index = 0; index < 3_000; index += 1) log.append(`line ${index}`);
  expect(readdirSync(folder).sort()).toEqual(["botswain.log", ...[1, 2, 3, 4].map((index) => `botswain.log.${index}`)]);
  expect(statSync(logPath(folder)).mode & 0o777).toBe(0o600);
  const found = lastLines(folder, 500, () => true);
  expect(found).toHaveLength(500);
  expect(found[0]).toBe("line 2500");
  expect(found.at(-1)).toBe("line 2999");
  expect(lastLines(folder, 2, (line) => line.endsWith("0"))).toEqual(["line 2980", "line 2990"]);
});

test("a JSON line becomes readable and knows its bot; any other line stays as it is", () => {
  const line = JSON.stringify({
    level: "warn",
    time: "2026-01-02T03:04:05.000Z",
    role: "worker",
    pid: 7,
    botId: "eth_grid",
    msg: "slow",
    waitMs: 20,
  });
  const read = readLogLine(line);
  expect(read.botId).toBe("eth_grid");
  expect(read.text).toMatch(/^\d\d:\d\d:\d\d warn worker eth_grid: slow waitMs=20$/);
  expect(readLogLine("plain words")).toEqual({ botId: null, text: "plain words" });
  expect(readLogLine('{"broken')).toEqual({ botId: null, text: '{"broken' });
  const failed = readLogLine(
    JSON.stringify({ level: "error", role: "bot", msg: "failed", err: { message: "no", stack: "Error: no\n    at x" } }),
  );
  expect(failed.text).toBe("error bot: failed\n  Error: no\n      at x");
});
