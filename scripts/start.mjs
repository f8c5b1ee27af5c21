// `npm start`: set-up, then `botswain up` in this same process, so that signals and the terminal reach it directly.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setUp } from "./setup.mjs";
import { main, root } from "./steps.mjs";

await main(async () => {
  await setUp();
  const program = join(root, "dist/cli/main.js");
  process.argv = [process.execPath, program, "up", ...process.argv.slice(2)];
  await import(pathToFileURL(program).href);
});
