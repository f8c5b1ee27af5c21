// The maker-taker hedge under the real kernel: the seed's defects 1, 14 and 15, and a restart.

import { describe, expect, it } from "vitest";
import { lots } from "../../src/core/units.ts";
import { KernelDesk, PAIRED } from "./maker-taker-hedge-bench.ts";

describe("maker-taker hedge under the kernel", () => {
  it("defect 1: an accepted hedge whose id and time hold 429 is never sent again", () => {
    const desk = new KernelDesk(PAIRED);
    desk.accept(desk.order("bid"));
    desk.now = 1_429_429;
    desk.fill(desk.order("bid"), 500);
    const take = desk.order("take");
    desk.accept(take, "429429429429429429");
    desk.sleep(20_000);
    expect(desk.placed("take")).toHaveLength(1);
    desk.fill(take, 16, "429429429429429429");
    desk.sleep(20_000);
    expect(desk.placed("take")).toHaveLength(1);
    expect(desk.kernel.status(desk.now).report.residual).toBe("0.02");
  });

  it("defect 1: a hedge that nobody answered is asked about, not sent again", () => {
    const desk = new KernelDesk(PAIRED);
    desk.accept(desk.order("bid"));
    desk.fill(desk.order("bid"), 500);
    const { leg, clientOrderId } = desk.order("take");
    const effects = desk.feed({ type: "unknown", leg, clientOrderId });
    expect(effects).toContainEqual({ type: "inquire", leg, clientOrderId });
    desk.sleep(60_000);
    expect(desk.placed("take")).toHaveLength(1);
  });

  it("defect 14: with a reference of 5, a fill down to 4 is hedged by an order that is not reduce-only", () => {
    const desk = new KernelDesk({ referencePosition: "5", orderQuantity: "1" });
    const opening = desk.order("take");
    expect(opening).toMatchObject({ side: "buy", quantity: 5_000, reduceOnly: false });
    desk.accept(opening);
    desk.fill(opening, 5_000);
    desk.sleep(2_000);
    desk.accept(desk.order("ask"));
    desk.accept(desk.order("bid"));
    const bid = desk.order("bid");
    const effects = desk.fill(desk.order("ask"), 1_000);
    expect(effects).toContainEqual(expect.objectContaining({ type: "cancel", clientOrderId: bid.clientOrderId }));
    desk.feed({ type: "canceled", leg: "maker", clientOrderId: bid.clientOrderId, filledQuantity: lots(0) });
    desk.sleep(2_000);
    expect(desk.order("take")).toMatchObject({ side: "buy", quantity: 1_000, reduceOnly: false, timeInForce: "ioc" });
  });

  it("defect 14: a second fill during a hedge is counted at once and hedged after it", () => {
    const desk = new KernelDesk(PAIRED);
    desk.accept(desk.order("bid"));
    desk.fill(desk.order("bid"), 300);
    const first = desk.order("take");
    desk.accept(first);
    desk.fill(desk.order("bid"), 200);
    expect(desk.kernel.status(desk.now).report.residual).toBe("0.5");
    desk.fill(first, 10);
    desk.sleep(2_000);
    expect(desk.order("take")).toMatchObject({ side: "sell", quantity: 6 });
  });

  it("defect 15: a failed hedge followed by silence is tried again further out, and people are told", () => {
    const desk = new KernelDesk({ ...PAIRED, maxUnhedgedTimeS: 10, maxSlippageBps: 10, slippageStepBps: 10, maxSlippageCapBps: 60 });
    desk.accept(desk.order("bid"));
    desk.fill(desk.order("bid"), 500);
    const prices: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      const take = desk.order("take");
      prices.push(take.price);
      desk.accept(take);
      desk.expire(take);
      desk.sleep(1_000);
    }
    // 2000.0 x (1 - 10, 20 ... 60 bps) in ticks of 0.1.
    expect(prices.slice(0, 7)).toEqual([19_980, 19_960, 19_940, 19_920, 19_900, 19_880, 19_880]);
    const alerts = desk.effects.flatMap((effect) =>
      effect.type === "alert" && effect.alert.type === "note" ? [effect.alert.message.en] : [],
    );
    expect(alerts).toEqual([
      "0.5 ETH are not hedged, for 10 s; the side that adds is no longer quoted and the hedge may pay up to maxSlippageCapBps",
    ]);
  });

  it("hedges after a restart what was too small before it", () => {
    const desk = new KernelDesk(PAIRED);
    const bid = desk.order("bid");
    desk.accept(bid);
    desk.fill(bid, 80);
    expect(desk.placed("take")).toHaveLength(0);
    desk.restart();
    expect(desk.kernel.status(desk.now).report.residual).toBe("0.08");
    desk.fill(bid, 20);
    expect(desk.order("take")).toMatchObject({ leg: "hedge", side: "sell", quantity: 3 });
    expect(desk.quantityOf("hedge", 3)).toBe("0.09");
  });
});
