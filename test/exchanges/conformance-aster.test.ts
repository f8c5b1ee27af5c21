// Aster's adapter against the emulated Aster.

import { asterDialect } from "../../src/sim/aster/dialect.ts";
import { exchangeConformance } from "../exchange-conformance.ts";

exchangeConformance({
  exchange: "aster",
  dialect: asterDialect,
  perp: "ETH/USDT:USDT",
  spot: "ETH/USDT",
  routes: {
    place: { method: "POST", path: "/fapi/v3/order" },
    cancel: { method: "DELETE", path: "/fapi/v3/order" },
    openOrders: { method: "GET", path: "/fapi/v3/openOrders" },
    fills: { method: "GET", path: "/fapi/v3/userTrades" },
  },
  topics: { book: "ethusdt@depth", orders: "userData" },
  skips: { 38: "Aster changes no order in place; ccxt's editOrder cancels and places" },
});
