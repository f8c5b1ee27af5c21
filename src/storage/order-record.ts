// How a stored order moves forward under reports that come late, twice and out of order.

import { money } from "../core/money.ts";
import type { OrderRow } from "../core/ports.ts";

/** An order as it is stored: the row, and the sum of the fills of it that are stored. */
export interface OrderRecord extends OrderRow {
  readonly seenQuantity: string;
}

const OPEN: ReadonlySet<string> = new Set(["submitted", "open", "cancelSubmitted"]);

/** True while an order may rest, nobody knows what became of it, or fills that were reported are not stored yet. */
export function isLiveRecord(order: OrderRecord): boolean {
  return OPEN.has(order.status) || order.isUnknown || money(order.filledQuantity).gt(order.seenQuantity);
}

/** The larger of two decimal strings. */
function larger(one: string, other: string): string {
  return money(other).gt(one) ? other : one;
}

/**
 * Status after a report, on the terms of core/order.ts: a closed order never opens again, except that a newer acceptance
 * contradicts a rejection; `filled` completes a cancel or expiry that overtook it; nothing goes back to `submitted`.
 */
function statusAfter(stored: OrderRow, report: OrderRow, isNewer: boolean): string {
  if (stored.status === "filled" || report.status === "submitted") return stored.status;
  if (report.status === "filled") return "filled";
  if (stored.status === "rejected") return isNewer && OPEN.has(report.status) ? report.status : stored.status;
  if (!OPEN.has(stored.status)) return stored.status;
  return isNewer || !OPEN.has(report.status) ? report.status : stored.status;
}

/**
 * The record after a report, or null when the report says nothing new. Reports are ordered by epoch, then by time. Price and
 * quantity follow an amendment; what else was agreed when the order was made (side, slot, reason, …) never changes.
 */
export function advance(stored: OrderRecord, report: OrderRow): OrderRecord | null {
  const isNewer = report.epoch > stored.epoch || (report.epoch === stored.epoch && report.updatedAt >= stored.updatedAt);
  const status = statusAfter(stored, report, isNewer);
  const closes = OPEN.has(stored.status) && !OPEN.has(status);
  const next: OrderRecord = {
    ...stored,
    status,
    price: isNewer ? report.price : stored.price,
    quantity: isNewer ? report.quantity : stored.quantity,
    isUnknown: isNewer || closes ? report.isUnknown : stored.isUnknown,
    filledQuantity: larger(stored.filledQuantity, report.filledQuantity),
    exchangeOrderId: (isNewer ? report.exchangeOrderId : null) ?? stored.exchangeOrderId ?? report.exchangeOrderId,
    epoch: Math.max(stored.epoch, report.epoch),
    updatedAt: Math.max(stored.updatedAt, report.updatedAt),
  };
  const isSame =
    next.status === stored.status &&
    next.price === stored.price &&
    next.quantity === stored.quantity &&
    next.isUnknown === stored.isUnknown &&
    next.filledQuantity === stored.filledQuantity &&
    next.exchangeOrderId === stored.exchangeOrderId &&
    next.epoch === stored.epoch &&
    next.updatedAt === stored.updatedAt;
  return isSame ? null : next;
}

/** The record after one more fill of it was stored. */
export function withFill(stored: OrderRecord, quantity: string): OrderRecord {
  const seenQuantity = money(stored.seenQuantity).plus(quantity).toFixed();
  return { ...stored, seenQuantity, filledQuantity: larger(stored.filledQuantity, seenQuantity) };
}
