// Refuses machines that cannot run Botswain, in one sentence each. Plain old syntax, so that an old Node can still read it.

/** Why this machine cannot run Botswain, or undefined. */
export function unsupported(platform = process.platform, nodeVersion = process.versions.node) {
  if (platform === "win32") {
    return "Botswain runs on Linux and macOS; on Windows use WSL2 (https://learn.microsoft.com/windows/wsl/install) and start it there.";
  }
  const [major, minor] = nodeVersion.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    return `Botswain needs Node.js 20.19 or newer, this is ${nodeVersion}: install a current one from https://nodejs.org and try again.`;
  }
  return undefined;
}

/** Ends the program with a sentence and exit code 1 where it cannot run. */
export function refuseUnsupported() {
  const reason = unsupported();
  if (reason === undefined) return;
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
