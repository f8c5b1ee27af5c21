// Tells what an exchange has refused from what nobody answered: only the latter may go better a moment later.

import { ExchangeReadError, type ReadErrorKind } from "../exchanges/outcome.ts";

const REFUSALS: ReadonlySet<ReadErrorKind> = new Set(["rejected", "insufficientFunds", "notFound", "authentication"]);

/** True when the exchange answered no: trying again at once would not help. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ExchangeReadError && REFUSALS.has(error.kind);
}
