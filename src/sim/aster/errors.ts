// Refusals in the shape that Aster and Binance share: an HTTP status and `{ code, msg }` with a negative number.

import { RestError } from "../gate.ts";

export class AsterError extends RestError {
  constructor(status: number, code: number, message: string) {
    super(status, String(code), message);
    this.name = "AsterError";
  }
}

/** Refusals by the names of the documented table; the message is part of the interface, clients match on it. */
const DOCUMENTED = {
  UNAUTHORIZED: [401, -1002, "You are not authorized to execute this request."],
  UNSUPPORTED_OPERATION: [400, -1020, "This operation is not supported."],
  INVALID_TIMESTAMP: [400, -1021, "Timestamp for this request is outside of the recvWindow."],
  INVALID_SIGNATURE: [400, -1022, "Signature for this request is not valid."],
  START_TIME_GREATER_THAN_END_TIME: [400, -1023, "Start time is greater than end time."],
  BAD_PRECISION: [400, -1111, "Precision is over the maximum defined for this asset."],
  INVALID_TIF: [400, -1115, "Invalid timeInForce."],
  INVALID_ORDER_TYPE: [400, -1116, "Invalid orderType."],
  INVALID_SIDE: [400, -1117, "Invalid side."],
  BAD_INTERVAL: [400, -1120, "Invalid interval."],
  BAD_SYMBOL: [400, -1121, "Invalid symbol."],
  INVALID_LISTEN_KEY: [400, -1125, "This listenKey does not exist."],
  OPTIONAL_PARAMS_BAD_COMBO: [400, -1128, "Combination of optional parameters invalid."],
  CANCEL_REJECTED: [400, -2011, "Unknown order sent."],
  NO_SUCH_ORDER: [400, -2013, "Order does not exist."],
  BAD_API_KEY_FMT: [401, -2014, "API-key format invalid."],
  REJECTED_MBX_KEY: [401, -2015, "Invalid API-key, IP, or permissions for action."],
  BALANCE_NOT_SUFFICIENT: [400, -2018, "Balance is insufficient."],
  MARGIN_NOT_SUFFICIENT: [400, -2019, "Margin is insufficient."],
  REDUCE_ONLY_REJECT: [400, -2022, "ReduceOnly Order is rejected."],
  MAX_OPEN_ORDER_EXCEEDED: [400, -2025, "Reach max open order limit."],
  QTY_LESS_THAN_ZERO: [400, -4003, "Quantity less than zero."],
  QTY_LESS_THAN_MIN_QTY: [400, -4004, "Quantity less than min quantity."],
  PRICE_LESS_THAN_ZERO: [400, -4001, "Price less than 0."],
  PRICE_NOT_INCREASED_BY_TICK_SIZE: [400, -4014, "Price not increased by tick size."],
  INVALID_CL_ORD_ID: [400, -4015, "Client order id is not valid."],
  PRICE_HIGHER_THAN_MULTIPLIER_UP: [400, -4016, "Price is higher than mark price multiplier cap."],
  QTY_NOT_INCREASED_BY_STEP_SIZE: [400, -4023, "Qty not increased by step size."],
  PRICE_LOWER_THAN_MULTIPLIER_DOWN: [400, -4024, "Price is lower than mark price multiplier floor."],
  INVALID_LEVERAGE: [400, -4028, "Leverage is not valid."],
  NO_NEED_TO_CHANGE_MARGIN_TYPE: [400, -4046, "No need to change margin type."],
  THERE_EXISTS_OPEN_ORDERS: [400, -4047, "Margin type cannot be changed if there exists open orders."],
  THERE_EXISTS_QUANTITY: [400, -4048, "Margin type cannot be changed if there exists position."],
  NO_NEED_TO_CHANGE_POSITION_SIDE: [400, -4059, "No need to change position side."],
  POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS: [400, -4067, "Position side cannot be changed if there exists open orders."],
  POSITION_SIDE_CHANGE_EXISTS_QUANTITY: [400, -4068, "Position side cannot be changed if there exists position."],
  POSITION_SIDE_NOT_MATCH: [400, -4061, "Order's position side does not match user's setting."],
  INVALID_BATCH_SIZE: [400, -4082, "Invalid number of batch place orders."],
  DUPLICATED_CLIENT_ORDER_ID: [400, -4116, "ClientOrderId is duplicated."],
  MIN_NOTIONAL: [400, -4164, "Order's notional must be no smaller than 5.0 (unless you choose reduce only)"],
  FOK_ORDER_REJECT: [400, -5021, "Due to the order could not be filled immediately, the FOK order has been rejected."],
  GTX_ORDER_REJECT: [400, -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."],
} as const satisfies Readonly<Record<string, readonly [number, number, string]>>;

export type DocumentedError = keyof typeof DOCUMENTED;

export function refusal(name: DocumentedError): AsterError {
  const [status, code, message] = DOCUMENTED[name];
  return new AsterError(status, code, message);
}

/** -1100: a parameter has characters outside of what is allowed. */
export function illegalCharacters(parameter: string, range: string): AsterError {
  return new AsterError(400, -1100, `Illegal characters found in parameter '${parameter}'; legal range is '${range}'.`);
}

/** -1102: a parameter that must be there is not, or cannot be read. */
export function missing(parameter: string): AsterError {
  return new AsterError(400, -1102, `Mandatory parameter '${parameter}' was not sent, was empty/null, or malformed.`);
}

/** -1102 for one of two parameters. */
export function missingBoth(first: string, second: string): AsterError {
  return new AsterError(400, -1102, `Param '${first}' or '${second}' must be sent, but both were empty/null!`);
}

/** -1130: a value that the parameter cannot have. */
export function invalidParameter(parameter: string): AsterError {
  return new AsterError(400, -1130, `Data sent for parameter '${parameter}' is not valid.`);
}

/** -2010: the order itself is not acceptable. */
export function orderRejected(why: string): AsterError {
  return new AsterError(400, -2010, why);
}

/** What the errors that are the server's own, and injected ones without a number, are called. */
const OWN_CODES: Readonly<Record<string, number>> = { unreadable: -1102, noSuchRoute: -1020, internal: -1000, injected: -1000 };
const UNKNOWN = -1000;

/** The body of an error answer; `code` is the text of a number or the name of an error of the server's own. */
export function errorBody(code: string, message: string): { readonly code: number; readonly msg: string } {
  return { code: /^-?\d+$/.test(code) ? Number(code) : (OWN_CODES[code] ?? UNKNOWN), msg: message };
}
