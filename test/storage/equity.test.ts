// Equity points and the stored state of the fleet's risk: one a minute, thinned with age, one step at a time.

import { expect, it } from "vitest";
import { type FleetRiskState, NO_RISK_STATE } from "../../src/core/fleet-risk.ts";
import { createEquityStore, type EquityPoint } from "../../src/storage/equity.ts";
import { onEachDatabase } from "./databases.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

function point(botId: string, at: number, netPnl = "1.5"): EquityPoint {
  return { botId, at, currency: "USDC", realizedPnl: "2", unrealizedPnl: "-0.3", fees: "0.25", funding: "0.05", netPnl };
}

function stateWith(total: string): FleetRiskState {
  return { bots: {}, baselines: { "fleet|sim|USDC": { day: "2026-11-20", total, dayStart: "0", peak: "0", lifetime: "0" } } };
}

onEachDatabase("equity", ({ open }) => {
  it("keeps the first point of a minute, exactly, and hands them out oldest first", async () => {
    const equity = createEquityStore(await open());
    await equity.addPoints([point("b", NOW + 2 * MINUTE + 5), point("b", NOW + 1), point("a", NOW)]);
    await equity.addPoints([point("b", NOW + 59_999, "9"), point("b", NOW + MINUTE, "0.000000000000000001")]);
    await equity.addPoints([]);
    expect(await equity.points("b", 0)).toEqual([
      point("b", NOW),
      point("b", NOW + MINUTE, "0.000000000000000001"),
      point("b", NOW + 2 * MINUTE),
    ]);
    expect(await equity.points("b", NOW + MINUTE + 1)).toHaveLength(1);
  });

  it("thins what is older than 7 days to one an hour", async () => {
    const equity = createEquityStore(await open());
    // The hours of the bot begin at different minutes: the first point of each stays.
    const old = NOW - 8 * DAY;
    const dense = Array.from({ length: 150 }, (_, n) => point("b", old + (n + 7) * MINUTE));
    const edge = [point("b", NOW - 7 * DAY - MINUTE), point("b", NOW - 7 * DAY), point("b", NOW - 7 * DAY + MINUTE)];
    const ancient = [point("b", NOW - 367 * DAY), point("b", NOW - 365 * DAY)];
    await equity.addPoints([...dense, ...edge, ...ancient, point("other", old), point("other", old + MINUTE)]);
    await equity.thin(["b"], NOW);
    const times = (await equity.points("b", 0)).map(({ at }) => at);
    expect(times).toEqual([
      ...[NOW - 367 * DAY, NOW - 365 * DAY],
      ...[old + 7 * MINUTE, old + HOUR, old + 2 * HOUR],
      ...[NOW - 7 * DAY - MINUTE, NOW - 7 * DAY, NOW - 7 * DAY + MINUTE],
    ]);
    expect(await equity.points("other", 0)).toHaveLength(2);
    await equity.thin(["b"], NOW);
    expect(await equity.points("b", 0)).toHaveLength(times.length);
  });

  it("steps of several connections run one after the other, each on what the one before left", async () => {
    const stores = [createEquityStore(await open()), createEquityStore(await open())] as const;
    const add = (store: (typeof stores)[number]): Promise<string> =>
      store.stepRisk((before) => {
        const total = String(Number(before.baselines["fleet|sim|USDC"]?.total ?? "0") + 1);
        return { state: stateWith(total), result: total };
      });
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => add(stores[n % 2 === 0 ? 0 : 1])));
    expect(results.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    const stored = await stores[1].stepRisk((before) => ({ state: before, result: before }));
    expect(stored).toEqual(stateWith("20"));
  });

  it("begins with nothing, and a step that throws leaves everything as it was", async () => {
    const equity = createEquityStore(await open());
    const read = (): Promise<FleetRiskState> => equity.stepRisk((before) => ({ state: before, result: before }));
    expect(await read()).toEqual(NO_RISK_STATE);
    await equity.stepRisk(() => ({ state: stateWith("5"), result: null }));
    const fail = equity.stepRisk(() => {
      throw new Error("no");
    });
    await expect(fail).rejects.toThrow("no");
    expect(await read()).toEqual(stateWith("5"));
  });
});
