// The plain scripts that make a checkout ready: what they refuse, and what bin/botswain says before a build.

import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** Why a machine is refused, null when it is not. */
async function refusals(machines: readonly (readonly [platform: string, node: string])[]): Promise<readonly (string | null)[]> {
  const code = `
    const { unsupported } = await import(${JSON.stringify(new URL("../../scripts/platform.mjs", import.meta.url).href)});
    console.log(JSON.stringify(${JSON.stringify(machines)}.map(([platform, node]) => unsupported(platform, node) ?? null)));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code]);
  return JSON.parse(stdout) as readonly (string | null)[];
}

test("native Windows and an old Node are refused in one sentence each, others are not", async () => {
  const [windows, old, older, ...fine] = await refusals([
    ["win32", "22.1.0"],
    ["linux", "20.18.3"],
    ["darwin", "18.20.0"],
    ["linux", "20.19.0"],
    ["darwin", "24.0.0"],
  ]);
  expect(windows).toMatch(/^Botswain runs on Linux and macOS; on Windows use WSL2 .*\.$/);
  expect(old).toMatch(/^Botswain needs Node\.js 20\.19 or newer, this is 20\.18\.3: .*\.$/);
  expect(older).toContain("18.20.0");
  expect(fine).toEqual([null, null]);
});

test("bin/botswain before a build says how to build", async () => {
  const folder = mkdtempSync(join(tmpdir(), "botswain-bin-"));
  try {
    mkdirSync(join(folder, "bin"));
    copyFileSync(join(root, "bin/botswain"), join(folder, "bin/botswain.mjs"));
    await expect(run(process.execPath, [join(folder, "bin/botswain.mjs"), "up"])).rejects.toMatchObject({
      code: 1,
      stderr: "Botswain is not built yet: run `npm run setup` in the project's folder first.\n",
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
