// Turns the symbols of each exchange's own spelling into ccxt's.

import type { Text } from "../../core/text.ts";

export type Kind = "spot" | "perp";

interface Spelling {
  readonly spot?: RegExp;
  readonly perp: RegExp;
  /** Quote where the symbol names none. */
  readonly quote?: string;
  /** Currency that positions settle in, where it is not the quote. */
  readonly settle?: string;
  /** A right symbol, for the sentence about a wrong one. */
  readonly example: Readonly<Partial<Record<Kind, string>>>;
}

const SPELLINGS: Readonly<Record<string, Spelling>> = {
  backpack: {
    spot: /^([A-Z0-9]+)_([A-Z0-9]+)$/,
    perp: /^([A-Z0-9]+)_([A-Z0-9]+)_PERP$/,
    example: { spot: "SOL_USDC", perp: "SOL_USDC_PERP" },
  },
  aster: { perp: /^([A-Z0-9]+?)(USDT|USDC|USD1|USDF)$/, example: { perp: "SOLUSDT" } },
  paradex: { perp: /^([A-Z0-9]+)-(USD)-PERP$/, settle: "USDC", example: { perp: "BTC-USD-PERP" } },
  lighter: { perp: /^([A-Z0-9]+)$/, quote: "USDC", example: { perp: "BTC" } },
  lighterrobinhood: { perp: /^([A-Z0-9]+)$/, quote: "USDG", example: { perp: "BTC" } },
  apex: { perp: /^([A-Z0-9]+?)-?(USDT|USDC)$/, example: { perp: "BTC-USDT" } },
  standx: { perp: /^([A-Z0-9]+)[-_/](USD)$/, settle: "DUSD", example: { perp: "BTC-USD" } },
  hyperliquid: { perp: /^([A-Z0-9]+)$/, quote: "USDC", example: { perp: "BTC" } },
};

export type Translated = { readonly symbol: string } | { readonly rule: Text };

/** `SOL_USDC_PERP` → `SOL/USDC:USDC`. The case of letters does not matter. */
export function toCcxtSymbol(exchange: string, symbol: string, kind: Kind): Translated {
  const spelling = SPELLINGS[exchange];
  const match = spelling?.[kind]?.exec(symbol.trim().toUpperCase());
  if (spelling === undefined || match === undefined || match === null) return { rule: wrongSymbol(exchange, kind, spelling) };
  const [, base = "", named] = match;
  // A bare coin must not swallow a pair such as BTCUSDC.
  if (base === "" || (spelling.quote !== undefined && /.(USDC|USDT|USD)$/.test(base)))
    return { rule: wrongSymbol(exchange, kind, spelling) };
  const quote = named ?? spelling.quote ?? "";
  return { symbol: kind === "spot" ? `${base}/${quote}` : `${base}/${quote}:${spelling.settle ?? quote}` };
}

function wrongSymbol(exchange: string, kind: Kind, spelling: Spelling | undefined): Text {
  const example = spelling?.example[kind];
  const zhKind = kind === "spot" ? "現貨" : "永續合約";
  if (example === undefined)
    return {
      en: `must be a perpetual: the old system traded no spot on ${exchange}`,
      "zh-TW": `必須是永續合約：舊系統在 ${exchange} 沒有現貨`,
    };
  return {
    en: `must be a ${kind} symbol as ${exchange} spells it, such as ${example}`,
    "zh-TW": `必須是 ${exchange} 寫法的${zhKind}商品，例如 ${example}`,
  };
}
