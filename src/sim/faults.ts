// Faults to inject into the server's answers: a list, each used up after its number of times.

import { z } from "zod";

export const faultSchema = z.strictObject({
  /** HTTP method; any when absent. */
  method: z.enum(["GET", "POST", "DELETE", "PATCH"]).optional(),
  /** Start of the path, such as `/api/v1/order`. */
  path: z.string().startsWith("/"),
  /**
   * `dropRequest`: the connection closes and nothing happens; `dropResponse`: it happens and the connection closes; `delay`: waits
   * `delayMs` before (`phase` request) or after (`phase` response) it happens; `status`: answers `status` with `code` and
   * `message` instead of (`phase` request) or after it happened (`phase` response); `malformed`: it happens, half a body is sent.
   */
  kind: z.enum(["dropRequest", "dropResponse", "delay", "status", "malformed"]),
  phase: z.enum(["request", "response"]).default("request"),
  delayMs: z.number().int().min(0).max(600_000).default(1_000),
  status: z.number().int().min(400).max(599).default(503),
  code: z.string().default("SERVER_ERROR"),
  message: z.string().default("Injected fault"),
  times: z.number().int().min(1).max(100_000).default(1),
});

export type Fault = z.infer<typeof faultSchema>;

export class Faults {
  #waiting: { fault: Fault; left: number }[] = [];

  /** Adds faults behind those that still wait. */
  add(faults: readonly Fault[]): void {
    this.#waiting.push(...faults.map((fault) => ({ fault, left: fault.times })));
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The first waiting fault that fits the request; used up by this call once its times are over. */
  take(method: string, path: string): Fault | null {
    const entry = this.#waiting.find(({ fault }) => path.startsWith(fault.path) && (fault.method ?? method) === method);
    if (entry === undefined) return null;
    entry.left -= 1;
    if (entry.left === 0) this.#waiting = this.#waiting.filter((other) => other !== entry);
    return entry.fault;
  }

  waiting(): readonly (Fault & { readonly left: number })[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, left }));
  }
}
