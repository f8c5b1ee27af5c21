// Completed pairs on recorded trades under the plain touch-fill rule, against reference counts.

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Instrument } from "../../src/core/instrument.ts";
import { lots, stepOf, toSteps } from "../../src/core/units.ts";
import { ETH_SPOT } from "../core/instruments.ts";
import { GridDesk } from "./grid-desk.ts";

const FILE = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data", "trades/binance-spot_XRPETH_aggtrades_20191011-13.csv.gz");

/** XRP/ETH on spot without fees, as the reference counts. */
const XRP_ETH: Instrument = {
  ...ETH_SPOT,
  ref: { exchange: "binance", account: "sim", symbol: "XRP/ETH" },
  base: "XRP",
  quote: "ETH",
  settle: "ETH",
  tickSize: "0.00000001",
  lotSize: "1",
  minQuantity: lots(1),
  makerFee: "0",
  takerFee: "0",
};

function readPrices(): number[] {
  const [header = "", ...rows] = gunzipSync(readFileSync(FILE)).toString("utf8").trim().split("\n");
  const column = header.split(",").indexOf("price");
  return rows.map((row) => toSteps(row.split(",")[column] ?? "", stepOf(XRP_ETH.tickSize), "exact"));
}

describe.skipIf(!existsSync(FILE))("golden pair counts (needs the shared data; skipped when trades/binance-spot_XRPETH is missing)", () => {
  it.each([
    ["arithmetic", "0.00138", "0.00155", 20, 19, 21, 2, 1],
    ["geometric", "0.00138", "0.00155", 20, 16, 17, 1, 1],
    ["arithmetic", "0.0014", "0.0016", 40, 61, 64, 3, 12],
    ["geometric", "0.0014", "0.0016", 40, 73, 76, 3, 11],
  ])(
    "%s %s to %s, %d cells: %d pairs, %d buys, %d holding, %d never sold",
    (gridMode, lowerPrice, upperPrice, cells, pairs, buys, holding, unsold) => {
      const prices = readPrices();
      expect(prices).toHaveLength(12_477);
      const desk = new GridDesk({
        instrument: XRP_ETH,
        mid: prices[0] ?? 0,
        params: {
          gridMode,
          lowerPrice,
          upperPrice,
          gridNum: cells + 1,
          orderQuantity: "10",
          initialPosition: "market",
          boundaryAction: "none",
        },
      });
      const above = desk.state.levels.filter((level) => level.isInitial).length;
      if (above > 0) {
        // Taken at the price itself, as the reference counts.
        desk.fill("take", "buy", prices[0] ?? 0, above * 10);
      }
      let bought = 0;
      for (const price of prices) {
        // One state change per cell and print: what rests before the print is all that it can fill.
        const touched = desk.orders.filter((order) => (order.side === "buy" ? price <= order.price : price >= order.price));
        for (const order of touched) {
          if (order.side === "buy") bought += 1;
          desk.trade(order.slot);
        }
        desk.book(price);
      }
      const initial = desk.state.levels.filter((level) => level.isInitial && level.lots.length > 0).length;
      const held = desk.state.levels.filter((level) => level.lots.length > 0).length;
      expect({ pairs: desk.report.pairs, bought, holding: held - initial, unsold: initial }).toEqual({
        pairs,
        bought: buys,
        holding,
        unsold,
      });
      expect(bought - pairs).toBe(holding);
      expect(desk.difference().toFixed()).toBe("0");
    },
  );
});
