// `npm test`: set-up, checks, every test; the last line counts them. With arguments, only the tests that they name.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { readAcceptance, unmetCriteria } from "./acceptance.mjs";
import { runChecks } from "./check.mjs";
import { bringPostgres } from "./postgres-server.mjs";
import { setUp } from "./setup.mjs";
import { main, root } from "./steps.mjs";

const counts = { passed: 0, failed: 0, skipped: 0 };

/** Runs vitest with the reader's terminal and returns its JSON report, or null when it wrote none. */
async function runVitest(args, redisServer) {
  const folder = mkdtempSync(join(tmpdir(), "botswain-test-"));
  const reportFile = join(folder, "report.json");
  const env = { ...process.env };
  if (redisServer !== undefined) {
    env.REDIS_SERVER = redisServer;
    env.PATH = [env.PATH, dirname(redisServer)].join(delimiter);
  }
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const child = spawn(process.execPath, [...vitest, ...args], { cwd: root, env, stdio: "inherit" });
  // Ctrl-C reaches vitest through the terminal; this process stays to count.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const code = await new Promise((resolve) => child.once("exit", (exitCode) => resolve(exitCode ?? 1)));
  try {
    return { code, report: JSON.parse(readFileSync(reportFile, "utf8")) };
  } catch {
    return { code, report: null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count({ code, report }) {
  if (report === null) {
    counts.failed += 1;
    return;
  }
  counts.passed += report.numPassedTests;
  counts.failed += report.numFailedTests;
  counts.skipped += report.numPendingTests + report.numTodoTests;
  // A file that could not even be loaded has no test to count.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  counts.failed += broken.length;
  for (const { name, message } of broken) process.stdout.write(`failed to run: ${name}\n${message}\n`);
  // E.g. an error outside any test.
  if (code !== 0 && counts.failed === 0) counts.failed += 1;
}

/** Which databases the tests that are declared once per database ran on, and with what result. */
function tellDatabases(report, postgres) {
  const titles = {
    SQLite: "SQLite",
    PostgreSQL: postgres === undefined ? "PostgreSQL (none could be brought)" : `PostgreSQL ${postgres.version}`,
  };
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const lines = Object.entries(titles).map(([name, title]) => {
    const own = tests.filter(({ ancestorTitles }) => ancestorTitles.some((ancestor) => new RegExp(` on ${name}\\b`).test(ancestor)));
    const having = (...states) => own.filter(({ status }) => states.includes(status)).length;
    return `${title}: ${having("passed")} passed, ${having("failed")} failed, ${having("pending", "skipped", "todo")} skipped`;
  });
  process.stdout.write(`databases: ${lines.join("; ")}\n`);
}

await main(async () => {
  const args = process.argv.slice(2);
  const isWhole = args.length === 0;
  try {
    const redisServer = await setUp();
    const postgres = await bringPostgres();
    const faults = isWhole ? await runChecks() : [];
    counts.failed += faults.length;
    const result = await runVitest(args, redisServer);
    count(result);
    if (result.report !== null) tellDatabases(result.report, postgres);
    if (isWhole && result.report !== null) {
      const unmet = unmetCriteria(result.report);
      counts.failed += unmet.failed.length;
      for (const line of unmet.failed) process.stdout.write(`acceptance: listed, but did not pass: ${line}\n`);
      for (const line of unmet.skipped) process.stdout.write(`acceptance: listed, but skipped on this machine: ${line}\n`);
      const open = readAcceptance().filter(({ tests }) => tests.length === 0).length;
      process.stdout.write(`acceptance: ${open} of 33 criteria are still without a test\n`);
    }
  } catch (error) {
    counts.failed += 1;
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  }
  process.exitCode = counts.failed === 0 ? 0 : 1;
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
});
