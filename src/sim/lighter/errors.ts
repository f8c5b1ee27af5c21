// Refusals in Lighter's shape: HTTP status and `{ code, message }`, the codes numbers of its own.

import type { OrderRefusal, RefusalReason } from "../exchange-facts.ts";
import { RestError } from "../gate.ts";

/** Codes as the API and its clients' sources name them. */
const MESSAGES = {
  20001: "invalid param",
  20013: "invalid auth: couldnt find account",
  21100: "account not found",
  21104: "invalid nonce",
  21108: "invalid PublicKey, please run changePubKey",
  21120: "invalid signature",
  21149: "integrator is not approved",
  21501: "invalid tx info",
  21505: "unsupported tx type",
  21600: "given order is not an active limit order",
  21602: "invalid market index",
  21613: "invalid margin mode",
  21701: "invalid base amount",
  21702: "invalid price",
  21705: "invalid OrderTimeInForce",
  21706: "invalid order base or quote amount",
  21710: "unsupported order type",
  21711: "invalid expiry",
  21712: "account has a queued cancel all orders request",
  21714: "invalid cancel all time",
  21718: "maximum active limit order count per market reached",
  21727: "invalid client order index",
  21728: "client order index already exists",
  21732: "reduce only increases position",
  21734: "limit order price is too far from the mark price",
  21739: "not enough margin to create the order",
  29404: "not found",
} as const;

export type LighterCode = keyof typeof MESSAGES;

export class LighterError extends RestError {
  constructor(code: LighterCode, detail = "", status = 400) {
    super(status, String(code), detail === "" ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`);
    this.name = "LighterError";
  }
}

/** The body of an error; what has no code of Lighter's own is told by its status. */
export function bodyOf(status: number, code: string, message: string): object {
  return { code: /^\d+$/.test(code) ? Number(code) : code === "unreadable" ? 20001 : status, message };
}

/** Found before the transaction is taken. */
const AT_ONCE: Partial<Readonly<Record<RefusalReason, LighterCode>>> = {
  minQuantity: 21706,
  minNotional: 21706,
  price: 21734,
  duplicateClientId: 21728,
  orderLimit: 21718,
  margin: 21739,
  funds: 21739,
  notReducing: 21732,
};

export function refusedAtOnce({ reason }: OrderRefusal): LighterError {
  return new LighterError(AT_ONCE[reason] ?? 21501);
}

/** How an order ends that was taken and then could not be: its status. */
const LATER: Partial<Readonly<Record<RefusalReason, string>>> = {
  margin: "canceled-margin-not-allowed",
  funds: "canceled-invalid-balance",
  wouldTake: "canceled-post-only",
  notReducing: "canceled-reduce-only",
  selfTrade: "canceled-self-trade",
};

export function endOf({ reason }: OrderRefusal): string {
  return LATER[reason] ?? "canceled";
}
