// One schema of a configured bot for chat, file, database and web.

import { z } from "zod";
import { isDuration } from "./duration.ts";
import { money } from "./money.ts";
import { notifySchema } from "./notify.ts";
import { scheduleSchema } from "./schedule.ts";
import { isDecimal } from "./units.ts";

/** A bot's name as people type it; immutable. */
export const BOT_ID = /^[a-z][a-z0-9_-]{0,31}$/;

/** Beyond these no price, quantity or amount makes sense, and steps could not be counted in safe integers. */
const SMALLEST = "1e-15";
const LARGEST = "1e15";

function isPlainDecimal(value: string): boolean {
  return isDecimal(value) && !value.startsWith("+");
}

function isReasonable(value: string): boolean {
  const size = money(value).abs();
  return size.eq(0) || (size.gte(SMALLEST) && size.lte(LARGEST));
}

/** A decimal string such as `"0.05"`; numbers are accepted from files and turned into strings. */
export const decimalString = z
  .union([z.string(), z.number().transform((value) => String(value))])
  .refine(isPlainDecimal, {
    message: "must be a decimal number such as 0.05",
    abort: true,
    params: { "zh-TW": "必須是十進位數字，例如 0.05" },
  })
  .refine(isReasonable, {
    message: `must be 0 or between ${SMALLEST} and ${LARGEST} in size`,
    abort: true,
    params: { "zh-TW": `必須是 0，或絕對值介於 ${SMALLEST} 與 ${LARGEST} 之間` },
  });

const positiveDecimal = decimalString.refine((value) => money(value).gt(0), {
  message: "must be above 0",
  params: { "zh-TW": "必須大於 0" },
});

/** Limits that no strategy can get around. Money is in the quote currency of a leg. */
export const riskSchema = z.strictObject({
  maxPosition: z
    .union([positiveDecimal, z.record(z.string().min(1), positiveDecimal)])
    .describe("largest absolute position counting live, in-flight and unknown orders, base units; one for every leg, or one per leg"),
  maxOpenOrders: z.number().int().min(1).max(500).default(100).describe("most orders that may rest at once"),
  maxNotional: positiveDecimal
    .optional()
    .describe("largest notional per leg counting live, in-flight and unknown orders, at mark, quote currency"),
  maxOrderNotional: positiveDecimal.optional().describe("largest notional of one order, quote currency"),
  priceBandBps: z
    .number()
    .positive()
    .max(10_000)
    .optional()
    .describe("orders priced further than this from the mark are denied, basis points"),
  maxOrdersPerMinute: z.number().int().min(1).max(6_000).default(1_200).describe("most opening orders placed within a minute"),
  maxDailyLoss: positiveDecimal.optional().describe("net loss within a risk day that halts the bot, quote currency"),
  maxDrawdown: positiveDecimal.optional().describe("fall from the highest net profit ever stored that halts the bot, quote currency"),
  drawdownSince: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("the drawdown counts from the net profit at this time, epoch ms; set by /resume BOT reset-peak"),
  maxBookAgeMs: z
    .number()
    .int()
    .min(100)
    .max(600_000)
    .default(5_000)
    .describe("with an older book only reducing orders pass, milliseconds"),
  minLiquidationDistanceBps: z
    .number()
    .positive()
    .max(10_000)
    .optional()
    .describe("closer to liquidation only reducing orders pass, at half of it the bot is halted, basis points"),
  symbols: z.array(z.string().min(3)).min(1).optional().describe("symbols that may be traded; all when absent"),
  onBreach: z
    .enum(["keep", "flatten"])
    .default("keep")
    .describe("what a halt for loss, drawdown or liquidation distance does with the position"),
});

/** `USDC` (on the bot's own account) or `exchange/account/USDC`. */
const BUDGET_KEY = /^(?:[\w-]+\/[\w-]+\/)?[\w.$-]+$/;

/**
 * What one bot may use; beyond it that bot alone is slowed down, and says so. How many orders it may place and have resting
 * is in `risk`. The defaults leave a bot of the presets far from all of them.
 */
export const quotasSchema = z.strictObject({
  requestsPerMinute: z
    .number()
    .int()
    .min(10)
    .max(100_000)
    .default(1_200)
    .describe(
      "weight of the REST requests within a minute; beyond it openings and market data wait, never cancels, closings or reconciliation",
    ),
  streams: z.number().int().min(1).max(1_000).default(20).describe("most WebSocket subscriptions; a start that needs more is refused"),
  cycleMs: z
    .number()
    .int()
    .min(1)
    .max(60_000)
    .default(250)
    .describe("time for one decision, milliseconds; after a longer one, prices wait as long as it took too long"),
  memoryMb: z
    .number()
    .int()
    .min(128)
    .max(65_536)
    .default(512)
    .describe("memory of the bot's process, MiB; warned of at 80 %, at the ceiling it begins anew with its orders kept"),
  budget: z
    .record(z.string(), positiveDecimal)
    .superRefine((budget, context) => {
      for (const key of Object.keys(budget).filter((name) => !BUDGET_KEY.test(name)))
        context.addIssue({
          ...{ code: "custom", path: [key], message: `${key} must be a currency such as USDC, or exchange/account/USDC` },
          params: { "zh-TW": `${key} 必須是幣別（例如 USDC），或 交易所/帳戶/USDC` },
        });
    })
    .default({})
    .describe("capital per currency of an account; a start beyond what the account has free is refused"),
});

/** How the exchange is to hold a bot's perpetuals; `params.leverage` only sizes orders, this is what the exchange is told. */
export const perpSchema = z.strictObject({
  leverage: z.number().int().min(1).max(200).optional().describe("leverage set at the exchange at each start; left as it is when absent"),
  marginMode: z.enum(["cross", "isolated"]).optional().describe("margin mode set at the exchange at each start; left as it is when absent"),
});

export const botConfigSchema = z.strictObject({
  id: z.string().refine((value) => BOT_ID.test(value), {
    message: "must start with a letter and hold at most 32 of a-z, 0-9, _ and -",
    params: { "zh-TW": "必須以小寫字母開頭，最多 32 個字元，只能含 a-z、0-9、_ 與 -" },
  }),
  description: z.string().max(500).optional().describe("what the bot is for, in words"),
  strategy: z.string().min(1).describe("file name of the strategy; a person may also write a product's name"),
  params: z.record(z.string(), z.unknown()).describe("the strategy's own parameters"),
  exchange: z.string().min(1),
  account: z.string().min(1),
  symbol: z.string().min(3).describe("ETH/USDC (spot) or ETH/USDC:USDC (perpetual)"),
  mode: z.enum(["sim", "paper", "testnet", "live"]),
  risk: riskSchema,
  quotas: quotasSchema.prefault({}).describe("what the bot may use"),
  perp: perpSchema.optional().describe("leverage and margin mode of the bot's perpetuals"),
  deadMan: z
    .enum(["on", "off"])
    .optional()
    .describe("the exchange cancels the bot's orders when the bot is silent for 60 s; when absent on where it is per symbol, else off"),
  schedule: scheduleSchema.optional().describe("when the bot may run; always when absent"),
  notify: notifySchema.default({}).describe("alert kind (or *) to on, silent or off; on when absent"),
  runFor: z
    .string()
    .refine(isDuration, {
      message: "must be a duration such as 90s, 45m, 8h or 7d, at most 366d",
      params: { "zh-TW": "必須是時間長度，例如 90s、45m、8h 或 7d，最長 366d" },
    })
    .optional()
    .describe("the bot finishes after running this long: 90s, 45m, 8h, 7d"),
  restart: z
    .strictObject({
      maxAttempts: z.number().int().min(0).max(100).default(5),
      /** First pause; doubles each time up to 60 s. */
      delayMs: z.number().int().min(0).max(600_000).default(500),
      /** Attempts older than this no longer count. */
      windowMs: z.number().int().min(1_000).default(600_000),
    })
    .default({ maxAttempts: 5, delayMs: 500, windowMs: 600_000 }),
  onShutdown: z.enum(["cancel", "keep"]).default("cancel"),
  tags: z.array(z.string()).default([]),
});

export type BotConfig = z.infer<typeof botConfigSchema>;

/** What `/adjust` and `/notify` may change besides the strategy's parameters; null takes an optional field away. */
export type ConfigFields = Partial<Pick<BotConfig, "risk" | "notify">> & {
  readonly [Field in "runFor" | "schedule"]?: BotConfig[Field] | null;
};

/** A configuration with other parameters and fields. */
export function withFields(config: BotConfig, params: Readonly<Record<string, unknown>>, fields: ConfigFields = {}): BotConfig {
  const changed: Record<string, unknown> = { ...config, ...fields, params };
  for (const [name, value] of Object.entries(changed)) if (value === null) delete changed[name];
  return botConfigSchema.parse(changed);
}

/** `"params.gridNum: Too small …"`, one line per fault of a zod error. */
export function faultsOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.length === 0 ? "value" : issue.path.join(".")}: ${issue.message}`);
}
