// A supervised role: restarted with growing pauses, ended on request, given up when a person must mend something.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAlive } from "../../src/cli/process-info.ts";
import { type RoleProcess, runRoleProcess } from "../../src/cli/role-process.ts";
import { until } from "./until.ts";

let folder: string;
const running: RoleProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-role-"));
});
afterEach(() => {
  for (const role of running.splice(0)) role.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a small program as a role and notes what is said about it. */
function run(code: string) {
  const program = join(folder, "program.mjs");
  writeFileSync(program, code);
  const lines: string[] = [];
  const said: string[] = [];
  const unstartable: string[] = [];
  const role = runRoleProcess({
    role: "worker",
    program,
    args: ["worker"],
    env: process.env,
    onLine: (line) => lines.push(line),
    log: (text) => said.push(text.en),
    onChange: () => {},
    onUnstartable: (reason) => unstartable.push(reason),
  });
  running.push(role);
  return { role, lines, said, unstartable };
}

const SERVES = `process.send({ type: "ready" }); console.log("serving " + process.argv[2]); process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000);`;

test("is ready when it says so, and what it writes is passed on", async () => {
  const { role, lines } = run(SERVES);
  await until(() => role.isReady && lines.length > 0);
  expect(lines).toEqual(["serving worker"]);
});

test("is started again when it is killed, with one line that says so", async () => {
  const { role, said } = run(SERVES);
  await until(() => role.isReady);
  const first = role.pid ?? Number.NaN;
  process.kill(first, "SIGKILL");
  await until(() => role.isReady && role.pid !== first);
  expect(said).toEqual(["worker ended (SIGKILL); starting it again in 0.5 s"]);
  expect(role.restarts).toBe(1);
});

test("pauses grow while it keeps failing, and its last words are told", async () => {
  const { role, said } = run(`console.error("no luck"); process.exit(3);`);
  await until(() => said.length >= 3);
  role.kill();
  expect(said.slice(0, 3).map((line) => /\(code 3: no luck\).* in ([\d.]+) s$/.exec(line)?.[1])).toEqual(["0.5", "1", "2"]);
});

test("is given up with its own sentence when a person must mend something", async () => {
  const { role, said, unstartable } = run(`console.error("Port 80 is in use."); process.exit(78);`);
  await until(() => unstartable.length > 0);
  expect(unstartable).toEqual(["Port 80 is in use."]);
  expect(said).toEqual([]);
  expect(role.pid).toBeNull();
});

test("ends on request and is not started again; one that does not listen is killed at the deadline", async () => {
  const polite = run(SERVES);
  await until(() => polite.role.isReady);
  await polite.role.stop(5_000);
  expect(polite.role.pid).toBeNull();
  const deaf = run(`process.on("SIGTERM", () => {}); process.send({ type: "ready" }); setInterval(() => {}, 1000);`);
  await until(() => deaf.role.isReady);
  const pid = deaf.role.pid ?? Number.NaN;
  await deaf.role.stop(200);
  await until(() => !isAlive(pid));
  expect([...polite.said, ...deaf.said]).toEqual([]);
});
