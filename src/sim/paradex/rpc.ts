// The JSON-RPC of Paradex's streams: what clients ask, what they are answered, and which channels there are.

import type { RawData } from "ws";
import { z } from "zod";

const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.number(), z.string()]).optional(),
  method: z.string(),
  params: z.object({ channel: z.string().optional(), bearer: z.string().optional() }).default({}),
});

export type RpcRequest = z.infer<typeof requestSchema>;

/** Codes as documented (docs.paradex.trade, WebSocket error handling). */
export const RPC_ERRORS = {
  parse: { code: -32700, message: "parse error" },
  request: { code: -32600, message: "invalid request" },
  method: { code: -32601, message: "method does not exist" },
  channel: { code: -32600, message: "invalid subscribe request", data: "invalid channel" },
  subscribed: { code: -32600, message: "invalid subscribe request", data: "already subscribed" },
  notSubscribed: { code: -32600, message: "invalid unsubscribe request", data: "not subscribed" },
  unauthorized: { code: -32600, message: "invalid subscribe request", data: "unauthorized" },
  token: { code: 40111, message: "Invalid Bearer Token" },
} as const;

export type RpcError = (typeof RPC_ERRORS)[keyof typeof RPC_ERRORS];

/** A request of a client, or the error that it is. */
export function parseRequest(data: RawData): RpcRequest | RpcError {
  try {
    const parsed = requestSchema.safeParse(JSON.parse(String(data)));
    return parsed.success ? parsed.data : RPC_ERRORS.request;
  } catch {
    return RPC_ERRORS.parse;
  }
}

/** An answer to a request; `at` is epoch ms. */
export function answerText(request: Pick<RpcRequest, "id"> | null, answer: { result: object } | { error: RpcError }, at: number): string {
  const times = { usIn: at * 1_000, usDiff: 0, usOut: at * 1_000 };
  return JSON.stringify({ jsonrpc: "2.0", ...answer, ...times, ...(request?.id === undefined ? {} : { id: request.id }) });
}

/** A message of a channel. */
export function messageText(channel: string, data: object): string {
  return JSON.stringify({ jsonrpc: "2.0", method: "subscription", params: { channel, data } });
}

const PUBLIC_OF_ALL = new Set(["markets_summary", "funding_data"]);
const PUBLIC_BY_MARKET = new Set(["trades", "markets_summary", "funding_data"]);
const PRIVATE_OF_ALL = new Set(["positions", "account", "funding_payments"]);
const PRIVATE_BY_MARKET = new Set(["orders", "fills", "funding_payments"]);
/** Levels on each side of a book's snapshots. */
export const SNAPSHOT_DEPTH = 15;

/** The channel of a market's book snapshots. */
export function bookChannel(symbol: string): string {
  return `order_book.${symbol}.snapshot@${SNAPSHOT_DEPTH}@100ms`;
}

/** Who may subscribe to a channel, or null when there is none of this name. */
export function kindOf(channel: string, isListed: (symbol: string) => boolean): "public" | "private" | null {
  const [name = "", market, ...rest] = channel.split(".");
  if (market === undefined) return PUBLIC_OF_ALL.has(name) ? "public" : PRIVATE_OF_ALL.has(name) ? "private" : null;
  if (name === "order_book") return isListed(market) && channel === bookChannel(market) ? "public" : null;
  if (rest.length > 0) return null;
  if (name === "bbo") return isListed(market) ? "public" : null;
  if (market !== "ALL" && !isListed(market)) return null;
  return PUBLIC_BY_MARKET.has(name) ? "public" : PRIVATE_BY_MARKET.has(name) ? "private" : null;
}
