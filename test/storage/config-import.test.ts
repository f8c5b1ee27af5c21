// Imports under races and in one transaction, on every database: no version is lost, doubled or half stored.

import { expect, it } from "vitest";
import { createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import { type BotDraft, type ImportOptions, importBots } from "../../src/storage/config-import.ts";
import { configVersions, currentConfigs } from "../../src/storage/config-versions.ts";
import { loadStrategies } from "../../src/strategies/index.ts";
import { onEachDatabase } from "./databases.ts";
import { AT, actor } from "./rows.ts";

const strategies = await loadStrategies([]);

function draft(id: string, gridNum: number, more: Record<string, unknown> = {}): BotDraft {
  const base = { id, strategy: "perp_grid", exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", mode: "sim" };
  const params = { orderQuantity: "0.05", gridNum };
  return { source: `${id}.yaml`, config: { ...base, params, risk: { maxPosition: "1" }, ...more } };
}

let requests = 0;
function options(more: Partial<ImportOptions> = {}): ImportOptions {
  requests += 1;
  return { strategies, by: actor(`config:${requests}`), now: AT + requests, ...more };
}

onEachDatabase("config import", ({ open }) => {
  it("gives concurrent imports of one bot a version each, and identical ones a single one", async () => {
    const dbs = [await open(), await open()] as const;
    await importBots(dbs[0], [draft("one", 10)], options());
    const levels = [11, 12, 13, 14, 15, 16];
    const results = await Promise.all(levels.map((gridNum, n) => importBots(dbs[n % 2 === 0 ? 0 : 1], [draft("one", gridNum)], options())));
    expect(results.map(({ bots }) => bots[0]?.version).sort()).toEqual([2, 3, 4, 5, 6, 7]);
    const same = await Promise.all([0, 1, 0, 1].map((n) => importBots(dbs[n === 0 ? 0 : 1], [draft("one", 40)], options())));
    expect(same.map(({ bots }) => bots[0]?.action).sort()).toEqual(["changed", "unchanged", "unchanged", "unchanged"]);
    const versions = await configVersions(dbs[0], "one");
    expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await currentConfigs(dbs[1], ["one"])).toMatchObject([{ params: { gridNum: 40, orderQuantity: "0.05" } }]);
  });

  it("stores all or nothing: one faulty draft, one refused bot, one twin", async () => {
    const db = await open();
    await importBots(db, [draft("one", 10)], options());
    const faulty = await importBots(db, [draft("new", 10), draft("bad", 1), draft("new", 11)], options());
    expect(faulty).toMatchObject({
      ok: false,
      bots: [],
      faults: [
        { source: "bad.yaml", path: "params.gridNum" },
        { source: "new.yaml", path: "id" },
      ],
    });
    await createBots(db).setDesired("one", "running");
    const refused = await importBots(db, [draft("new", 10), draft("one", 10, { mode: "paper" })], options());
    expect(refused).toMatchObject({ ok: false, bots: [{ action: "created" }, { action: "refused" }] });
    expect((await createBots(db).list()).map(({ id }) => id)).toEqual(["one"]);
  });

  it("refuses to do what was not shown", async () => {
    const db = await open();
    const drafts = [draft("one", 10)];
    const { bots: shown } = await importBots(db, drafts, options({ isDryRun: true }));
    await importBots(db, [draft("one", 99)], options());
    await expect(importBots(db, drafts, options({ shown }))).rejects.toThrow(/have changed since this was shown/);
    expect(await currentConfigs(db, ["one"])).toMatchObject([{ params: { gridNum: 99 } }]);
    const { bots: now } = await importBots(db, drafts, options({ isDryRun: true }));
    expect(await importBots(db, drafts, options({ shown: now }))).toMatchObject({ ok: true, bots: [{ action: "changed", version: 2 }] });
  });

  it("numbers its change among the bot's, so that an adjustment after a version taken back gets a new number", async () => {
    const db = await open();
    await importBots(db, [draft("one", 10)], options());
    await importBots(db, [draft("one", 11)], options());
    await createBots(db).dropVersion("one", 2);
    const params = { gridType: "neutral", orderQuantity: "0.05", gridNum: 12 };
    const [row] = await createChanges(db).commit({ type: "adjust", botId: "one", params }, actor("adjust"), ["one"], AT + 999);
    expect(row).toMatchObject({ number: 2, configVersion: 3 });
    expect(await importBots(db, [draft("one", 12)], options())).toMatchObject({ bots: [{ action: "unchanged", version: 3 }] });
  });

  it("never gives the number of a bot that ran and was taken out to another", async () => {
    const db = await open();
    const bots = createBots(db, () => AT);
    await importBots(db, [draft("ran", 10), draft("idle", 10)], options());
    await bots.takeEpoch("ran", 0, { workerId: "w", host: "h" });
    await bots.endRun("ran", 1, "stopped");
    expect(await importBots(db, [], options({ others: "prune" }))).toMatchObject({
      ok: true,
      bots: [{ action: "pruned" }, { action: "pruned" }],
    });
    await importBots(db, [draft("next", 10), draft("last", 10)], options());
    expect((await bots.list()).map(({ id, number }) => [id, number])).toEqual(
      expect.arrayContaining([
        ["next", 2],
        ["last", 3],
      ]),
    );
    await importBots(db, [draft("ran", 10)], options());
    expect(await bots.get("ran")).toMatchObject({ number: 1, epoch: 1, firstStartedAt: null });
  });
});
