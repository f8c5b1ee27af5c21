// The lock of a data folder: one living holder, a dead one's lock is taken over, a reused process id is not mistaken for it.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockHolder, takeLock } from "../../src/cli/lock.ts";
import { isAlive, startMark } from "../../src/cli/process-info.ts";
import { until } from "./until.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function plant(holder: { pid: number; started?: string | null; host?: string }): void {
  writeFileSync(path, JSON.stringify({ started: null, since: 1, host: hostname(), ...holder }));
}

function taken(): boolean {
  const result = takeLock(path);
  if ("lock" in result) result.lock.release();
  return "lock" in result;
}

test("a second taker learns who holds it and since when", () => {
  const first = takeLock(path);
  expect("lock" in first).toBe(true);
  const second = takeLock(path);
  expect(second).toMatchObject({ holder: { pid: process.pid, host: hostname(), started: startMark(process.pid) } });
  expect(lockHolder(path)?.since).toBeLessThanOrEqual(Date.now());
  if ("lock" in first) first.lock.release();
  expect(lockHolder(path)).toBeNull();
  expect(taken()).toBe(true);
});

test("a dead process's lock is taken over, and nothing is left lying about", async () => {
  const child = spawn(process.execPath, ["-e", "0"]);
  const pid = child.pid ?? Number.NaN;
  await until(() => !isAlive(pid));
  plant({ pid });
  expect(lockHolder(path)).toBeNull();
  const result = takeLock(path);
  expect("lock" in result).toBe(true);
  expect(readdirSync(folder)).toEqual(["lock"]);
});

test("a living process that merely got the same id is not the holder", () => {
  plant({ pid: process.pid, started: "another boot:12" });
  expect(taken()).toBe(true);
});

test("another machine's lock holds while it is refreshed", () => {
  plant({ pid: 1, host: "elsewhere" });
  expect(takeLock(path)).toMatchObject({ holder: { host: "elsewhere" } });
  const old = new Date(Date.now() - 60_000);
  utimesSync(path, old, old);
  expect(taken()).toBe(true);
});

test("an unreadable lock is taken over", () => {
  writeFileSync(path, "half a li");
  expect(taken()).toBe(true);
});
