// Ends every socket of a ccxt exchange at once: ccxt's own close waits for a peer that may be gone.

import type { CcxtClient, CcxtExchange } from "./ccxt-loader.ts";

/** What waits on one of these sockets is rejected with `reason`. */
export function closeClients(exchange: CcxtExchange, clients: Set<CcxtClient>, reason: string): void {
  for (const client of clients) {
    const error = new Error(reason);
    client.error = error;
    if (exchange.clients[client.url] === client) delete exchange.clients[client.url];
    client.reset(error);
    client.connection?.terminate();
  }
  clients.clear();
}
