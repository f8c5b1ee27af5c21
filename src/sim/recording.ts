// A recorded market: finds out the file's format and the instrument it belongs to, and plays it once from beginning to end.

import { basename } from "node:path";
import { UserError } from "../core/text.ts";
import type { Ticks } from "../core/units.ts";
import { malformed, RowReader, readDataFile } from "./csv-rows.ts";
import type { Listing } from "./listings.ts";
import type { MarketSource, MarketStep, SourceProgress } from "./market-step.ts";
import { BAR_HEADER, barSteps, readBars } from "./recorded-bars.ts";
import { DEPTH_HEADER, depthSteps, readDepth } from "./recorded-depth.ts";
import { readTrades, TRADE_HEADER, tradeSteps } from "./recorded-trades.ts";

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  return lines;
}

/** A fresh run through the file each time it is called. */
type Play = () => Generator<MarketStep>;

function readRecording(path: string, listing: Listing): { play: Play; rows: number } {
  const lines = linesOf(readDataFile(path));
  const reader = new RowReader(path);
  const header = lines[0] ?? "";
  if (![BAR_HEADER, TRADE_HEADER, DEPTH_HEADER].includes(header))
    throw malformed(basename(path), 1, header, `one of the headers "${BAR_HEADER}", "${TRADE_HEADER}" or "${DEPTH_HEADER}"`);
  if (lines.length < 2) throw malformed(basename(path), 2, "", "at least one row of data");
  const rows = lines.length - 1;
  if (header === BAR_HEADER) {
    const bars = readBars(lines, reader, listing);
    return { play: () => barSteps(bars), rows };
  }
  if (header === TRADE_HEADER) {
    const trades = readTrades(lines, reader, listing);
    return { play: () => tradeSteps(trades), rows };
  }
  const depth = readDepth(lines, reader, listing);
  return { play: () => depthSteps(depth), rows };
}

/** Opens a recorded file (`ohlcv`, `trades`, `l2` formats, gzip or plain) for a listing. It is checked as a whole; throws a UserError. */
export function openRecording(path: string, listing: Listing): MarketSource {
  const { play, rows } = readRecording(path, listing);
  const source = `recording:${basename(path)}:${rows}:${listing.id}`;
  let running = play();
  let steps = 0;
  return {
    kind: "recording",
    file: basename(path),
    next(): MarketStep | null {
      const result = running.next();
      if (result.done) return null;
      steps += 1;
      return result.value;
    },
    progress: () => ({ source, steps }),
    resume(progress: SourceProgress): boolean {
      if (progress.source !== source) return false;
      running = play();
      steps = 0;
      while (steps < progress.steps && !running.next().done) steps += 1;
      return true;
    },
    moveTo(_price: Ticks): void {
      // A recording returns to its own price with its next row.
    },
  };
}

/** `{ symbol, file }` of a setting such as `ETH_USDC_PERP=file.csv.gz` or `file.csv.gz`. */
export function parseDataEntry(text: string): { readonly symbol?: string; readonly file: string } {
  const match = /^([A-Z0-9]+_[A-Z_]+)=(.+)$/.exec(text.trim());
  return match === null ? { file: text.trim() } : { symbol: match[1] as string, file: match[2] as string };
}

/**
 * The listing that a recorded file belongs to: the given symbol (ours or the exchange's own), else by the file's name `<exchange>-<kind>_<symbol>_…`
 * (kind `spot` is spot, everything else perp; the base asset may carry a leading U as in UETH). Throws a UserError.
 */
export function listingFor(entry: { readonly symbol?: string; readonly file: string }, listings: readonly Listing[]): Listing {
  const known = listings.map((listing) => listing.instrument.ref.symbol).join(", ");
  if (entry.symbol !== undefined) {
    const listing = listings.find((one) => one.id === entry.symbol || one.instrument.ref.symbol === entry.symbol);
    if (listing !== undefined) return listing;
    throw new UserError({
      en: `${entry.symbol} is not listed on the simulated exchange. Choose one of ${known}.`,
      "zh-TW": `模擬交易所沒有 ${entry.symbol} 這個商品。可選擇：${known}。`,
    });
  }
  const match = /^[a-z0-9]+-([a-z]+)_U?([A-Z]+?)(?:-?(?:USDT|USDC|USD))?_/.exec(basename(entry.file));
  const listing = listings.find(
    (one) => one.instrument.base === match?.[2] && (one.instrument.kind === "spot") === (match?.[1] === "spot"),
  );
  if (listing !== undefined) return listing;
  throw new UserError({
    en: `The name of ${basename(entry.file)} does not say which instrument it belongs to. Write SYMBOL=FILE, SYMBOL being one of ${known}.`,
    "zh-TW": `無法從檔名 ${basename(entry.file)} 判斷所屬商品。請寫成 SYMBOL=FILE，SYMBOL 可為 ${known}。`,
  });
}
