// What starting or adjusting a bot would mean, for the chat: whether its accounts let it start, and the strategy's preview on the
// simulated exchange's own market.

import { previewBot } from "../core/bot-preview.ts";
import type { Preview, Strategy } from "../core/strategy.ts";
import type { BotRecord } from "../storage/bots.ts";
import type { Database } from "../storage/database.ts";
import { checkFit } from "./account-access.ts";
import { previewMarket } from "./preview-market.ts";
import type { Settings } from "./settings.ts";

/**
 * Previews a configured bot. Null when its market cannot be read here: real exchanges are asked by workers only, since only
 * they take permits. Throws a UserError for a bot that is stopped and could not start, as its account does not fit its mode.
 */
export function createFleetPreview(
  settings: Settings,
  db: Database,
  strategies: ReadonlyMap<string, Strategy>,
): (record: Pick<BotRecord, "config" | "desired">) => Promise<Preview | null> {
  return async ({ config, desired }) => {
    const read = legsOf(config, strategies);
    if (read === null) return null;
    const { strategy, params, legs } = read;
    // One that runs has its access; what changed meanwhile matters at its next start.
    if (desired === "stopped") await checkFit(settings, db, Object.values(legs), config.mode);
    if (config.mode !== "sim") return null;
    const reckoned = await previewMarket({
      config,
      legs,
      block: null,
      prices: [],
      simFolder: settings.dataFolder.sim.folder,
      simUrl: settings.sim.url,
      at: Date.now(),
    }).catch(() => null);
    // A question to a person shows today's market or none.
    return reckoned?.source === "book" ? previewBot(config, strategy, params, reckoned.market) : null;
  };
}

/**
 * Refuses the start of a bot whose account does not fit its mode, for every mode: a bot that its worker refuses would count as
 * failed, and hold its claim.
 */
export function createStartCheck(
  settings: Settings,
  db: Database,
  strategies: ReadonlyMap<string, Strategy>,
): (record: Pick<BotRecord, "config">) => Promise<void> {
  return async ({ config }) => {
    const read = legsOf(config, strategies);
    if (read !== null) await checkFit(settings, db, Object.values(read.legs), config.mode);
  };
}

/** Null for a configuration that this version cannot read; its worker says why. */
function legsOf(config: BotRecord["config"], strategies: ReadonlyMap<string, Strategy>) {
  const strategy = strategies.get(config.strategy);
  const params = strategy?.params.safeParse(config.params);
  if (strategy === undefined || params?.success !== true) return null;
  const { exchange, account, symbol } = config;
  return { strategy, params: params.data, legs: strategy.legs(params.data, { exchange, account, symbol }) };
}
