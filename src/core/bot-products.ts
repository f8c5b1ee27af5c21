// The products that people ask for by name: each is a strategy file, a kind of instrument and parameters to begin with.

import type { Text } from "./text.ts";

export interface BotProduct {
  /** What a person writes as `strategy`. */
  readonly name: string;
  /** File name of the strategy; what a stored configuration carries. */
  readonly strategy: string;
  /** The kind of instrument it trades. */
  readonly kind: "spot" | "perp" | "either";
  /** Parameters that make the product what it is, unless a configuration says otherwise. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly summary: Text;
}

export const PRODUCTS: readonly BotProduct[] = [
  {
    name: "market_maker",
    strategy: "market-maker",
    kind: "spot",
    params: { enableRebalance: true },
    summary: { en: "Market maker on spot, with inventory rebalancing", "zh-TW": "現貨做市，含庫存再平衡" },
  },
  {
    name: "perp_market_maker",
    strategy: "market-maker",
    kind: "perp",
    params: { maxPosition: "1" },
    summary: { en: "Market maker on a perpetual, with position caps and skew", "zh-TW": "永續合約做市，含部位上限與偏移" },
  },
  {
    name: "maker_taker_hedge",
    strategy: "maker-taker-hedge",
    kind: "either",
    params: {},
    summary: { en: "Fills as maker, hedged by taking", "zh-TW": "掛單成交後以吃單對沖" },
  },
  {
    // Stored configurations carry file names, and this one's file trades both kinds.
    name: "grid",
    strategy: "grid",
    kind: "either",
    params: {},
    summary: { en: "Grid; on spot it is always long", "zh-TW": "網格；現貨一律為做多" },
  },
  {
    name: "perp_grid",
    strategy: "grid",
    kind: "perp",
    params: { gridType: "neutral" },
    summary: { en: "Grid on a perpetual: neutral, long or short", "zh-TW": "永續合約網格：中性、做多或做空" },
  },
];

/** The product of a name, if it is one. */
export function productNamed(name: string): BotProduct | undefined {
  return PRODUCTS.find((product) => product.name === name);
}
