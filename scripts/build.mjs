// Compiles src/ to dist/ and copies the Lua scripts beside it, only when a source changed.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { filesIn, fingerprint, isMain, main, readStamp, root, run, SetupError, say, tail, writeStamp } from "./steps.mjs";

/** Builds dist/ when it is out of date; `force` builds anyway. */
export async function build({ force = false } = {}) {
  const sources = filesIn(["src", "tsconfig.json", "tsconfig.build.json"]);
  const wanted = fingerprint(sources, process.version);
  const entry = join(root, "dist/cli/main.js");
  if (!force && existsSync(entry) && readStamp("build") === wanted) return;
  say("compiling TypeScript");
  // Into a folder beside it, exchanged at the end: a failed build leaves the old one, and a removed source leaves nothing behind.
  const draft = join(root, "node_modules/.botswain/dist");
  rmSync(draft, { recursive: true, force: true });
  const { code, output } = await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", draft]);
  if (code !== 0) throw new SetupError(`The build failed:\n${tail(output, 40)}`);
  for (const source of sources.filter((path) => path.endsWith(".lua"))) {
    const target = join(draft, relative(join(root, "src"), source));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
  }
  const old = `${draft}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(join(root, "dist"))) renameSync(join(root, "dist"), old);
  renameSync(draft, join(root, "dist"));
  rmSync(old, { recursive: true, force: true });
  writeStamp("build", wanted);
}

/** Called by vitest before the tests that start the compiled program. */
export const setup = () => build();

if (isMain(import.meta.url)) await main(() => build({ force: process.argv.includes("--force") }));
