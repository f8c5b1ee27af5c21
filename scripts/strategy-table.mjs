// Brings the parameter tables of docs/strategies.md up to date, from the built program: `npm run build` first.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { main, root, SetupError, say } from "./steps.mjs";

const document = join(root, "docs/strategies.md");

await main(async () => {
  const built = join(root, "dist/cli/strategy-table.js");
  if (!existsSync(built)) throw new SetupError("There is no built program; run npm run build first.");
  const { withTables } = await import(built);
  const { loadStrategies } = await import(join(root, "dist/strategies/index.js"));
  const before = readFileSync(document, "utf8");
  // The user's own strategies are no part of the project's documentation.
  const after = withTables(before, await loadStrategies([]));
  if (after !== before) writeFileSync(document, after);
  say(after === before ? "docs/strategies.md is up to date" : "docs/strategies.md was brought up to date");
});
