// Average cost, fees in any currency and the identity that must hold after every entry.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { money, text } from "../../src/core/money.ts";
import {
  applyFill,
  applyFunding,
  applyTransfer,
  assertIdentity,
  averageEntryPrice,
  emptyLedger,
  LedgerIdentityError,
  positionOf,
  refineLedger,
  totalsOf,
} from "../../src/core/position-ledger.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { ETH_PERP } from "./instruments.ts";

function fill(side: "buy" | "sell", price: number, quantity: number, fee = "0", feeCurrency = "USDC") {
  return { side, price: ticks(price * 100), quantity: lots(quantity * 1_000), fee, feeCurrency };
}

describe("position ledger", () => {
  it("books buy at 100, buy at 50, sell at 60 as a loss, in the order it happened", () => {
    const ledger = emptyLedger(ETH_PERP);
    applyFill(ledger, ETH_PERP, fill("buy", 100, 1));
    applyFill(ledger, ETH_PERP, fill("buy", 50, 1));
    expect(averageEntryPrice(ledger)).toBe("75");
    expect(text(applyFill(ledger, ETH_PERP, fill("sell", 60, 1)))).toBe("-15");
  });

  it("books a short that is opened first", () => {
    const ledger = emptyLedger(ETH_PERP);
    applyFill(ledger, ETH_PERP, fill("sell", 100, 2));
    expect(text(applyFill(ledger, ETH_PERP, fill("buy", 90, 1)))).toBe("10");
    expect(ledger.position).toBe(-1_000);
    expect(text(totalsOf(ledger, ETH_PERP, ticks(9_500)).unrealizedPnl)).toBe("5");
  });

  it("closes at cost and opens the rest when a fill passes through zero", () => {
    const ledger = emptyLedger(ETH_PERP);
    applyFill(ledger, ETH_PERP, fill("buy", 100, 1));
    expect(text(applyFill(ledger, ETH_PERP, fill("sell", 110, 3)))).toBe("10");
    expect(averageEntryPrice(ledger)).toBe("110");
    expect(ledger.position).toBe(-2_000);
  });

  it("values a fee in base at its fill's price and keeps a third currency apart", () => {
    const ledger = emptyLedger(ETH_PERP);
    applyFill(ledger, ETH_PERP, fill("buy", 100, 1, "0.001", "ETH"));
    applyFill(ledger, ETH_PERP, fill("buy", 100, 1, "0.05", "BNB"));
    applyFill(ledger, ETH_PERP, fill("buy", 100, 1, "-0.02"));
    expect(ledger.fees).toBe("0.08");
    expect(ledger.otherFees).toEqual({ BNB: "0.05" });
  });

  it("defect 17: FIFO gives back the oldest opening: buy at 100, buy at 50, sell at 60 is -40", () => {
    const ledger = emptyLedger(ETH_PERP);
    for (const each of [fill("buy", 100, 1), fill("buy", 50, 1), fill("sell", 60, 1)]) applyFill(ledger, ETH_PERP, each);
    expect(ledger.realizedFifo).toBe(String(-40 * 100 * 1_000));
    expect(ledger.fifo).toEqual([{ quantity: 1_000, cost: String(50 * 100 * 1_000) }]);
  });

  it("counts funding and transfers once each, and a transfer is no profit", () => {
    const ledger = emptyLedger(ETH_PERP);
    expect(applyFunding(ledger, "f1", "-0.5")).toBe(true);
    expect(applyFunding(ledger, "f1", "-0.5")).toBe(false);
    expect(applyTransfer(ledger, "t1", "1000")).toBe(true);
    expect(applyTransfer(ledger, "t1", "1000")).toBe(false);
    const totals = totalsOf(ledger, ETH_PERP, null);
    expect([text(totals.netPnl), text(totals.transfers)]).toEqual(["-0.5", "1000"]);
  });

  it("converts a fee in a third currency at its fill when the feed knew the rate", () => {
    const ledger = emptyLedger(ETH_PERP);
    applyFill(ledger, ETH_PERP, { ...fill("buy", 100, 1, "0.0001", "BNB"), feeInQuote: "0.06" });
    expect([ledger.fees, ledger.otherFees]).toEqual(["0.06", {}]);
  });

  it("notices books that do not add up", () => {
    const ledger = emptyLedger(ETH_PERP);
    applyFill(ledger, ETH_PERP, fill("buy", 100, 1));
    expect(() => assertIdentity({ ...ledger, realized: "1" })).toThrow(LedgerIdentityError);
    expect(() => assertIdentity({ ...ledger, fees: "1" })).toThrow(LedgerIdentityError);
    expect(() => assertIdentity({ ...ledger, fifo: [] })).toThrow(LedgerIdentityError);
  });

  it("goes on exactly when the exchange changes its steps", () => {
    const ledger = emptyLedger(ETH_PERP);
    applyFill(ledger, ETH_PERP, fill("buy", 100, 1));
    const finer = { ...ETH_PERP, tickSize: "0.001", lotSize: "0.0001" };
    refineLedger(ledger, finer);
    expect([positionOf(ledger, finer), averageEntryPrice(ledger)]).toEqual([10_000, "100"]);
    applyFill(ledger, finer, { side: "sell", price: ticks(100_001), quantity: lots(1), fee: "0", feeCurrency: "USDC" });
    const coarser = { ...ETH_PERP, tickSize: "0.01", lotSize: "0.01" };
    refineLedger(ledger, coarser);
    // 0.9999 ETH are 99 whole lots of 0.01; the dust stays in the books.
    expect([positionOf(ledger, coarser), ledger.position]).toEqual([99, 9_999]);
    expect(() => refineLedger(ledger, { ...ETH_PERP, tickSize: "0.0007" })).toThrow(RangeError);
  });

  it("keeps realized = cash + cost, and equity = realized + unrealized, to the last unit", () => {
    const one = fc.record({
      side: fc.constantFrom("buy" as const, "sell" as const),
      price: fc.integer({ min: 1, max: 9_000_000 }),
      quantity: fc.integer({ min: 1, max: 9_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), fc.integer({ min: 1, max: 9_000_000 }), (fills, mark) => {
        const ledger = emptyLedger(ETH_PERP);
        let cash = 0n;
        let position = 0n;
        for (const entry of fills) {
          const signed = BigInt(entry.side === "buy" ? entry.quantity : -entry.quantity);
          cash -= signed * BigInt(entry.price);
          position += signed;
          applyFill(ledger, ETH_PERP, {
            side: entry.side,
            price: ticks(entry.price),
            quantity: lots(entry.quantity),
            fee: "0",
            feeCurrency: "USDC",
          });
        }
        assertIdentity(ledger);
        const totals = totalsOf(ledger, ETH_PERP, ticks(mark));
        const equity = money("0.00001").times((cash + position * BigInt(mark)).toString());
        expect(text(totals.realizedPnl.plus(totals.unrealizedPnl))).toBe(text(equity));
      }),
      { numRuns: 1_000 },
    );
  });
});
