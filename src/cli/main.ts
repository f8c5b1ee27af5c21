// The program that bin/botswain starts.

import { runCommandLine } from "./program.ts";

process.exitCode = await runCommandLine(process.argv.slice(2));
