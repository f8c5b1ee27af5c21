// What Bybit says: the codes of its v5 interface, the statuses of its orders, and one raw message about an order.

import type { CcxtOrder } from "../ccxt-loader.ts";
import type { AnswerKind, AnswerTable } from "../outcome.ts";
import type { OrderUpdate, Quirks } from "../quirks.ts";
import { text } from "./fields.ts";

function spread(codes: readonly number[], kind: AnswerKind): AnswerTable {
  return Object.fromEntries(codes.map((code) => [String(code), kind]));
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/**
 * Codes of the v5 description, 1700xx and up for spot. Left out, because they leave the fate of an order open: 10000 and 170007
 * (timeout), 10016, 10019 and 170001 (internal), 10014, 110030, 110072 and 170141 (there is such an order already), 110079 (in work).
 */
export const BYBIT_ANSWERS: AnswerTable = {
  ...spread([...range(110_003, 110_029), ...range(110_031, 110_071)], "rejected"),
  ...spread([...range(110_073, 110_078), ...range(110_080, 110_110)], "rejected"),
  ...spread([170_010, 170_031, 170_105, 170_106, ...range(170_115, 170_118), 170_121, 170_124, ...range(170_130, 170_137)], "rejected"),
  ...spread([170_140, 170_193, 170_194, 170_210, 170_217, 170_218], "rejected"),
  // 10002 is a timestamp outside the window.
  ...spread([10_001, 10_002, 10_027, 10_028, 10_029], "rejected"),
  ...spread([10_003, 10_004, 10_005, 10_007, 10_010, 10_024, 33_004], "authentication"),
  ...spread([10_006, 10_018, 10_429], "rateLimited"),
  ...spread([10_009], "banned"),
  ...spread([110_001, 110_008, 110_010, 170_139, 170_142, 170_143, 170_213], "notFound"),
  ...spread([110_004, 110_006, 110_007, 110_012, 110_014, 110_044, 110_045, ...range(110_051, 110_053)], "insufficientFunds"),
  ...spread([170_033, 170_131], "insufficientFunds"),
};
/** The code of a refusal, which comes with status 200; null for a success. */
export function bybitCode(response: unknown): string | null {
  const code = text(response, "retCode") ?? text(response, "ret_code");
  return code === "0" ? null : code;
}

const STATUSES: Readonly<Record<string, ReturnType<Quirks["statusOf"]>>> = {
  Created: "open",
  New: "open",
  PartiallyFilled: "open",
  PendingCancel: "open",
  Untriggered: "open",
  Triggered: "open",
  Filled: "filled",
  Cancelled: "canceled",
  PartiallyFilledCanceled: "canceled",
  Deactivated: "canceled",
  Rejected: "rejected",
};

/** An acknowledgement tells no status: of a placed order `place` adds that it is open, of a canceled one nobody knows yet. */
export function bybitStatus(order: CcxtOrder): ReturnType<Quirks["statusOf"]> {
  return STATUSES[text(order.info, "orderStatus") ?? ""] ?? (order.status === "open" ? "open" : null);
}

/** One row of the `order` topic; null for one that names no order. Fills come by the `execution` topic. */
export function bybitUpdate(raw: unknown, symbol: string): OrderUpdate | null {
  const exchangeOrderId = text(raw, "orderId");
  const status = STATUSES[text(raw, "orderStatus") ?? ""];
  if (exchangeOrderId === null || status === undefined || status === null || symbol === "") return null;
  return {
    symbol,
    exchangeOrderId,
    clientOrderId: text(raw, "orderLinkId"),
    side: text(raw, "side") === "Sell" ? "sell" : "buy",
    status: status === "rejected" ? "canceled" : status,
    filled: text(raw, "cumExecQty") ?? "0",
    at: Number(text(raw, "updatedTime") ?? text(raw, "createdTime") ?? 0),
    fill: null,
  };
}

/** Executions that change no position: payments. All others (trade, liquidation, deleveraging, delivery) are fills. */
const PAYMENTS: ReadonlySet<string> = new Set(["Funding", "Settle", "SessionSettlePnL"]);

export function isFill(raw: unknown): boolean {
  return !PAYMENTS.has(text(raw, "execType") ?? "Trade");
}
