// What a strategy of the user's own is given, since a file outside the project cannot import from it.

import { z } from "zod";
import { decimalString } from "./bot-config.ts";
import { toLots, toPrice, toQuantity, toTicks } from "./instrument.ts";
import { previewLadder } from "./ladder-preview.ts";
import { gridLevels } from "./levels.ts";
import { money, rounded, text } from "./money.ts";
import { defineStrategy } from "./strategy.ts";
import { lots, ticks } from "./units.ts";

export const strategyKit = {
  defineStrategy,
  /** zod, for the parameters. */
  z,
  decimalString,
  ticks,
  lots,
  toTicks,
  toLots,
  toPrice,
  toQuantity,
  money,
  text,
  rounded,
  gridLevels,
  previewLadder,
} as const;

export type StrategyKit = typeof strategyKit;
