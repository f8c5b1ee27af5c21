// Lighter's adapter against the emulated Lighter.

import { sealCredentials } from "../../src/exchanges/account.ts";
import { lighterDialect } from "../../src/sim/lighter/dialect.ts";
import { exchangeConformance } from "../exchange-conformance.ts";
import { lighterSigner } from "../sim/lighter-signer.ts";

exchangeConformance({
  exchange: "lighter",
  dialect: lighterDialect,
  perp: "ETH/USDC:USDC",
  spot: "ETH/USDC",
  routes: {
    place: { method: "POST", path: "/api/v1/sendTx" },
    cancel: { method: "POST", path: "/api/v1/sendTx" },
    openOrders: { method: "GET", path: "/api/v1/accountActiveOrders" },
    fills: { method: "GET", path: "/api/v1/trades" },
  },
  topics: { book: "order_book", orders: "account_all" },
  skips: { 93: "the exchange's dead-man switch waits at least five minutes" },
  access: (_sim, account) => ({ ...account, credentials: { ...account.credentials, ...sealCredentials({ ...lighterSigner() }) } }),
});
