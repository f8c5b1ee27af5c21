// Limits of whole accounts and of the fleet, above the bots: what BOTSWAIN_FLEET_RISK may hold.

import { z } from "zod";
import { decimalString } from "./bot-config.ts";
import { faultsIn, sayFault } from "./fault-words.ts";
import { money } from "./money.ts";
import type { Text } from "./text.ts";

const positiveDecimal = decimalString.refine((value) => money(value).gt(0), {
  message: "must be above 0",
  params: { "zh-TW": "必須大於 0" },
});

/** Base assets as the symbols write them; a word without a capital would match no symbol and guard nothing. */
const baseAsset = z.string().regex(/^[A-Za-z0-9]*[A-Z][A-Za-z0-9]*$/);
const accountKey = z.string().regex(/^[^/\s]+\/[^/\s]+$/);

const scopeLimitsSchema = z
  .strictObject({
    maxDailyLoss: positiveDecimal.optional().describe("net loss within a risk day, profit currency"),
    maxDrawdown: positiveDecimal.optional().describe("fall of the net profit from its stored peak, profit currency"),
    minEquity: positiveDecimal.optional().describe("least equity, profit currency; needs capital"),
    capital: positiveDecimal.optional().describe("money paid in before the first trade: equity is capital plus the bots' net profit"),
    maxGrossExposure: z
      .record(baseAsset, positiveDecimal)
      .optional()
      .describe("largest sum of absolute positions per base asset, base units"),
    maxNetExposure: z
      .record(baseAsset, positiveDecimal)
      .optional()
      .describe("largest absolute sum of positions per base asset, base units"),
  })
  .superRefine(({ minEquity, capital }, context) => {
    if (minEquity === undefined || (capital !== undefined && money(minEquity).lt(capital))) return;
    const right = capital === undefined ? "needs capital, the money paid in, to be counted from" : `must be below capital ${capital}`;
    const zhTw = capital === undefined ? "需要同時設定 capital（投入的本金）作為計算基礎" : `必須低於 capital ${capital}`;
    const message = `minEquity ${minEquity} ${right}`;
    context.addIssue({ code: "custom", path: ["minEquity"], message, params: { "zh-TW": `minEquity ${minEquity} ${zhTw}` } });
  });

const fleetRiskSchema = z.strictObject({
  fleet: scopeLimitsSchema.optional(),
  accounts: z.record(accountKey, scopeLimitsSchema).default({}),
});

/** Money is in the currency in which the bots count their profit. */
export type ScopeLimits = z.infer<typeof scopeLimitsSchema>;

/** `accounts` is keyed by `exchange/account`. */
export type FleetRiskLimits = z.infer<typeof fleetRiskSchema>;

export const NO_FLEET_RISK: FleetRiskLimits = { accounts: {} };

const FIELDS = [...Object.keys(fleetRiskSchema.shape), ...Object.keys(scopeLimitsSchema.shape)];

/** Reads the JSON text of the limits: the limits, or every fault, one clause each; null when it is no JSON. */
export function parseFleetRisk(json: string): { readonly limits: FleetRiskLimits } | { readonly faults: readonly Text[] } | null {
  let input: unknown;
  try {
    input = JSON.parse(json);
  } catch {
    return null;
  }
  const parsed = fleetRiskSchema.safeParse(input);
  if (parsed.success) return { limits: parsed.data };
  return { faults: parsed.error.issues.flatMap((issue) => clausesOf(issue, input)) };
}

function clausesOf(issue: z.core.$ZodIssue, input: unknown): Text[] {
  if (issue.code === "invalid_key") return [keyClause(issue.path)];
  return faultsIn(new z.ZodError([issue]), input, FIELDS).map((fault) => inPlace(fault.path, sayFault(fault)));
}

function keyClause(path: readonly PropertyKey[]): Text {
  const field = path.slice(0, -1).join(".");
  const key = String(path.at(-1));
  return field === "accounts"
    ? {
        en: `accounts names "${key}" but should name exchange/account, e.g. backpack/sim`,
        "zh-TW": `accounts 的名稱「${key}」應為 交易所/帳戶，例如 backpack/sim`,
      }
    : {
        en: `${field} names "${key}" but should name a base asset as in the symbol, e.g. ETH`,
        "zh-TW": `${field} 的名稱「${key}」應為商品中的標的資產，例如 ETH`,
      };
}

/** The same field stands in many scopes: a clause that does not begin with its path gets it. */
function inPlace(path: string, clause: Text): Text {
  if (path === "" || clause.en.startsWith(path)) return clause;
  return { en: `${path}: ${clause.en}`, "zh-TW": `${path}：${clause["zh-TW"]}` };
}
