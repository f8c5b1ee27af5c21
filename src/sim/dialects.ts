// Every dialect that the simulated exchange speaks, by the exchange's name.

import { UserError } from "../core/text.ts";
import { asterDialect } from "./aster/dialect.ts";
import { backpackDialect } from "./backpack/dialect.ts";
import type { Dialect } from "./dialect.ts";
import { lighterDialect } from "./lighter/dialect.ts";
import { paradexDialect } from "./paradex/dialect.ts";

export const DIALECTS: readonly Dialect[] = [backpackDialect, asterDialect, paradexDialect, lighterDialect];

/** The dialect of an exchange. Throws a UserError for one that is not simulated. */
export function dialectNamed(name: string): Dialect {
  const dialect = DIALECTS.find((one) => one.name === name);
  if (dialect !== undefined) return dialect;
  const known = DIALECTS.map((one) => one.name).join(", ");
  throw new UserError({
    en: `The simulated exchange does not speak "${name}". Choose one of ${known}.`,
    "zh-TW": `模擬交易所不支援「${name}」。可選擇：${known}。`,
  });
}
