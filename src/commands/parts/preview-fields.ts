// What a start would mean, as fields.

import type { Block } from "../../core/command.ts";
import { money, rounded } from "../../core/money.ts";
import type { Preview } from "../../core/strategy.ts";
import { plain, type Text } from "../../core/text.ts";
import { shownMoney, shownPerp } from "./shown-values.ts";

const NO_PREVIEW: Text = {
  en: "No preview: the market could not be read just now.",
  "zh-TW": "目前無法讀取行情，因此沒有試算。",
};

function optional(label: Text, value: string | null, show: (value: string) => Text): readonly { label: Text; value: Text }[] {
  return value === null ? [] : [{ label, value: show(value) }];
}

/** Fields of a preview; a sentence when there is none. */
export function previewBlocks(preview: Preview | null): readonly Block[] {
  if (preview === null) return [{ type: "text", text: NO_PREVIEW }];
  const inCurrency = (value: string): Text => plain(`${shownMoney(value)} ${preview.currency}`);
  const fields: Block = {
    type: "fields",
    fields: [
      { label: { en: "Orders", "zh-TW": "委託數" }, value: plain(String(preview.orders)) },
      { label: { en: "Notional", "zh-TW": "名目金額" }, value: inCurrency(preview.notional) },
      { label: { en: "Margin", "zh-TW": "保證金" }, value: inCurrency(preview.margin) },
      ...(preview.perp === undefined
        ? []
        : [{ label: { en: "Set at the exchange", "zh-TW": "於交易所設定" }, value: shownPerp(preview.perp) }]),
      { label: { en: "Largest position", "zh-TW": "最大部位" }, value: plain(preview.maxPosition) },
      { label: { en: "Worst loss", "zh-TW": "最大可能虧損" }, value: inCurrency(preview.worstLoss) },
      ...optional({ en: "Loss at the lower end", "zh-TW": "下緣虧損" }, preview.lossAtLower, inCurrency),
      ...optional({ en: "Loss at the upper end", "zh-TW": "上緣虧損" }, preview.lossAtUpper, inCurrency),
      ...optional({ en: "Loss at the stop", "zh-TW": "停損虧損" }, preview.lossAtStop, inCurrency),
      ...optional({ en: "Liquidation below", "zh-TW": "下方強平價（估）" }, preview.liquidationBelow, plain),
      ...optional({ en: "Liquidation above", "zh-TW": "上方強平價（估）" }, preview.liquidationAbove, plain),
      {
        label: { en: "Break-even step", "zh-TW": "損益兩平間距" },
        value: plain(`${rounded(money(preview.breakEvenStep).times(100), 4)} %`),
      },
      { label: { en: "Profit per pair", "zh-TW": "每組利潤" }, value: inCurrency(preview.profitPerPair) },
    ],
  };
  const warnings = preview.warnings.map((text): Block => ({ type: "text", text: { en: `! ${text.en}`, "zh-TW": `! ${text["zh-TW"]}` } }));
  return [fields, ...warnings];
}
