// What every set-up step shares: the project's root, one-line messages, stamps of finished work and child processes.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Where finished steps leave their stamps; gone when node_modules is deleted, so everything is redone then. */
const stampFolder = join(root, "node_modules", ".botswain");

/** A fault that the reader can mend: printed as one sentence, without a stack. */
export class SetupError extends Error {}

/** Prints one line about what a step does. It goes to stderr, so that a script's stdout stays its own. */
export function say(message) {
  process.stderr.write(`set-up: ${message}\n`);
}

/** Files below the given files and folders whose path passes `keep`, relative to the root and sorted. */
export function filesIn(paths, keep = () => true) {
  const found = [];
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
    else if (keep(relative(root, path))) found.push(path);
  };
  for (const path of paths) visit(resolve(root, path));
  return found.sort();
}

/** A fingerprint of files (names and contents) and of further strings. */
export function fingerprint(files, ...extra) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  for (const value of extra) hash.update(String(value)).update("\0");
  return hash.digest("hex");
}

/** The stamp of a step, `undefined` when it never finished here. */
export function readStamp(name) {
  try {
    return readFileSync(join(stampFolder, name), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Remembers a finished step; replaced in one move, so a crash leaves the old stamp. */
export function writeStamp(name, value) {
  mkdirSync(stampFolder, { recursive: true });
  const path = join(stampFolder, name);
  writeFileSync(`${path}.${process.pid}`, `${value}\n`);
  renameSync(`${path}.${process.pid}`, path);
}

/**
 * Runs a program to its end, as another user when root says which. Its output is kept (and returned) or, with `show`, passed on
 * to the reader.
 * Never throws: `code` is null when the program does not exist or was ended by a signal.
 */
export function run(command, args, { env = {}, show = false, cwd = root, uid, gid } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd,
      uid,
      gid,
      env: { ...process.env, ...env },
      stdio: ["ignore", show ? process.stderr : "pipe", show ? process.stderr : "pipe"],
    });
    let output = "";
    const keep = (chunk) => {
      output = (output + chunk).slice(-200_000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", (error) => done({ code: null, output: error.message }));
    child.on("close", (code) => done({ code, output }));
  });
}

/** Runs `work` and says every ten seconds that it still goes on. */
export async function patiently(what, work) {
  const started = Date.now();
  const timer = setInterval(() => say(`${what}: still working (${Math.round((Date.now() - started) / 1000)} s)`), 10_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** The last lines of a program's output, for an error message. */
export function tail(output, lines = 15) {
  return output.trimEnd().split("\n").slice(-lines).join("\n");
}

/** Whether this file is the program that was started (and not imported). */
export function isMain(url) {
  return process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(url);
}

/** Runs a script's main function; a `SetupError` becomes one sentence and exit code 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
