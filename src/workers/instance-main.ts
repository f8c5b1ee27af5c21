// Entry of an instance's process: waits for its worker's word, opens the doors and runs one bot.

import { type Logger, pino } from "pino";
import { redactor } from "../core/redact.ts";
import { type Begin, EXIT, type FromInstance, LEASE_RENEW_MS, type ToInstance } from "./protocol.ts";

/** A worker that forked us says what to run within this. */
const BEGIN_MAX_MS = 30_000;

function send(message: FromInstance): void {
  // A worker that is gone is noticed by `disconnect`; a message to it is lost like any other.
  if (process.connected) process.send?.(withoutSecrets(message), () => undefined);
}

/** What people will read (in the chat, in the database) must not carry a signed request that an error message quotes. */
function withoutSecrets(message: FromInstance): FromInstance {
  switch (message.type) {
    case "fault":
    case "refused":
    case "adjusted":
    case "ended":
      return redactor.scrubAll(message);
    case "status":
      return { ...message, status: { ...message.status, lastError: redactor.scrubAll(message.status.lastError) } };
    case "rows":
      return { ...message, rows: message.rows.map((row) => (row.type === "alert" || row.type === "end" ? redactor.scrubAll(row) : row)) };
    default:
      return message;
  }
}

function main(): void {
  if (process.send === undefined) {
    process.stderr.write("An instance is started by a worker, not by hand; use: botswain worker\n");
    process.exit(1);
  }
  // Ctrl-C and a service manager's SIGTERM reach the whole group: the worker decides what becomes of its instances.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
  if (process.report !== undefined) {
    // A report would hold the environment and the arguments; whoever turned them on did not mean a process with keys.
    process.report.reportOnFatalError = false;
    process.report.reportOnUncaughtException = false;
    process.report.reportOnSignal = false;
  }
  const early: ToInstance[] = [];
  const beat = setInterval(() => send({ type: "heartbeat", rss: process.memoryUsage.rss() }), LEASE_RENEW_MS);
  const late = setTimeout(() => process.exit(EXIT.orphaned), BEGIN_MAX_MS);
  const orphan = () => process.exit(EXIT.orphaned);
  process.once("disconnect", orphan);
  send({ type: "heartbeat" });
  const wait = (message: ToInstance): void => {
    if (message.type !== "begin") {
      early.push(message);
      return;
    }
    clearTimeout(late);
    process.off("message", wait);
    process.on("message", (next: ToInstance) => early.push(next));
    learnSecrets(message);
    const log = createInstanceLog(message);
    run(message, log, early)
      .finally(() => clearInterval(beat))
      .then(
        (code) => process.exit(code),
        (error: unknown) => die(log, error),
      );
    process.off("disconnect", orphan);
  };
  process.on("message", wait);
}

/** What this process must never print, known before its first line. */
function learnSecrets({ accounts, redisUrl }: Begin): void {
  const password = URL.canParse(redisUrl) ? new URL(redisUrl).password : "";
  const proxies = accounts.flatMap(({ proxy }) => proxy ?? []);
  for (const value of [...accounts.flatMap(({ credentials }) => Object.values(credentials)), ...proxies, password]) redactor.learn(value);
}

/** One JSON line each, written at once, so that the last ones before a crash are there. */
function createInstanceLog({ config, epoch, logLevel }: Begin): Logger {
  const lines = pino.destination({ fd: 1, sync: true });
  return pino(
    {
      level: logLevel,
      base: { role: "instance", botId: config.id, epoch, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ["credentials", "proxy", "secret", "apiKey", "headers", "*.credentials", "*.proxy", "*.secret", "*.apiKey", "*.headers"],
        censor: "[redacted]",
      },
    },
    { write: (line: string) => lines.write(redactor.scrub(line)) },
  );
}

function die(log: Logger, error: unknown): never {
  log.fatal({ err: error }, "instance failed");
  send({ type: "fault", message: error instanceof Error ? error.message : String(error) });
  process.exit(EXIT.fault);
}

async function run(begin: Begin, log: Logger, early: ToInstance[]): Promise<number> {
  process.on("uncaughtException", (error) => die(log, error));
  process.on("unhandledRejection", (error) => die(log, error));
  process.title = `botswain instance ${begin.config.id}`;
  // Loaded only now, so that the first heartbeat is not behind half a second of imports.
  const { openInstance } = await import("./instance-doors.ts");
  const { instance, take } = await openInstance(begin, log, send);
  process.removeAllListeners("message");
  for (const message of early) take(message);
  process.on("message", take);
  process.once("disconnect", () => instance.orphaned());
  if (!process.connected) instance.orphaned();
  log.info({ desired: begin.directive.desired }, "instance begins");
  return EXIT[await instance.ended];
}

main();
