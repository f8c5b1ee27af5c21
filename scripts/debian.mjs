// Debian's and Ubuntu's packages: installed as root, or unpacked into a folder of ours without root.
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, SetupError, say, tail } from "./steps.mjs";

const quiet = { env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" } };

export function isRoot() {
  return process.getuid?.() === 0;
}

/** The full path of a program on PATH, or undefined. */
export function onPath(program) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      if (folder !== "" && statSync(path).isFile()) return path;
    } catch {}
  }
  return undefined;
}

/** Installs packages as root. `RUNLEVEL=1` keeps an init script from starting the service that a package brings. */
export async function installDebianPackages(names, extra = []) {
  await updateEmptyLists();
  const install = () =>
    run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...extra, ...names], { env: { ...quiet.env, RUNLEVEL: "1" } });
  let { code, output } = await install();
  if (code !== 0 && output.includes("dpkg --configure -a")) {
    // An earlier installation was cut off; dpkg wants it finished first.
    await run("dpkg", ["--configure", "-a"], quiet);
    ({ code, output } = await install());
  }
  if (code !== 0) throw new SetupError(`apt-get could not install ${names.join(", ")}:\n${tail(output)}`);
}

/** Restores the files of installed packages and of those they stand for (`g++` only points to `g++-12`). */
export async function reinstallDebianPackages(names) {
  const wanted = names.includes("g++") ? [...names, "gcc", "cpp"] : names;
  const { output } = await run("apt-cache", ["depends", ...wanted], quiet);
  const behind = [...output.matchAll(/\b((?:gcc|g\+\+|cpp)-\d+)\b/g)].map((match) => match[1]);
  await installDebianPackages([...new Set([...wanted, ...behind])], ["--reinstall"]);
}

/**
 * Downloads a package and what it needs beyond this machine, unpacks all of it into `folder` (no root needed), and writes a
 * start script for one of its programs there. Returns the script's path, or undefined when that did not work out.
 */
export async function unpackDebianPackage(name, program, folder) {
  if (onPath("apt-get") === undefined || onPath("dpkg") === undefined) return undefined;
  const plan = await run("apt-get", ["install", "--simulate", "--no-install-recommends", name], quiet);
  const names = [...plan.output.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]);
  if (plan.code !== 0 || names.length === 0) return undefined;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "root"), { recursive: true });
  const download = await run("apt-get", ["download", ...names], { ...quiet, cwd: folder });
  if (download.code !== 0) return undefined;
  for (const file of readdirSync(folder).filter((entry) => entry.endsWith(".deb"))) {
    const unpacked = await run("dpkg", ["-x", file, "root"], { cwd: folder });
    rmSync(join(folder, file));
    if (unpacked.code !== 0) return undefined;
  }
  return writeStartScript(folder, program);
}

function writeStartScript(folder, program) {
  const binary = ["usr/bin", "usr/sbin", "bin"].map((place) => join(folder, "root", place, program)).find(existsSync);
  if (binary === undefined) return undefined;
  const libraries = ["usr/lib", "lib"]
    .map((place) => join(folder, "root", place))
    .filter(existsSync)
    .flatMap((place) => [
      place,
      ...readdirSync(place, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(place, entry.name)),
    ]);
  const script = join(folder, program);
  const quote = (value) => `'${value.replaceAll("'", "'\\''")}'`;
  writeFileSync(script, `#!/bin/sh\nLD_LIBRARY_PATH=${quote(libraries.join(":"))} exec ${quote(binary)} "$@"\n`);
  chmodSync(script, 0o755);
  return script;
}

/** A fresh machine or container has no package lists yet. */
async function updateEmptyLists() {
  const lists = "/var/lib/apt/lists";
  if (existsSync(lists) && readdirSync(lists).some((name) => name.includes("_Packages"))) return;
  say("fetching the package lists (apt-get update)");
  const { code, output } = await run("apt-get", ["update", "-q"], quiet);
  if (code !== 0) throw new SetupError(`apt-get update failed:\n${tail(output)}`);
}
