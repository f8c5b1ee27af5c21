// The order transition table and what it means to be live.

import { describe, expect, it } from "vitest";
import { decodeClientOrderId, encodeClientOrderId } from "../../src/core/client-order-id.ts";
import { isAllowed, isLive, leavesQuantity, nextStatus, type OrderHappening, type OrderStatus } from "../../src/core/order.ts";
import { lots } from "../../src/core/units.ts";

const STATUSES: OrderStatus[] = ["submitted", "open", "cancelSubmitted", "filled", "canceled", "rejected", "expired"];
const HAPPENINGS: OrderHappening[] = [
  "accepted",
  "rejected",
  "denied",
  "unknown",
  "cancelRequested",
  "cancelRefused",
  "filled",
  "canceled",
  "expired",
];

describe("order transitions", () => {
  it.each([
    ["submitted", "accepted", "open"],
    ["submitted", "unknown", "submitted"],
    ["submitted", "filled", "filled"],
    ["open", "cancelRequested", "cancelSubmitted"],
    ["cancelSubmitted", "cancelRefused", "open"],
    ["cancelSubmitted", "filled", "filled"],
    ["canceled", "filled", "filled"],
    ["rejected", "accepted", "open"],
  ] as const)("%s on %s becomes %s", (status, happening, next) => {
    expect(nextStatus(status, happening)).toBe(next);
  });

  it("never reopens a filled, canceled or expired order, whatever arrives", () => {
    for (const status of ["filled", "canceled", "expired"] as const) {
      for (const happening of HAPPENINGS) expect(["filled", status]).toContain(nextStatus(status, happening));
    }
  });

  it("ignores what is not in the table", () => {
    for (const status of STATUSES)
      for (const happening of HAPPENINGS) if (!isAllowed(status, happening)) expect(nextStatus(status, happening)).toBe(status);
  });

  it("stays live after a cancel until every reported fill was seen", () => {
    const order = {
      status: "canceled" as const,
      quantity: lots(10),
      filledQuantity: lots(2),
      reportedFilledQuantity: lots(5),
      amending: null,
    };
    expect(isLive(order)).toBe(true);
    expect(leavesQuantity(order)).toBe(3);
    expect(isLive({ ...order, filledQuantity: lots(5) })).toBe(false);
  });
});

describe("client order ids", () => {
  it("name their bot and fit 32 bits", () => {
    const id = encodeClientOrderId(255, 0xffffff);
    expect(Number(id)).toBe(0xffffffff);
    expect(decodeClientOrderId(id)).toEqual({ botNumber: 255, counter: 0xffffff });
    expect(decodeClientOrderId(encodeClientOrderId(7, 42))).toEqual({ botNumber: 7, counter: 42 });
  });

  it.each(["", "12", "abc", "99999999999", "-16777217", "1.5"])("takes %j for foreign", (id) => {
    expect(decodeClientOrderId(id)).toBeNull();
  });

  it("refuses numbers outside its fields", () => {
    expect(() => encodeClientOrderId(0, 1)).toThrow("outside 1..255");
    expect(() => encodeClientOrderId(1, 2 ** 24)).toThrow("outside 0..");
  });
});
