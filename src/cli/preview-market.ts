// The market of a preview: a price that a person gives, the simulated exchange's own book, or where its market begins.

import { z } from "zod";
import type { BotConfig } from "../core/bot-config.ts";
import { kindOfSymbol } from "../core/bot-validation.ts";
import { type Instrument, type InstrumentRef, toTicks } from "../core/instrument.ts";
import type { LegMarket, MarketSnapshot } from "../core/strategy.ts";
import { UserError } from "../core/text.ts";
import { isDecimal, lots, stepOf, ticks, toSteps } from "../core/units.ts";
import { LISTINGS } from "../sim/listings.ts";
import { readEndpoint } from "../sim/sim-folder.ts";
import type { InstrumentBlock } from "./bot-file.ts";

const ANSWER_MAX_MS = 3_000;

const depth = z.object({ bids: z.array(z.tuple([z.string(), z.string()])), asks: z.array(z.tuple([z.string(), z.string()])) });

export interface MarketOptions {
  readonly config: BotConfig;
  readonly legs: Readonly<Record<string, InstrumentRef>>;
  readonly block: InstrumentBlock | null;
  /** `2500`, or `hedge=2501` for one leg; empty: the simulated exchange's. */
  readonly prices: readonly string[];
  /** Where the simulated exchange keeps its address; null: asked at `simUrl`. */
  readonly simFolder: string;
  readonly simUrl: string | null;
  readonly at: number;
}

/** Where the prices of a preview came from; the least certain of all legs. */
export type PriceSource = "given" | "book" | "firstPrice";
const CERTAINTY: readonly PriceSource[] = ["given", "book", "firstPrice"];

/** Throws a UserError that says which price or which steps are missing. */
export async function previewMarket(options: MarketOptions): Promise<{ readonly market: MarketSnapshot; readonly source: PriceSource }> {
  const { legs, prices, at } = options;
  const given = readPrices(prices, Object.keys(legs));
  const sources: PriceSource[] = [];
  const entries = Object.entries(legs).map(async ([leg, ref]): Promise<[string, LegMarket]> => {
    const instrument = instrumentOf(ref, options);
    const price = given.get(leg) ?? given.get("");
    const { source, market } =
      price === undefined ? await simulated(instrument, options) : { source: "given" as const, market: aroundPrice(instrument, price) };
    sources.push(source);
    return [leg, market];
  });
  const market = { at, legs: Object.fromEntries(await Promise.all(entries)) };
  return { market, source: CERTAINTY.findLast((source) => sources.includes(source)) ?? "given" };
}

/** Prices by leg; the empty name stands for every leg that is not named. */
function readPrices(words: readonly string[], legs: readonly string[]): ReadonlyMap<string, string> {
  const prices = new Map<string, string>();
  for (const word of words) {
    const cut = word.indexOf("=");
    const leg = cut < 0 ? "" : word.slice(0, cut);
    const price = word.slice(cut + 1);
    if (leg !== "" && !legs.includes(leg))
      throw new UserError({
        en: `--price ${word}: ${leg} is no leg of this bot; it has ${legs.join(", ")}.`,
        "zh-TW": `--price ${word}：${leg} 不是這個機器人的交易腿；它有 ${legs.join("、")}。`,
      });
    if (!isDecimal(price) || !(Number(price) > 0))
      throw new UserError({
        en: `--price ${word} is not right; give a price above 0 such as 2500.`,
        "zh-TW": `--price ${word} 不正確；請輸入大於 0 的價格，例如 2500。`,
      });
    prices.set(leg, price);
  }
  return prices;
}

/** The file's block for the bot's own symbol, else the simulated exchange's listing. */
function instrumentOf(ref: InstrumentRef, { config, block }: MarketOptions): Instrument {
  if (block !== null && ref.symbol === config.symbol) return describedBy(block, ref);
  const listing = LISTINGS.find(({ instrument }) => instrument.ref.symbol === ref.symbol);
  if (listing !== undefined) return { ...listing.instrument, ref };
  const symbols = LISTINGS.map(({ instrument }) => instrument.ref.symbol).join(", ");
  throw new UserError({
    en: `The steps of ${ref.symbol} are not known here: give the file a block "instrument": {"tickSize": "0.01", "lotSize": "0.001"} (without one there are ${symbols}).`,
    "zh-TW": `此處不知道 ${ref.symbol} 的跳動單位：請在檔案加上 "instrument": {"tickSize": "0.01", "lotSize": "0.001"}（不加時可用的有 ${symbols}）。`,
  });
}

function describedBy(block: InstrumentBlock, ref: InstrumentRef): Instrument {
  const { tickSize, lotSize, minNotional, makerFee, takerFee, maxLeverage } = block;
  const [base = "", rest = ""] = ref.symbol.split("/");
  const [quote = "", settle = quote] = rest.split(":");
  const minQuantity = lots(block.minQuantity === undefined ? 1 : toSteps(block.minQuantity, stepOf(lotSize), "up"));
  return {
    ref,
    revision: `${tickSize}|${lotSize}|${minQuantity}|${minNotional}`,
    kind: kindOfSymbol(ref.symbol) ?? "spot",
    base,
    quote,
    settle,
    tickSize,
    lotSize,
    minQuantity,
    minNotional,
    contractSize: "1",
    makerFee,
    takerFee,
    ...(maxLeverage === undefined ? {} : { maxLeverage }),
  };
}

function aroundPrice(instrument: Instrument, price: string): LegMarket {
  const bestBid = toTicks(instrument, price, "down");
  if (bestBid <= 0)
    throw new UserError({
      en: `The price ${price} is below one tick, ${instrument.tickSize}.`,
      "zh-TW": `價格 ${price} 低於一個跳動單位 ${instrument.tickSize}。`,
    });
  return { instrument, bestBid, bestAsk: ticks(bestBid + 1) };
}

/** The simulated exchange's touch, or where its market begins while it does not run. Throws a UserError where it lists no such symbol. */
async function simulated(
  instrument: Instrument,
  { config, simFolder, simUrl }: MarketOptions,
): Promise<{ readonly source: PriceSource; readonly market: LegMarket }> {
  const { symbol } = instrument.ref;
  const listing = LISTINGS.find((listed) => listed.instrument.ref.symbol === symbol);
  if (config.mode !== "sim" || listing === undefined) throw noPrice(symbol);
  const url = simUrl ?? readEndpoint(simFolder)?.url;
  const market = url === undefined ? null : await touchAt(url, listing.id, instrument);
  if (market !== null) return { source: "book", market };
  return { source: "firstPrice", market: aroundPrice(instrument, listing.generator.startPrice) };
}

/** The best prices at a running exchange; null when it does not answer. */
async function touchAt(url: string, id: string, instrument: Instrument): Promise<LegMarket | null> {
  try {
    const answer = await fetch(`${url}/api/v1/depth?symbol=${id}`, { signal: AbortSignal.timeout(ANSWER_MAX_MS) });
    const { bids, asks } = depth.parse(await answer.json());
    const prices = (side: readonly (readonly [string, string])[]): number[] => side.map(([price]) => toTicks(instrument, price, "nearest"));
    const bestBid = Math.max(...prices(bids));
    const bestAsk = Math.min(...prices(asks));
    return { instrument, bestBid: ticks(bestBid), bestAsk: ticks(bestAsk) };
  } catch {
    return null;
  }
}

function noPrice(symbol: string): UserError {
  return new UserError({
    en: `There is no price for ${symbol}: give one with --price 2500.`,
    "zh-TW": `沒有 ${symbol} 的價格：請用 --price 2500 指定。`,
  });
}
