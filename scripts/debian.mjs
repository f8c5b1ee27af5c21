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
 * Downloads a package and what it needs beyond this machine, unpacks all of it into `folder` (no root needed), and writes a start
 * script for each of these programs there; `places` are the folders of the package where they may lie, `*` stands for any name.
 * Returns whether all of that worked.
 */
export async function unpackDebianPackage(name, programs, folder, places = ["usr/bin", "usr/sbin", "bin"]) {
  if (onPath("apt-get") === undefined || onPath("dpkg") === undefined) return false;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "root"), { recursive: true });
  const lists = hasPackageLists() ? [] : await ownPackageLists(folder);
  const plan = await run("apt-get", [...lists, "install", "--simulate", "--no-install-recommends", name], quiet);
  const names = [...plan.output.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]);
  if (plan.code !== 0 || names.length === 0) return false;
  const download = await run("apt-get", [...lists, "download", ...names], { ...quiet, cwd: folder });
  if (download.code !== 0) return false;
  for (const file of readdirSync(folder).filter((entry) => entry.endsWith(".deb"))) {
    const unpacked = await run("dpkg", ["-x", file, "root"], { cwd: folder });
    rmSync(join(folder, file));
    if (unpacked.code !== 0) return false;
  }
  rmSync(join(folder, "apt"), { recursive: true, force: true });
  return programs.every((program) => writeStartScript(folder, program, places));
}

function writeStartScript(folder, program, places) {
  const unpacked = join(folder, "root");
  const binary = places
    .flatMap((place) => matching(unpacked, place))
    .map((place) => join(place, program))
    .find(existsSync);
  if (binary === undefined) return false;
  const libraries = ["usr/lib", "lib"]
    .map((place) => join(unpacked, place))
    .filter(existsSync)
    .flatMap((place) => [place, ...foldersIn(place)]);
  const script = join(folder, program);
  const quote = (value) => `'${value.replaceAll("'", "'\\''")}'`;
  writeFileSync(script, `#!/bin/sh\nLD_LIBRARY_PATH=${quote(libraries.join(":"))} exec ${quote(binary)} "$@"\n`);
  chmodSync(script, 0o755);
  return true;
}

function foldersIn(place) {
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(place, entry.name));
}

/** The folders below `start` that a path names in which a part may be `*`. */
function matching(start, path) {
  return path
    .split("/")
    .reduce((found, part) => found.flatMap((place) => (part === "*" ? foldersIn(place) : [join(place, part)])).filter(existsSync), [start]);
}

/** Package lists in a folder of ours, for those who may not write the machine's; the options that make apt-get read them. */
async function ownPackageLists(folder) {
  const [lists, cache] = [join(folder, "apt/lists"), join(folder, "apt/cache")];
  for (const place of [lists, join(cache, "archives")]) mkdirSync(join(place, "partial"), { recursive: true });
  const options = ["-o", `Dir::State::Lists=${lists}`, "-o", `Dir::Cache=${cache}`];
  await run("apt-get", [...options, "update", "-q"], quiet);
  return options;
}

/** A fresh machine or container has no package lists yet. */
function hasPackageLists() {
  const lists = "/var/lib/apt/lists";
  return existsSync(lists) && readdirSync(lists).some((name) => name.includes("_Packages"));
}

async function updateEmptyLists() {
  if (hasPackageLists()) return;
  say("fetching the package lists (apt-get update)");
  const { code, output } = await run("apt-get", ["update", "-q"], quiet);
  if (code !== 0) throw new SetupError(`apt-get update failed:\n${tail(output)}`);
}
