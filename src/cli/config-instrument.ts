// The block of a bot's file that describes its instrument, for previews without an exchange.

import { z } from "zod";
import { decimalString } from "../core/bot-config.ts";

const positive = decimalString.refine((value) => Number(value) > 0, { message: "must be above 0", params: { "zh-TW": "必須大於 0" } });

/** Steps, limits and fees of the bot's own symbol, as its exchange lists them. */
export const instrumentBlock = z.strictObject({
  tickSize: positive,
  lotSize: positive,
  /** Base units. */
  minQuantity: positive.optional(),
  minNotional: decimalString.default("0"),
  makerFee: decimalString.default("0"),
  takerFee: decimalString.default("0"),
  maxLeverage: z.number().min(1).max(1_000).optional(),
});

export type InstrumentBlock = z.infer<typeof instrumentBlock>;
