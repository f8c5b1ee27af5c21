// Works out how much an imported bot trades and may hold: from the file, else by the old system's own rules, and says which.

import { type Money, money, text } from "../../core/money.ts";
import type { Text } from "../../core/text.ts";
import type { SeedBook } from "./book.ts";
import type { Product } from "./identity.ts";
import type { SeedGroup } from "./leaves.ts";
import { readValue } from "./values.ts";

const QUANTITY = "params.orderQuantity";
const CAP = "risk.maxPosition";
/** Share of max_position that the old perp grid spread over its orders, and of the balance that the spot grid did. */
const PERP_SHARE = "0.8";
const SPOT_SHARE = "0.95";
/** The old command line's own default, base units. */
const OLD_CAP = "1";
/** From here on Botswain's own default of 100 resting orders is near, and the most levels that a grid may have. */
const MANY_LEVELS = 90;
const LEVELS_MAX = 200;
const DIGITS = 6;
const DOWN = 0;

/** Reads the quantity of an order and the largest position; what the file lacks is derived from what it has. */
export function readSize(book: SeedBook, product: Product, isSpot: boolean, places: readonly SeedGroup[], block: string): void {
  book.carry(places, { names: ["order_quantity", "quantity"], to: QUANTITY, kind: "positive" }, block);
  const capped = isSpot ? { reason: SPOT_CAP } : {};
  book.carry(places, { names: ["max_position"], to: CAP, kind: "positive", ...capped }, block);
  if (product === "grid" || product === "perp_grid") sizeGrid(book, isSpot);
  else if (isSpot) capFrom(book, product === "market_maker" ? numberAt(book, "params.maxOrders") : money(1), LADDER);
  else book.add(CAP, OLD_CAP, OLD_CAP_REASON);
  const cap = numberAt(book, CAP);
  if (cap === null) {
    if (!book.isSettled(QUANTITY) || book.at(QUANTITY) !== undefined) book.miss(quantityKey(block, product), noSize(), CAP);
    return;
  }
  if (product === "perp_market_maker") {
    const target = { names: ["target_position"], to: "params.targetPosition", kind: "decimal" } as const;
    book.carry(places, target, block);
    book.add("params.targetPosition", text(cap.lt(OLD_CAP) ? cap : money(OLD_CAP)), OLD_TARGET);
  }
  if (product === "perp_market_maker" || product === "maker_taker_hedge") book.add("params.maxPosition", text(cap), SAME_CAP);
}

function quantityKey(block: string, product: Product): string {
  const name = product === "grid" || product === "perp_grid" ? "order_quantity" : "quantity";
  return block === "bot_args" ? "bot_args.--quantity" : `${block}.${name}`;
}

/** A field as a number, be it from the file or from `--set`; null when there is none. */
function numberAt(book: SeedBook, to: string): Money | null {
  const read = readValue("positive", book.at(to));
  return "value" in read ? money(String(read.value)) : null;
}

function sizeGrid(book: SeedBook, isSpot: boolean): void {
  const levels = numberAt(book, "params.gridNum");
  capFrom(book, levels, GRID_SIDE);
  if (levels?.gt(MANY_LEVELS) && levels.lte(LEVELS_MAX)) book.add("risk.maxOpenOrders", Number(text(levels.times(2))), OPEN_ORDERS_REASON);
  const isSizedOtherwise = ["quoteAmount", "capital", "useRatio"].some((name) => book.options.overrides.has(`params.${name}`));
  if (isSizedOtherwise || book.isSettled(QUANTITY)) return;
  if (isSpot) return book.add("params.useRatio", SPOT_SHARE, SPOT_SIZE);
  book.add(CAP, OLD_CAP, OLD_CAP_REASON);
  const cap = numberAt(book, CAP);
  if (cap !== null && levels !== null) book.add(QUANTITY, text(cap.times(PERP_SHARE).div(levels).prec(DIGITS, DOWN)), PERP_SIZE);
}

/** The position when every order of one side fills. */
function capFrom(book: SeedBook, orders: Money | null, reason: Text): void {
  const quantity = numberAt(book, QUANTITY);
  if (quantity !== null && orders !== null) book.add(CAP, text(quantity.times(orders)), reason);
}

const SPOT_CAP: Text = {
  en: "the old spot strategies had no cap; here it counts",
  "zh-TW": "舊系統的現貨策略沒有部位上限；這裡會生效",
};
const GRID_SIDE: Text = {
  en: "derived, since the file has no max_position: every level filled on one side (grid_num x order quantity)",
  "zh-TW": "檔案沒有 max_position，由單邊全部成交推得（grid_num × 每格數量）",
};
const OPEN_ORDERS_REASON: Text = {
  en: "the old system had no such limit; Botswain's default of 100 would be too few for so many levels",
  "zh-TW": "舊系統沒有此上限；Botswain 的預設值 100 不足以容納這麼多格",
};
const LADDER: Text = {
  en: "derived, since the file has no max_position: every order of one side filled (max_orders x quantity); --set risk.maxPosition=N raises it",
  "zh-TW": "檔案沒有 max_position，由單邊全部成交推得（max_orders × quantity）；可用 --set risk.maxPosition=N 提高",
};
const OLD_CAP_REASON: Text = {
  en: "the old system's default, since the file has no max_position: one whole unit of the base currency; look whether that is meant",
  "zh-TW": "檔案沒有 max_position，採用舊系統的預設值：1 個單位的基礎貨幣；請確認是否符合原意",
};
const OLD_TARGET: Text = {
  en: "the old command line's default of 1, but never above the cap; Botswain's own default would be 0",
  "zh-TW": "舊指令列的預設值 1，但不超過上限；Botswain 的預設值為 0",
};
const SAME_CAP: Text = { en: "the same cap, within the strategy", "zh-TW": "策略內的相同上限" };
const PERP_SIZE: Text = {
  en: "derived, since the file has no order quantity, by the old rule: 0.8 x max_position over all levels; the old system used fewer orders when the price lay inside of the range",
  "zh-TW": "檔案沒有每格數量，依舊規則推得：0.8 × max_position ÷ 全部格數；舊系統在價格位於區間內時只除以當時的掛單數",
};
const SPOT_SIZE: Text = {
  en: "the file has no order quantity; by the old rule 95 % of the balance is spread over the levels",
  "zh-TW": "檔案沒有每格數量；依舊規則將 95 % 的餘額分配到各格",
};

function noSize(): Text {
  return {
    en: "is missing: the old system sized orders from the balance, from which no cap follows; add it, or give --set params.orderQuantity=N or --set risk.maxPosition=N",
    "zh-TW": "缺少此欄位：舊系統依餘額決定數量，無法推得部位上限；請補上，或使用 --set params.orderQuantity=N 或 --set risk.maxPosition=N",
  };
}
