// Why parameters cannot run on given instruments; zod cannot know, since it sees no instrument.

import { type Instrument, type InstrumentRef, refKey, toLots, toQuantity } from "../../core/instrument.ts";
import { money, text } from "../../core/money.ts";
import type { Text } from "../../core/text.ts";
import type { HedgeParams } from "./params.ts";

/** The instrument of the hedge leg, or null when the hedge happens on the maker's own. */
export function hedgeRef(value: HedgeParams, home: InstrumentRef): InstrumentRef | null {
  if (value.hedgeSymbol === undefined) return null;
  return { exchange: value.hedgeExchange ?? home.exchange, account: value.hedgeAccount ?? home.account, symbol: value.hedgeSymbol };
}

/** A hedge leg that is the maker's own instrument, or quantities that cannot be counted in lots; null when neither. */
export function legFault(value: HedgeParams, maker: Instrument, hedge: Instrument | undefined): Text | null {
  if (hedge !== undefined && refKey(hedge.ref) === refKey(maker.ref)) {
    return {
      en: `hedgeSymbol ${hedge.ref.symbol} is the instrument that the maker quotes; leave hedgeSymbol out to hedge on it`,
      "zh-TW": `hedgeSymbol ${hedge.ref.symbol} 與掛單商品相同；若要在同一商品避險，請省略 hedgeSymbol`,
    };
  }
  const ratio = money(value.hedgeRatio);
  const largest = money(value.maxPosition).times(ratio.gt(1) ? ratio : 1);
  for (const { lotSize, ref } of hedge === undefined ? [maker] : [maker, hedge]) {
    if (largest.div(lotSize).lt(Number.MAX_SAFE_INTEGER)) continue;
    return {
      en: `maxPosition ${value.maxPosition} is too large to count in lots of ${lotSize} on ${ref.symbol}: ${text(largest)} base units`,
      "zh-TW": `maxPosition ${value.maxPosition} 過大，無法以 ${ref.symbol} 的最小單位 ${lotSize} 計數：${text(largest)} 基礎單位`,
    };
  }
  return null;
}

/** Why an order of the configured quantity could never be sent; null when it could. */
export function quantityFault(value: HedgeParams, instrument: Instrument): Text | null {
  const { orderQuantity } = value;
  if (orderQuantity === undefined || toLots(instrument, orderQuantity, "down") >= Math.max(1, instrument.minQuantity)) return null;
  const least = `${toQuantity(instrument, instrument.minQuantity)} ${instrument.base}`;
  return {
    en: `orderQuantity ${orderQuantity} is below the smallest order of ${instrument.ref.symbol}, ${least}`,
    "zh-TW": `orderQuantity ${orderQuantity} 低於 ${instrument.ref.symbol} 的最小下單量 ${least}`,
  };
}
