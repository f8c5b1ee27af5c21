// `botswain preview`: what starting the bot of a file would mean, at a price given or on the running simulated exchange.

import type { Command } from "commander";
import { renderPlain } from "../../bot/render.ts";
import { previewBlocks } from "../../commands/parts/preview-fields.ts";
import { previewBot } from "../../core/bot-preview.ts";
import { toPrice } from "../../core/instrument.ts";
import type { MarketSnapshot, Preview } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import { locateDataFolder } from "../data-folder.ts";
import { inWords, language, print } from "../language.ts";
import { type PriceSource, previewMarket } from "../preview-market.ts";
import { environment } from "../settings.ts";
import { type ValidBot, withBotFile } from "./bot-file-faults.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface PreviewOptions {
  readonly json?: boolean;
  readonly price?: readonly string[];
}

export function addPreview(program: Command): void {
  const verb = addVerb(
    program,
    "preview",
    { en: "Show what starting the bots of a file would mean.", "zh-TW": "試算啟動設定檔中的機器人會有什麼結果。" },
    "preview examples/perp-grid.json --price 2500",
  );
  withDataFolder(verb)
    .argument("<file>", inWords({ en: "a file of bots, YAML or JSON", "zh-TW": "機器人設定檔（YAML 或 JSON）" }))
    .option(
      "--price <price>",
      inWords({
        en: "price to reckon with, or LEG=PRICE (may be repeated); without it the simulated exchange is asked, or where its market begins is taken",
        "zh-TW": "試算價格，或 交易腿=價格（可重複）；未指定時詢問模擬交易所，或採用其市場的起始價",
      }),
      (price: string, before: readonly string[] = []) => [...before, price],
    )
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async (file: string, { json, price = [] }: PreviewOptions) => {
      process.exitCode = await withBotFile(file, json === true, (bots) => show(bots, file, price, json === true));
    });
}

/** One object for a file of one bot, a list of them for a file of several. */
async function show(bots: readonly ValidBot[], file: string, prices: readonly string[], isJson: boolean): Promise<void> {
  const shown: object[] = [];
  for (const bot of bots) {
    const { market, preview, source } = await reckon(bot, prices);
    const { config, strategy } = bot;
    if (isJson) shown.push({ id: config.id, strategy: strategy.name, market: shownMarket(market), priceSource: source, preview });
    else tell(bot, market, preview, source);
  }
  if (isJson) print(JSON.stringify(shown.length === 1 ? { ok: true, file, ...shown[0] } : { ok: true, file, bots: shown }));
}

async function reckon({ config, instrument, params, strategy }: ValidBot, prices: readonly string[]) {
  const env = environment();
  const { market, source } = await previewMarket({
    config,
    legs: strategy.legs(params, { exchange: config.exchange, account: config.account, symbol: config.symbol }),
    block: instrument,
    prices,
    simFolder: locateDataFolder(env).sim.folder,
    simUrl: env.BOTSWAIN_SIM_URL || null,
    at: Date.now(),
  });
  return { market, source, preview: previewBot(config, strategy, params, market) };
}

function tell({ config, strategy }: ValidBot, market: MarketSnapshot, preview: Preview, source: PriceSource): void {
  const touches = Object.values(shownMarket(market)).map(({ symbol, bestBid }) => `${symbol} ${bestBid}`);
  const where = SOURCES[source];
  const title = {
    en: `${config.id}: ${strategy.name} at ${touches.join(", ")}${where.en}`,
    "zh-TW": `${config.id}：${strategy.name}，價格 ${touches.join("、")}${where["zh-TW"]}`,
  };
  print(renderPlain({ tone: "neutral", title, blocks: previewBlocks(preview), data: null }, language));
}

const SOURCES: Readonly<Record<PriceSource, Text>> = {
  given: { en: "", "zh-TW": "" },
  book: { en: " (the simulated exchange's book)", "zh-TW": "（模擬交易所的報價）" },
  firstPrice: {
    en: " (where the simulated market begins; it does not run now, --price reckons with another)",
    "zh-TW": "（模擬市場的起始價；模擬交易所目前未執行，可用 --price 指定其他價格）",
  },
};

function shownMarket(market: MarketSnapshot): Readonly<Record<string, { symbol: string; bestBid: string; bestAsk: string }>> {
  const legs = Object.entries(market.legs).map(([leg, { instrument, bestBid, bestAsk }]) => [
    leg,
    { symbol: instrument.ref.symbol, bestBid: toPrice(instrument, bestBid), bestAsk: toPrice(instrument, bestAsk) },
  ]);
  return Object.fromEntries(legs);
}
