// How much each entry trades: in base, in quote, or from capital and leverage.

import { type Instrument, toLots, toPrice, toQuantity } from "../../core/instrument.ts";
import { money, text } from "../../core/money.ts";
import type { Refusal } from "../../core/strategy.ts";
import { type Lots, lots, type Ticks } from "../../core/units.ts";
import type { GridParams } from "./params.ts";
import type { Sizing } from "./state.ts";

/** Leverage that counts: spot has none. */
export function leverageOf(value: GridParams, instrument: Instrument): string {
  return instrument.kind === "spot" ? "1" : value.leverage;
}

/** Money that automatic sizing may use, before leverage: quote currency; null when the entries are sized otherwise or nobody knows. */
export function capitalOf(value: GridParams, available: string | null): string | null {
  if (value.orderQuantity !== undefined || value.quoteAmount !== undefined) return null;
  return value.capital ?? available;
}

/** Quantity or notional of one entry when `entries` of them share the budget at `price`. */
export function sizingOf(
  value: GridParams,
  instrument: Instrument,
  price: Ticks,
  entries: number,
  available: string | null,
): Sizing | Refusal {
  if (value.orderQuantity !== undefined) {
    const quantity = toLots(instrument, value.orderQuantity, "down");
    return quantity > 0 ? { type: "base", quantity } : belowOneLot("orderQuantity", value.orderQuantity, instrument);
  }
  if (value.quoteAmount !== undefined) return { type: "quote", amount: value.quoteAmount };
  const capital = capitalOf(value, available);
  if (capital === null) {
    return {
      refused: {
        en: "useRatio sizes from the account's available balance, which is not known; give capital, orderQuantity or quoteAmount",
        "zh-TW": "useRatio 依帳戶可用餘額計算數量，但目前不知道餘額；請改給 capital、orderQuantity 或 quoteAmount",
      },
    };
  }
  const budget = money(capital)
    .times(value.useRatio ?? "1")
    .times(leverageOf(value, instrument));
  const each = text(budget.div(money(toPrice(instrument, price)).times(Math.max(1, entries))));
  const quantity = toLots(instrument, each, "down");
  return quantity > 0 ? { type: "base", quantity } : belowOneLot("capital", capital, instrument);
}

function belowOneLot(name: string, value: string, instrument: Instrument): Refusal {
  const lot = toQuantity(instrument, lots(1));
  return {
    refused: {
      en: `${name} ${value} gives each entry less than one lot, ${lot} ${instrument.base}`,
      "zh-TW": `${name} ${value} 使每筆數量低於最小單位 ${lot} ${instrument.base}`,
    },
  };
}

/** Lots of an entry at a price. */
export function quantityAt(sizing: Sizing, instrument: Instrument, price: Ticks): Lots {
  if (sizing.type === "base") return sizing.quantity;
  return toLots(instrument, text(money(sizing.amount).div(toPrice(instrument, price))), "down");
}
