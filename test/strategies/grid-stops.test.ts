// Stops of the grid: by price, by profit and loss, by return; what follows a close, and who may begin anew.

import { describe, expect, it } from "vitest";
import { GridDesk, saidTypes } from "./grid-desk.ts";

/** Five points from 96 to 104 around 100. */
const FIVE = { gridNum: 5, lowerPrice: "96", upperPrice: "104", orderQuantity: "0.01", boundaryAction: "none" };

describe("stops", () => {
  it.each([
    ["stopLossPrice below", { stopLossPrice: "95" }, 9_500],
    ["takeProfitPrice above", { takeProfitPrice: "106" }, 10_600],
    ["stopLoss on unrealized loss", { stopLoss: "0.02" }, 9_600],
    ["takeProfit on unrealized profit", { takeProfit: "0.02" }, 10_000],
    ["stopLossTotal on net loss", { stopLossTotal: "0.02" }, 9_600],
    ["takeProfitTotal on net profit", { takeProfitTotal: "0.03" }, 10_100],
    // The margin of three entries of 0.01 is 2.94.
    ["stopLossRoi on the margin", { stopLossRoi: "0.01" }, 9_500],
    ["takeProfitRoi on the margin", { takeProfitRoi: "0.01" }, 10_100],
  ])("%s closes and halts", (_name, stop, mid) => {
    const desk = new GridDesk({ params: { ...FIVE, ...stop } });
    desk.book(9_800);
    desk.trade("1.1:entry");
    expect(desk.hold).toBeNull();
    desk.book(mid);
    expect(desk.hold).toMatchObject({ quantity: 0 });
    desk.take();
    expect(saidTypes(desk)).toEqual(["notify", "halt"]);
  });

  it("afterStop finish ends for good", () => {
    const desk = new GridDesk({ params: { ...FIVE, stopLossPrice: "95", afterStop: "finish" } });
    desk.tradeAt("98");
    desk.book(9_450);
    desk.take();
    expect(desk.said.at(-1)).toMatchObject({ type: "finish", flatten: true });
  });

  it("with nothing to close it waits for late fills before it halts, and closes what they bring", () => {
    const desk = new GridDesk({ params: { ...FIVE, stopLossPrice: "95" } });
    desk.book(9_490);
    expect(desk.hold).toMatchObject({ quantity: 0 });
    expect(saidTypes(desk)).toEqual(["notify"]);
    desk.fill("1.0:entry", "buy", 9_600, 10);
    expect(desk.hold).toMatchObject({ quantity: 0 });
    desk.take();
    expect(saidTypes(desk)).toEqual(["notify", "halt"]);
    const idle = new GridDesk({ params: { ...FIVE, stopLossPrice: "95" } });
    for (const mid of [9_490, 9_480, 9_480]) idle.book(mid);
    expect(saidTypes(idle)).toEqual(["notify", "halt"]);
  });

  it("longs and shorts that stand against each other are closed with the position, and the profit still adds up", () => {
    const desk = new GridDesk({ params: { ...FIVE, takeProfitTotal: "0.1" } });
    desk.book(9_800);
    for (const slot of ["1.1:entry", "1.0:entry", "1.3:entry"]) desk.trade(slot);
    desk.book(10_200);
    expect(desk.hold).toMatchObject({ quantity: 0 });
    desk.take();
    expect(desk.position).toBe(0);
    expect(desk.lotsHeld()).toBe(0);
    expect(desk.report.unpairedPnl).toBe("0");
    expect(desk.difference().toFixed()).toBe("0");
  });

  it("a person may begin anew: profit and loss count from there", () => {
    const desk = new GridDesk({ params: { ...FIVE, stopLossTotal: "0.02", boundaryAction: "none" } });
    desk.tradeAt("98");
    desk.book(9_590);
    desk.take();
    expect(saidTypes(desk)).toEqual(["notify", "halt"]);
    desk.book(10_000);
    expect(desk.orders).toEqual([]);
    desk.ask({ type: "control" });
    expect(desk.resting()).toEqual({ "96": "buy 10", "98": "buy 10", "100": "buy 10", "102": "sell 10", "104": "sell 10" });
    desk.book(10_010);
    expect(saidTypes(desk)).toEqual(["notify", "halt"]);
  });

  it("asks with every book while profit and loss are watched and something is held, and only then", () => {
    const desk = new GridDesk({ params: { ...FIVE, stopLoss: "1" } });
    expect(desk.until).toBeDefined();
    desk.tradeAt("98");
    expect(desk.until).toBeUndefined();
  });
});
