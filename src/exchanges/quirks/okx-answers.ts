// What OKX says: its codes, outside and inside an answer with status 200, and one raw message about an order with its fill.

import { text as decimal, money } from "../../core/money.ts";
import type { CcxtOrder } from "../ccxt-loader.ts";
import type { AnswerKind, AnswerTable } from "../outcome.ts";
import type { OrderUpdate, Quirks } from "../quirks.ts";
import { list, text } from "./fields.ts";

function spread(codes: readonly number[], kind: AnswerKind): AnswerTable {
  return Object.fromEntries(codes.map((code) => [String(code), kind]));
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/**
 * Codes of the v5 description. Left out, because they leave the fate of an order open: 50004 (timeout), 50013 (busy), 50026
 * (system error), 51016 (our id is taken), 51410 (a cancel is under way), 51149 (timed out in the engine).
 */
export const OKX_ANSWERS: AnswerTable = {
  ...spread([50_000, 50_002, 50_006, 50_012, ...range(50_014, 50_016), 50_036, 50_102, 50_112], "rejected"),
  ...spread([51_000, 51_001, 51_002, ...range(51_003, 51_007), ...range(51_009, 51_015), ...range(51_017, 51_030)], "rejected"),
  ...spread([51_046, 51_047, ...range(51_100, 51_118), ...range(51_120, 51_126), 51_128, 51_129, 51_130], "rejected"),
  ...spread([...range(51_132, 51_139), 51_155, 51_156, 51_169, 51_170, 51_205, 51_328, 51_330, 51_331], "rejected"),
  ...spread([54_000, 54_004, 54_008, 54_011, 54_024, 59_000, 59_200], "rejected"),
  ...spread([50_030, 50_035, ...range(50_100, 50_101), ...range(50_103, 50_111), 50_113, 50_114, 50_119, 50_120], "authentication"),
  ...spread([51_008, 51_119, 51_127, 51_131, 51_502, 59_303], "insufficientFunds"),
  ...spread([51_400, 51_401, 51_402, 51_503, 51_509, 51_510, 51_603], "notFound"),
  ...spread([50_011, 50_040, 50_061], "rateLimited"),
  ...spread([50_001], "maintenance"),
};

/** The code of the refused order inside, else of the whole answer; null for a success. `1` and `2` say to look inside. */
export function okxCode(response: unknown): string | null {
  const code = text(response, "code");
  for (const row of list(response, "data")) {
    const inner = text(row, "sCode");
    if (inner !== null && inner !== "0") return inner;
  }
  return code === null || code === "0" ? null : code;
}

export function okxMessage(response: unknown): string | null {
  const inner = list(response, "data").map((row) => text(row, "sMsg"));
  return inner.find((words) => words !== null) ?? text(response, "msg");
}

const STATUSES: Readonly<Record<string, ReturnType<Quirks["statusOf"]>>> = {
  live: "open",
  partially_filled: "open",
  filled: "filled",
  canceled: "canceled",
  mmp_canceled: "canceled",
};

/** An acknowledgement tells no state: of a placed order `place` adds that it is open, of a canceled one nobody knows yet. */
export function okxStatus(order: CcxtOrder): ReturnType<Quirks["statusOf"]> {
  return STATUSES[text(order.info, "state") ?? ""] ?? (order.status === "open" ? "open" : null);
}

/** One row of the `orders` channel, quantities in contracts; a trade id means that it tells of a fill. OKX counts a fee below zero. */
export function okxUpdate(raw: unknown, symbol: string): OrderUpdate | null {
  const exchangeOrderId = text(raw, "ordId");
  const status = STATUSES[text(raw, "state") ?? ""];
  if (exchangeOrderId === null || status === undefined || status === null || status === "rejected" || symbol === "") return null;
  const [tradeId, price, quantity] = [text(raw, "tradeId"), text(raw, "fillPx"), text(raw, "fillSz")];
  const isFill = tradeId !== null && price !== null && quantity !== null && money(quantity).gt(0);
  const at = isFill ? text(raw, "fillTime") : text(raw, "uTime");
  return {
    symbol,
    exchangeOrderId,
    clientOrderId: text(raw, "clOrdId"),
    side: text(raw, "side") === "sell" ? "sell" : "buy",
    status,
    filled: text(raw, "accFillSz") ?? "0",
    at: Number(at ?? text(raw, "uTime") ?? 0),
    fill: isFill
      ? {
          ...{ tradeId, price, quantity, feeCurrency: text(raw, "fillFeeCcy") ?? "" },
          fee: decimal(money(text(raw, "fillFee") ?? "0").times(-1)),
          isMaker: text(raw, "execType") === "M",
        }
      : null,
  };
}
