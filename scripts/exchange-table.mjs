// Runs the conformance suites and brings docs/exchanges.md up to date with them; `npm run build` first. `--results FILE` takes a run's lines.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main, root, SetupError, say } from "./steps.mjs";

const document = join(root, "docs/exchanges.md");

/** The lines of a fresh run. Throws when a case failed: the document tells what passes. */
async function runSuites() {
  const folder = mkdtempSync(join(tmpdir(), "botswain-conformance-"));
  const file = join(folder, "results.jsonl");
  try {
    const env = { ...process.env, BOTSWAIN_CONFORMANCE_OUT: file };
    const args = ["node_modules/vitest/vitest.mjs", "run", "test/exchanges/conformance-"];
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: "inherit" });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    if (code !== 0 || !existsSync(file)) throw new SetupError("The conformance suites did not pass; mend that first.");
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(async () => {
  const built = join(root, "dist/cli/exchange-table.js");
  if (!existsSync(built)) throw new SetupError("There is no built program; run npm run build first.");
  const { parseResults, withExchangeTables } = await import(built);
  const { describedExchanges } = await import(join(root, "dist/exchanges/quirks.js"));
  const given = process.argv.indexOf("--results");
  const lines = given === -1 ? await runSuites() : readFileSync(process.argv[given + 1] ?? "", "utf8");
  const before = readFileSync(document, "utf8");
  const after = withExchangeTables(before, describedExchanges(), parseResults(lines));
  if (after !== before) writeFileSync(document, after);
  say(after === before ? "docs/exchanges.md is up to date" : "docs/exchanges.md was brought up to date");
});
