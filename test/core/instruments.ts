// Instruments that tests trade.

import type { Instrument } from "../../src/core/instrument.ts";
import { lots } from "../../src/core/units.ts";

/** ETH perp: tick 0.01, lot 0.001, smallest quantity 0.001. */
export const ETH_PERP: Instrument = {
  ref: { exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC" },
  revision: "0.01|0.001|0.001|0",
  kind: "perp",
  base: "ETH",
  quote: "USDC",
  settle: "USDC",
  tickSize: "0.01",
  lotSize: "0.001",
  minQuantity: lots(1),
  minNotional: "0",
  contractSize: "1",
  makerFee: "0.0002",
  takerFee: "0.0005",
};

export const ETH_SPOT: Instrument = { ...ETH_PERP, ref: { ...ETH_PERP.ref, symbol: "ETH/USDC" }, kind: "spot" };
