// Installs the npm packages when they are missing or out of date; the SQLite driver is compiled where no prebuilt one can be fetched.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { installDebianPackages, isRoot, onPath, reinstallDebianPackages } from "./debian.mjs";
import { fingerprint, patiently, readStamp, root, run, SetupError, say, tail, writeStamp } from "./steps.mjs";

/** Settings of the npm that runs us which must not reach the npm that we run: they would install elsewhere, or less. */
const LEAKING_SETTINGS =
  /^npm_(lifecycle_|package_|command$|config_(local_prefix|global_prefix|prefix|global|location|omit|only|production|dry_run|ignore_scripts|loglevel|silent|json|workspaces?|package_lock_only|if_present)$)/i;

/** Makes node_modules what the lock file says. */
export async function installPackages() {
  const wanted = fingerprint([join(root, "package.json"), join(root, "package-lock.json")], process.versions.modules, process.arch);
  if (readStamp("packages") === wanted && existsSync(join(root, "node_modules/.package-lock.json"))) return;
  if (!(isInstalled() && (await driverLoads()))) await install();
  // Hashed anew: npm may have completed the lock file for this platform.
  writeStamp(
    "packages",
    fingerprint([join(root, "package.json"), join(root, "package-lock.json")], process.versions.modules, process.arch),
  );
}

/** Whether every package of the lock file lies in node_modules in its version; optional ones may be absent. */
function isInstalled() {
  const installed = readLock("node_modules/.package-lock.json");
  const wanted = readLock("package-lock.json");
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || entry.link === true) return true;
    const found = installed[path];
    return found === undefined ? entry.optional === true || entry.peer === true : found.version === entry.version;
  });
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), "utf8")).packages ?? {};
  } catch {
    return {};
  }
}

/** Whether the SQLite driver works under this Node: it is compiled for one version of Node's binary interface. */
async function driverLoads() {
  const { code } = await run(process.execPath, ["-e", 'new (require("better-sqlite3"))(":memory:").close()']);
  return code === 0;
}

async function install() {
  say("installing npm packages (a first time takes one to three minutes)");
  let result = await npmInstall();
  if (result.code !== 0 && missingTools().length > 0) {
    await installCompiler();
    result = await npmInstall();
  }
  if (result.code !== 0) throw new SetupError(`npm could not install the packages:\n${tail(result.output, 25)}`);
  if (await driverLoads()) return;
  say("compiling the SQLite driver for this Node");
  if (missingTools().length > 0) await installCompiler();
  result = await patiently("SQLite driver", () => npm(["rebuild", "better-sqlite3"]));
  if (!(await driverLoads())) throw new SetupError(`The SQLite driver (better-sqlite3) could not be built:\n${tail(result.output, 25)}`);
}

function npmInstall() {
  // `npm ci` refuses a lock file that was written where some platforms' optional packages were not on offer; `install` keeps its versions too.
  return patiently("npm install", () => npm(["install", "--include=dev", "--no-save"]));
}

function npm(args) {
  const env = Object.fromEntries(Object.keys(process.env).flatMap((name) => (LEAKING_SETTINGS.test(name) ? [[name, undefined]] : [])));
  const headers = nodeHeaders();
  if (headers !== undefined) env.npm_config_nodedir = headers;
  const own = process.env.npm_execpath;
  const isNpm = own !== undefined && basename(own) === "npm-cli.js" && existsSync(own);
  return isNpm ? run(process.execPath, [own, ...args], { env }) : run("npm", args, { env });
}

/** The folder whose include/node holds the headers of the running Node, so that compiling needs no download. */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node.h")) ? prefix : undefined;
}

function missingTools() {
  return [
    onPath("python3") ? undefined : "python3",
    onPath("make") ? undefined : "make",
    onPath("c++") || onPath("g++") || onPath("clang++") ? undefined : "g++",
  ].filter((name) => name !== undefined);
}

async function installCompiler() {
  const missing = missingTools();
  if (process.platform === "darwin")
    throw new SetupError("The SQLite driver must be compiled: run `xcode-select --install`, then start again.");
  if (isRoot() && onPath("apt-get")) {
    say(`installing ${missing.join(", ")} to compile the SQLite driver`);
    try {
      await installDebianPackages(missing);
      // Debian may count a package as installed whose programs were deleted.
      if (missingTools().length > 0) await reinstallDebianPackages(missing);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(error.message);
    }
  }
  const left = missingTools();
  if (left.length === 0) return;
  throw new SetupError(
    `The SQLite driver must be compiled, but ${left.join(", ")} ${left.length > 1 ? "are" : "is"} missing: ` +
      "install the packages python3, make and g++ (Debian, Ubuntu: `sudo apt-get install python3 make g++`), then start again.",
  );
}
