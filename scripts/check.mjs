// `npm run check`: format and lint, types, house rules; each fault is printed, the exit code says whether there was one.
import { isMain, main, root, run, SetupError } from "./steps.mjs";

/** Runs format, lint and types; returns the names of those that failed. */
export async function runChecks() {
  const failed = [];
  const checks = [
    ["format and lint", ["node_modules/@biomejs/biome/bin/biome", "ci", "--colors=off", "."]],
    ["types", ["node_modules/typescript/bin/tsc", "--noEmit"]],
  ];
  for (const [name, args] of checks) {
    const { code, output } = await run(process.execPath, args, { cwd: root });
    process.stdout.write(`check: ${name}: ${code === 0 ? "ok" : "failed"}\n`);
    if (code === 0) continue;
    process.stdout.write(output);
    failed.push(name);
  }
  return failed;
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const failed = await runChecks();
    const tidy = await run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "test/tidy.test.ts"], { show: true });
    if (tidy.code !== 0) failed.push("house rules");
    if (failed.length > 0) throw new SetupError(`check failed: ${failed.join(", ")}`);
  });
}
