// The program that bin/botswain starts.

import { runCommandLine } from "./program.ts";

// Whatever we write (database, logs, sockets) belongs to its owner alone.
process.umask(0o077);
process.exitCode = await runCommandLine(process.argv.slice(2));
