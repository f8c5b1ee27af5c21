// Lets reads lag: the handlers of a server's GET routes see the accounts as they were when a fault asks for it.

import type { FastifyInstance } from "fastify";
import type { Faults } from "./faults.ts";
import { staleAgeOf } from "./gate.ts";
import { PastAccounts } from "./past-accounts.ts";
import type { SimulatedExchange } from "./simulated-exchange.ts";

/** Prepares every route that is added after this call. */
export function installStaleReads(app: FastifyInstance, exchange: SimulatedExchange, faults: Faults): void {
  const pasts = new Map<number, PastAccounts>();
  faults.onAdded((added) => {
    for (const fault of added)
      if (fault.kind === "stale" && !pasts.has(fault.ageMs)) pasts.set(fault.ageMs, new PastAccounts(exchange, fault.ageMs));
  });
  app.addHook("onRoute", (route) => {
    const { handler } = route;
    if (route.method !== "GET") return;
    route.handler = function readAt(request, reply) {
      const past = pasts.get(staleAgeOf(request) ?? -1);
      return past === undefined ? handler.call(this, request, reply) : past.during(() => handler.call(this, request, reply));
    };
  });
}
