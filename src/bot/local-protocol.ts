// What is said over the local socket: one JSON object per line, in both directions.

import { z } from "zod";
import type { Alert } from "../core/alert.ts";
import type { Reply } from "../core/command.ts";
import type { Text } from "../core/text.ts";

/** Longest line a client may send. */
export const REQUEST_BYTES_MAX = 65_536;
/** Longest line the server may send; a status of hundreds of bots fits. */
export const ANSWER_BYTES_MAX = 8_388_608;
export const ID_MAX = 64;

const input = z.discriminatedUnion("type", [
  z.object({ type: z.literal("line"), line: z.string() }),
  z.object({ type: z.literal("call"), command: z.string(), args: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal("press"), token: z.string().max(200) }),
]);

/** `subscribe` asks for alerts as they are stored, from now on. */
export const requestSchema = z.discriminatedUnion("type", [
  z.object({
    id: z.string().min(1).max(ID_MAX),
    type: z.literal("invoke"),
    input,
    yes: z.boolean().default(false),
    language: z.enum(["en", "zh-TW"]).default("en"),
  }),
  z.object({ type: z.literal("subscribe") }),
]);

/** As a client writes it; `yes` and `language` may be left out. */
export type LocalRequest = z.input<typeof requestSchema>;

export type LocalAnswer =
  | { readonly id: string; readonly type: "progress" | "reply"; readonly reply: Reply }
  | { readonly type: "alert"; readonly sequence: number; readonly alert: Alert; readonly text: Text }
  /** The line could not be read as a request; `id` is null when it named none. */
  | { readonly id: string | null; readonly type: "error"; readonly message: Text };
