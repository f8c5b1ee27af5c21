// Turns a JSON log line into one that a person reads; other lines stay as they are.

/** Fields that the readable form shows elsewhere or that say nothing to people. */
const SHOWN_ELSEWHERE = new Set(["time", "level", "role", "pid", "msg", "hostname", "err", "botId"]);

export interface LogLine {
  readonly botId: string | null;
  readonly text: string;
}

/** `12:30:05 info worker eth_grid: started epoch=3`; the time is the reader's own. */
export function readLogLine(line: string): LogLine {
  const fields = parseObject(line);
  if (fields === null) return { botId: null, text: line };
  const botId = typeof fields.botId === "string" ? fields.botId : null;
  const time = typeof fields.time === "string" ? new Date(fields.time).toLocaleTimeString("en-GB") : "";
  const more = Object.entries(fields)
    .filter(([name]) => !SHOWN_ELSEWHERE.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const error = fields.err as { readonly stack?: unknown; readonly message?: unknown } | undefined;
  const head = [time, fields.level, fields.role, botId].filter((part) => part !== "" && part != null).join(" ");
  const reason = error === undefined ? "" : `\n  ${String(error.stack ?? error.message ?? error).replaceAll("\n", "\n  ")}`;
  return { botId, text: `${head}: ${[fields.msg ?? "", ...more].join(" ")}${reason}` };
}

function parseObject(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
