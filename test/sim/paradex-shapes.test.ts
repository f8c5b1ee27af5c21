// The Paradex dialect's answers have no field that Paradex's recorded samples do not have.

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { fillView } from "../../src/sim/paradex/account-views.ts";
import { summaryOf } from "../../src/sim/paradex/public-rest.ts";
import { bookSnapshot, fundingDataView, tradeView } from "../../src/sim/paradex/public-views.ts";
import { connectParadex, startParadex } from "./paradex-client.ts";

const SAMPLES = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data", "ccxt-static/samples");
const ETH = "ETH/USD:USDC";

type Row = Readonly<Record<string, unknown>>;

function samplesOf(file: string): Readonly<Record<string, readonly Row[]>> {
  return JSON.parse(readFileSync(resolve(SAMPLES, file), "utf8")) as Record<string, readonly Row[]>;
}

function fieldsOf(...rows: readonly unknown[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row as Row)))];
}

it.skipIf(!existsSync(SAMPLES))(
  `answers in the shapes of the samples (skipped when BOTSWAIN_SHARED_DATA, here ${SAMPLES}, is missing)`,
  async () => {
    const samples = samplesOf("paradex.json");
    const streams = samplesOf("ws-paradex.json");
    const sampled = (...names: string[]): string[] => names.flatMap((name) => fieldsOf(...(samples[name] ?? [])));
    const streamed = (name: string): string[] =>
      (streams[name] ?? []).flatMap(({ params }) => fieldsOf((params as { data: unknown }).data));
    const sim = await startParadex({ paused: true });
    const client = await connectParadex(sim, sim.accounts[0]);
    await client.loadMarkets();
    const order = await client.createOrder(ETH, "market", "buy", 0.1, undefined, {});
    await client.createOrder(ETH, "limit", "buy", 0.1, 2000, {});
    sim.exchange.payFunding("ETH-USD-PERP", "0.0001");
    const [fill] = sim.exchange.state.account("sim").fills;
    const market = sim.exchange.state.market("ETH-USD-PERP");
    const [print] = sim.exchange.prints.get("ETH-USD-PERP") ?? [];
    const pairs: [string, unknown, string[]][] = [
      ["market", client.market(ETH).info, sampled("parseMarket", "parseTradingFee")],
      ["config", await client.publicGetSystemConfig(), sampled("getSystemConfig")],
      ["ticker", (await client.fetchTicker(ETH)).info, sampled("parseTicker")],
      ["book", await client.publicGetOrderbookMarket({ market: "ETH-USD-PERP" }), sampled("fetchOrderBook")],
      ["order", order.info, sampled("fetchOrder", "parseOrder")],
      ["open order", (await client.fetchOpenOrders(ETH))[0]?.info, sampled("fetchOrder", "parseOrder")],
      ["fill", fill === undefined ? null : fillView(market.listing, fill, fill.quantity), sampled("parseTrade")],
      ["position", (await client.fetchPositions())[0]?.info, sampled("parsePosition")],
      ["funding payment", (await client.fetchFundingHistory(ETH))[0]?.info, sampled("parseIncome")],
      ["margin", await client.privateGetAccountMargin({ market: "ETH-USD-PERP" }), sampled("fetchLeverage")],
      ["snapshot", bookSnapshot(market, 15, 1, 1), streamed("handleOrderBook")],
      ["streamed ticker", summaryOf(sim.exchange, market), streamed("handleTicker")],
      ["streamed trade", print === undefined ? null : tradeView(market.listing, print), streamed("handleTrade")],
      ["streamed funding", fundingDataView(market.listing, "0", "0", 1), streamed("handleFundingRate")],
    ];
    for (const [what, answer, known] of pairs) {
      expect(known.length, `samples of ${what}`).toBeGreaterThan(0);
      expect(known, what).toEqual(expect.arrayContaining(fieldsOf(answer)));
    }
    await client.close();
    await sim.close();
  },
);
