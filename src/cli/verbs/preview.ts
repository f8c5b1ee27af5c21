// `botswain preview`: what starting the bot of a file would mean, at a price given or on the running simulated exchange.

import type { Command } from "commander";
import { renderPlain } from "../../bot/render.ts";
import { previewBlocks } from "../../commands/parts/preview-fields.ts";
import { previewBot } from "../../core/bot-preview.ts";
import { toPrice } from "../../core/instrument.ts";
import type { MarketSnapshot } from "../../core/strategy.ts";
import type { BotFile } from "../bot-file.ts";
import { locateDataFolder } from "../data-folder.ts";
import { inWords, language, print } from "../language.ts";
import { previewMarket } from "../preview-market.ts";
import { environment } from "../settings.ts";
import { withBotFile } from "./bot-file-faults.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface PreviewOptions {
  readonly json?: boolean;
  readonly price?: readonly string[];
}

export function addPreview(program: Command): void {
  const verb = addVerb(
    program,
    "preview",
    { en: "Show what starting the bot of a file would mean.", "zh-TW": "試算啟動設定檔中的機器人會有什麼結果。" },
    "preview examples/perp-grid.json --price 2500",
  );
  withDataFolder(verb)
    .argument("<file>", inWords({ en: "a bot's file, YAML or JSON", "zh-TW": "機器人設定檔（YAML 或 JSON）" }))
    .option(
      "--price <price>",
      inWords({
        en: "price to reckon with, or LEG=PRICE (may be repeated); without it the running simulated exchange is asked",
        "zh-TW": "試算價格，或 交易腿=價格（可重複）；未指定時詢問執行中的模擬交易所",
      }),
      (price: string, before: readonly string[] = []) => [...before, price],
    )
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (file: string, { json, price = [] }: PreviewOptions) => {
      process.exitCode = await withBotFile(file, json === true, (bot) => show(bot, file, price, json === true));
    });
}

type ValidBot = Extract<BotFile, { readonly ok: true }>;

async function show(bot: ValidBot, file: string, prices: readonly string[], isJson: boolean): Promise<void> {
  const { config, strategy, params } = bot;
  const env = environment();
  const market = await previewMarket({
    config,
    legs: strategy.legs(params, { exchange: config.exchange, account: config.account, symbol: config.symbol }),
    block: bot.instrument,
    prices,
    simFolder: locateDataFolder(env).sim.folder,
    simUrl: env.BOTSWAIN_SIM_URL || null,
    at: Date.now(),
  });
  const preview = previewBot(config, strategy, params, market);
  if (isJson) {
    print(JSON.stringify({ ok: true, file, id: config.id, strategy: strategy.name, market: shownMarket(market), preview }));
    return;
  }
  const touches = Object.values(shownMarket(market)).map(({ symbol, bestBid }) => `${symbol} ${bestBid}`);
  const title = {
    en: `${config.id}: ${strategy.name} at ${touches.join(", ")}`,
    "zh-TW": `${config.id}：${strategy.name}，價格 ${touches.join("、")}`,
  };
  print(renderPlain({ tone: "neutral", title, blocks: previewBlocks(preview), data: null }, language));
}

function shownMarket(market: MarketSnapshot): Readonly<Record<string, { symbol: string; bestBid: string; bestAsk: string }>> {
  const legs = Object.entries(market.legs).map(([leg, { instrument, bestBid, bestAsk }]) => [
    leg,
    { symbol: instrument.ref.symbol, bestBid: toPrice(instrument, bestBid), bestAsk: toPrice(instrument, bestAsk) },
  ]);
  return Object.fromEntries(legs);
}
