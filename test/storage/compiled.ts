// Compiles some of the sources into a folder of their own, for tests that start processes of the program.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

export interface CompiledSources {
  /** Address of a compiled module, named as below src without its ending: `storage/migrate`. */
  url(module: string): string;
  /** A folder that is removed with the rest. */
  readonly folder: string;
  remove(): void;
}

/** Compiles modules, named as below src without their ending, and whatever they import. */
export async function compileSources(modules: readonly string[]): Promise<CompiledSources> {
  // Below the project, so that the compiled modules find the packages; beside prisma, so that they find the migrations.
  const cache = join(PROJECT, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "compiled-"));
  symlinkSync(join(PROJECT, "prisma"), join(folder, "prisma"));
  const output = join(folder, "dist");
  const config = {
    extends: join(PROJECT, "tsconfig.json"),
    compilerOptions: { noEmit: false, rootDir: join(PROJECT, "src"), outDir: output, typeRoots: [join(PROJECT, "node_modules/@types")] },
    files: modules.map((module) => join(PROJECT, "src", `${module}.ts`)),
    include: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  await promisify(execFile)(process.execPath, [join(PROJECT, "node_modules/typescript/bin/tsc"), "-p", folder]);
  return {
    folder,
    url: (module) => pathToFileURL(join(output, `${module}.js`)).href,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
