// One schema of a configured bot for chat, file and database.

import { z } from "zod";
import { isDecimal } from "./units.ts";

/** A bot's name as people type it; immutable. */
export const BOT_ID = /^[a-z][a-z0-9_-]{0,31}$/;

/** A positive decimal string such as `"0.05"`; numbers are accepted from files and turned into strings. */
export const decimalString = z
  .union([z.string(), z.number().transform((value) => String(value))])
  .refine((value) => isDecimal(value), { message: "must be a decimal number such as 0.05", abort: true });

export const botConfigSchema = z.strictObject({
  id: z.string().regex(BOT_ID, "must start with a letter and hold at most 32 of a-z, 0-9, _ and -"),
  /** File name of the strategy. */
  strategy: z.string().min(1),
  params: z.record(z.string(), z.unknown()),
  exchange: z.string().min(1),
  account: z.string().min(1),
  symbol: z.string().min(3),
  mode: z.enum(["sim", "paper", "testnet", "live"]),
  risk: z.strictObject({
    /** Largest absolute position counting live, in-flight and unknown orders, base units. */
    maxPosition: decimalString,
    maxOpenOrders: z.number().int().min(1).max(500).default(100),
  }),
  restart: z
    .strictObject({
      maxAttempts: z.number().int().min(0).max(100).default(5),
      /** First pause; doubles each time up to 60 s. */
      delayMs: z.number().int().min(0).max(600_000).default(500),
      /** Attempts older than this no longer count. */
      windowMs: z.number().int().min(1_000).default(600_000),
    })
    .default({ maxAttempts: 5, delayMs: 500, windowMs: 600_000 }),
  onShutdown: z.enum(["cancel", "keep"]).default("cancel"),
  tags: z.array(z.string()).default([]),
});

export type BotConfig = z.infer<typeof botConfigSchema>;

/** `"params.gridNum: Too small …"`, one line per fault of a zod error. */
export function faultsOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.length === 0 ? "value" : issue.path.join(".")}: ${issue.message}`);
}
