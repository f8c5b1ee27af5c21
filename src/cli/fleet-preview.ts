// What starting or adjusting a bot would mean, for the chat: the strategy's preview on the simulated exchange's own market.

import type { BotConfig } from "../core/bot-config.ts";
import { previewBot } from "../core/bot-preview.ts";
import type { Preview, Strategy } from "../core/strategy.ts";
import { previewMarket } from "./preview-market.ts";
import type { Settings } from "./settings.ts";

/**
 * Previews a configured bot. Null when its market cannot be read here: real exchanges are asked by workers only, since only
 * they take permits.
 */
export function createFleetPreview(
  settings: Settings,
  strategies: ReadonlyMap<string, Strategy>,
): (config: BotConfig) => Promise<Preview | null> {
  return async (config) => {
    const strategy = strategies.get(config.strategy);
    if (strategy === undefined || config.mode !== "sim") return null;
    const params = strategy.params.safeParse(config.params);
    if (!params.success) return null;
    const legs = strategy.legs(params.data, { exchange: config.exchange, account: config.account, symbol: config.symbol });
    const market = await previewMarket({
      config,
      legs,
      block: null,
      prices: [],
      simFolder: settings.dataFolder.sim.folder,
      simUrl: settings.sim.url,
      at: Date.now(),
    }).catch(() => null);
    return market === null ? null : previewBot(config, strategy, params.data, market);
  };
}
