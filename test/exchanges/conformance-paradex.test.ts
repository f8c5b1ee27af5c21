// Paradex's adapter against the emulated Paradex.

import { paradexDialect } from "../../src/sim/paradex/dialect.ts";
import { exchangeConformance } from "../exchange-conformance.ts";

exchangeConformance({
  exchange: "paradex",
  dialect: paradexDialect,
  perp: "ETH/USD:USDC",
  spot: null,
  routes: {
    place: { method: "POST", path: "/v1/orders" },
    cancel: { method: "DELETE", path: "/v1/orders" },
    openOrders: { method: "GET", path: "/v1/orders" },
    fills: { method: "GET", path: "/v1/fills" },
  },
  topics: { book: "order_book.ETH", orders: "fills" },
  refusesLate: true,
  skips: {
    93: "Paradex has no dead-man switch",
  },
});
