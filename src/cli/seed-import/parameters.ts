// Carries the old strategies' parameters over, field by field, each with the old system's own default when the file says nothing.

import { plain, type Text } from "../../core/text.ts";
import type { Field, SeedBook } from "./book.ts";
import type { Product } from "./identity.ts";
import type { SeedGroup } from "./leaves.ts";
import { readSize } from "./sizing.ts";
import { readValue } from "./values.ts";
import { MISSING } from "./words.ts";

const PLACES: readonly SeedGroup[] = ["strategy", "arguments", "top"];

const NEVER_ACTED: Text = {
  en: "the old spot strategies never acted on it; here it counts",
  "zh-TW": "舊系統的現貨策略不會執行；這裡會生效",
};
const SIGN: Text = {
  en: "a loss in quote units of unrealized PnL; the sign does not matter",
  "zh-TW": "以計價幣別表示的未實現虧損；正負號不影響",
};
const RUN: Text = {
  en: "the bot finishes after it; the old daemon began anew when auto_restart was true",
  "zh-TW": "時間到即結束；舊系統在 auto_restart 為 true 時會重新開始",
};
const SKEW: Text = {
  en: "the same number, but of the spread; the old one moved quotes by a fraction of the price",
  "zh-TW": "數字相同，但單位是價差；舊系統是以價格的比例移動報價",
};
const HALT: Text = {
  en: "after such a close the old strategies went on at once; here the bot waits for a person",
  "zh-TW": "舊系統平倉後會立即繼續交易；這裡會等待人工處理",
};

const GRID: readonly Field[] = [
  { names: ["grid_num"], to: "params.gridNum", kind: "whole", preset: 10 },
  { names: ["grid_mode"], to: "params.gridMode", kind: ["arithmetic", "geometric"], preset: "arithmetic" },
];
const PERP_GRID: readonly Field[] = [
  { names: ["grid_type"], to: "params.gridType", kind: ["neutral", "long", "short"], preset: "neutral" },
  {
    names: ["boundary_action"],
    to: "params.boundaryAction",
    kind: ["emergency_close", "adjust_range", "stop_only"],
    preset: "emergency_close",
  },
  { names: ["boundary_tolerance"], to: "params.boundaryTolerance", kind: "decimal", preset: "0.001" },
  { names: ["enable_boundary_check"], to: "params.enableBoundaryCheck", kind: "truth", preset: true },
];
const MAKER: readonly Field[] = [
  { names: ["spread", "base_spread_percentage"], to: "params.spreadPercent", kind: "positive" },
  { names: ["max_orders"], to: "params.maxOrders", kind: "whole", preset: 3 },
  { names: ["interval"], to: "params.refreshIntervalS", kind: "number", preset: 60 },
];
const SPOT_MAKER: readonly Field[] = [
  { names: ["enable_rebalance"], to: "params.enableRebalance", kind: "truth", preset: true },
  {
    names: ["base_asset_target", "base_asset_target_percentage"],
    to: "params.baseAssetTargetPercent",
    kind: "decimal",
    preset: "30",
  },
  { names: ["rebalance_threshold"], to: "params.rebalanceThreshold", kind: "positive", preset: "15" },
];
const THRESHOLD: Field = { names: ["position_threshold"], to: "params.positionThreshold", kind: "decimal", preset: "0.1" };
const PERP_MAKER: readonly Field[] = [
  THRESHOLD,
  { names: ["inventory_skew"], to: "params.inventorySkew", kind: "decimal", preset: "0", reason: SKEW },
];

const FIELDS: Readonly<Record<Product, readonly Field[]>> = {
  grid: GRID,
  perp_grid: [...GRID, ...PERP_GRID],
  market_maker: [...MAKER, ...SPOT_MAKER],
  perp_market_maker: [...MAKER, ...PERP_MAKER],
  maker_taker_hedge: [],
};

/** Everything that some strategy of the old system took. */
const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(FIELDS).flatMap((fields) => fields.flatMap(({ names }) => names)),
  ...["grid_upper", "grid_upper_price", "grid_lower", "grid_lower_price", "auto_price", "auto_price_range", "price_range"],
  ...["price_range_percent", "order_quantity", "quantity", "max_position", "target_position", "stop_loss", "take_profit"],
  ...["duration", "interval", "auto_borrow", "auto_borrow_repay", "leverage"],
]);

/** The block that the old system read parameters from. */
function blockOf(book: SeedBook): string {
  return book.has("arguments") ? "bot_args" : "strategy_config";
}

/** Reads every parameter of a product; those of other strategies are ignored by name. */
export function readParameters(book: SeedBook, product: Product | null, isSpot: boolean): void {
  const block = blockOf(book);
  if (block === "strategy_config" && !book.has("strategy")) book.miss("strategy_config", MISSING, "params");
  if (product !== null) {
    for (const field of FIELDS[product]) book.carry(PLACES, field, block);
    if (product === "grid" || product === "perp_grid") readRange(book, block);
    if (product === "grid") readSpotGrid(book);
    if (product === "market_maker" || product === "perp_market_maker") book.miss(keyOf(block, "spread"), MISSING, "params.spreadPercent");
    readSize(book, product, isSpot, PLACES, block);
    if (product === "maker_taker_hedge" && !isSpot) book.carry(PLACES, THRESHOLD, block);
    readStops(book, block, isSpot);
  }
  book.carry(PLACES, { names: ["duration"], to: "runFor", kind: "duration", preset: "1h", reason: RUN }, block);
  for (const leaf of [...book.left("strategy"), ...book.left("arguments")])
    if (KNOWN.has(leaf.name)) book.ignore(leaf, unused(leaf.name, product));
  for (const leaf of book.left("top")) if (KNOWN.has(leaf.name)) book.find(["top"], [leaf.name], null, block);
}

/** How a key of the parameters is written in this file. */
export function keyOf(block: string, name: string): string {
  return block === "bot_args" ? `bot_args.--${name.replaceAll("_", "-")}` : `${block}.${name}`;
}

function readStops(book: SeedBook, block: string, isSpot: boolean): void {
  const reason = isSpot ? NEVER_ACTED : undefined;
  book.carry(PLACES, { names: ["stop_loss"], to: "params.stopLoss", kind: "size", reason: reason ?? SIGN }, block);
  book.carry(PLACES, { names: ["take_profit"], to: "params.takeProfit", kind: "positive", reason: reason ?? plain("") }, block);
  const hasStop = book.at("params.stopLoss") !== undefined || book.at("params.takeProfit") !== undefined;
  if (hasStop) book.add("params.afterStop", "halt", HALT);
}

const AUTOMATIC: Text = {
  en: "centred on the price at the start; the old daemon dropped this key, here it counts",
  "zh-TW": "以啟動時的價格為中心；舊系統會遺漏此鍵，這裡會生效",
};
const BY_PERCENT: Text = { en: "auto_price_range is true, so that no bound counts", "zh-TW": "auto_price_range 為 true，上下界不採用" };
const BY_BOUNDS: Text = { en: "is false, so that the bounds count", "zh-TW": "為 false，採用上下界" };
const NO_PERCENT: Text = { en: "has no effect beside bounds", "zh-TW": "已有上下界，不會生效" };
const NO_BOUNDS: Text = {
  en: "the file has no bounds; the old system then centred the range on the price",
  "zh-TW": "檔案沒有上下界；舊系統此時以價格為中心",
};

/** The grid's range: around the price, or between two bounds. */
function readRange(book: SeedBook, block: string): void {
  const auto = book.find(PLACES, ["auto_price_range", "auto_price"], "params.rangeMode", block);
  const upper = book.find(PLACES, ["grid_upper_price", "grid_upper"], "params.upperPrice", block);
  const lower = book.find(PLACES, ["grid_lower_price", "grid_lower"], "params.lowerPrice", block);
  const percent: Field = {
    names: ["price_range_percent", "price_range"],
    to: "params.priceRangePercent",
    kind: "positive",
    preset: "5",
  };
  const read = auto === null ? null : readValue("truth", auto.value);
  if (auto !== null && read !== null) {
    if ("rule" in read) book.refuse(auto.leaf, read.rule, "params.rangeMode");
    else if (read.value === true) {
      book.map(auto.leaf, "params.rangeMode", "percent", AUTOMATIC);
      for (const bound of [upper, lower]) if (bound !== null) book.ignore(bound.leaf, BY_PERCENT);
      book.carry(PLACES, percent, block);
      return;
    } else book.ignore(auto.leaf, BY_BOUNDS);
  }
  const hasBounds = upper !== null || lower !== null || book.isSettled("params.upperPrice") || book.isSettled("params.lowerPrice");
  if (!hasBounds) {
    book.add("params.rangeMode", "percent", NO_BOUNDS);
    book.carry(PLACES, percent, block);
    return;
  }
  for (const [bound, name, to] of [
    [upper, "grid_upper_price", "params.upperPrice"],
    [lower, "grid_lower_price", "params.lowerPrice"],
  ] as const) {
    const price = bound === null ? null : readValue("positive", bound.value);
    if (bound === null || price === null) book.miss(keyOf(block, block === "bot_args" ? name.replace("_price", "") : name), MISSING, to);
    else if ("rule" in price) book.refuse(bound.leaf, price.rule, to);
    else book.map(bound.leaf, to, price.value);
  }
  const unusedPercent = book.find(PLACES, percent.names, percent.to, block);
  if (unusedPercent !== null) book.ignore(unusedPercent.leaf, NO_PERCENT);
}

function readSpotGrid(book: SeedBook): void {
  book.add("params.boundaryAction", "none", {
    en: "the old spot grid did nothing outside of its range",
    "zh-TW": "舊系統的現貨網格在區間外不做任何動作",
  });
  book.add("params.initialPosition", "none", {
    en: "the old spot grid also sold what the account held already; here it sells only what it has bought (market buys first)",
    "zh-TW": "舊系統的現貨網格也會賣出帳戶原有的持倉；這裡只賣出自己買進的（設為 market 則先買進）",
  });
}

const BORROW: Text = {
  en: "orders here never borrow: a level waits until the balance suffices",
  "zh-TW": "這裡的委託不會借貸：餘額足夠時才掛單",
};
const LEVERAGE: Text = {
  en: "was stored there and never used; params.leverage stays at 1 unless it is set",
  "zh-TW": "舊系統只儲存而未使用；未設定時 params.leverage 為 1",
};
const EVENTS: Text = {
  en: "there are no rounds here: the strategy acts at every fill and price",
  "zh-TW": "這裡沒有輪詢間隔：每次成交或價格變動時立即反應",
};
const NO_PRODUCT: Text = {
  en: "can be read only once strategy and market_type are right",
  "zh-TW": "strategy 與 market_type 正確之後才能判讀",
};

function unused(name: string, product: Product | null): Text {
  if (name.startsWith("auto_borrow")) return BORROW;
  if (name === "leverage") return LEVERAGE;
  if (product === null) return NO_PRODUCT;
  if (name === "interval") return EVENTS;
  return { en: `has no effect on a ${product}, neither there nor here`, "zh-TW": `對 ${product} 沒有作用，舊系統亦然` };
}
