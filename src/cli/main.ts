// The program that bin/botswain starts.

import { EXIT } from "./exit-code.ts";
import { runCommandLine } from "./program.ts";

// Whatever we write (database, logs, sockets) belongs to its owner alone.
process.umask(0o077);
if (process.report !== undefined) {
  // Node's diagnostic report holds the whole environment, secrets included.
  process.report.reportOnFatalError = false;
  process.report.reportOnUncaughtException = false;
  process.report.reportOnSignal = false;
}
// Whoever reads through `head` has seen enough; that is no fault of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? EXIT.success : EXIT.failure));
process.exitCode = await runCommandLine(process.argv.slice(2));
