// The log of one process: JSON lines on stdout, without secrets.

import pino, { type Logger } from "pino";
import { redactor } from "../core/redact.ts";
import type { Settings } from "./settings.ts";

/** Names under which a secret might be logged by mistake. */
const SECRET_KEYS = [
  ...["token", "secret", "apiKey", "privateKey", "password", "passphrase", "credentials", "proxy"],
  ...["authorization", "headers", "webhookUrl", "redisUrl", "databaseUrl"],
];

/**
 * A logger whose lines name the process; times are UTC. Lines are written at once, so that the last ones before a crash are
 * there, and every line is scrubbed whole: an error's message or stack may quote what a field name does not betray.
 */
export function createLog(role: string, level: Settings["logLevel"]): Logger {
  const lines = pino.destination({ fd: 1, sync: true });
  return pino(
    {
      level,
      base: { role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: "[redacted]" },
    },
    { write: (line: string) => lines.write(redactor.scrub(line)) },
  );
}
