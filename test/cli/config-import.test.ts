// `config import`, `export`, `apply`, `history`, `diff`: what is stored, what is refused and why, on a database of its own.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { BotConfig } from "../../src/core/bot-config.ts";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import { createAudit } from "../../src/storage/audit.ts";
import { createBots } from "../../src/storage/bots.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { botStatus } from "../memory-fleet.ts";
import { fillRow, orderRow, stateRow } from "../storage/rows.ts";
import { declareDesk, EXAMPLES, example } from "./config-desk.ts";

const desk = declareDesk();
const ETH = { exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC" };

interface Planned {
  readonly id: string;
  readonly action: string;
  readonly version: number | null;
  readonly changes: readonly { readonly path: string; readonly before: unknown; readonly after: unknown }[];
  readonly reason: string | null;
}

function planned(data: Record<string, unknown>): readonly Planned[] {
  return data.bots as readonly Planned[];
}

/** Saves the perpetual grid with other fields. */
function saveGrid(fields: Record<string, unknown> = {}, name = "grid.json"): string {
  return desk.save(name, JSON.stringify({ ...example(), ...fields }));
}

function withParams(params: Record<string, unknown>): Record<string, unknown> {
  return { params: { ...(example().params as object), ...params } };
}

function stored(
  id = "eth_perp_grid",
): Promise<{ readonly config: BotConfig; readonly configVersion: number; readonly number: number } | null> {
  return desk.withDatabase((db) => createBots(db).get(id));
}

describe("import", () => {
  test("stores every bot of files and folders with exact digits, and twice is once", async () => {
    const file = desk.save(
      "bots/several.yaml",
      [
        "version: 1",
        "bots:",
        "  eth_one:",
        "    {strategy: perp_grid, exchange: backpack, account: sim, symbol: ETH/USDC:USDC, mode: sim, risk: {maxPosition: 1.10},",
        "    params: {orderQuantity: 0.1234567890123456789, lowerPrice: 1800.50, upperPrice: 2200}}",
      ].join("\n"),
    );
    const { code, data } = await desk.json("config", "import", file, join(EXAMPLES, "grid.json"));
    expect(code).toBe(0);
    expect(data).toMatchObject({ ok: true, stored: true, faults: [] });
    expect(planned(data).map(({ id, action, version }) => [id, action, version])).toEqual([
      ["eth_one", "created", 1],
      ["sol_spot_grid", "created", 1],
    ]);
    expect((await stored("eth_one"))?.config).toMatchObject({
      strategy: "grid",
      params: { gridType: "neutral", orderQuantity: "0.1234567890123456789", lowerPrice: "1800.50", upperPrice: "2200" },
      risk: { maxPosition: "1.10" },
    });
    const again = await desk.botswain("config", "import", file, join(EXAMPLES, "grid.json"));
    expect(again).toMatchObject({ code: 0, err: "", out: "eth_one [sim]: unchanged\nsol_spot_grid [sim]: unchanged\n" });
    expect(await desk.withDatabase((db) => db.prisma.botConfigVersion.count())).toBe(2);
  });

  test("a dry run and a fault store nothing; a change makes one version, with who made it", async () => {
    const file = saveGrid();
    expect((await desk.botswain("config", "import", file, "--dry-run")).out).toContain("Dry run: nothing was stored.");
    expect(await stored()).toBeNull();
    expect((await desk.botswain("config", "import", file, "--set", "params.gridNum=many")).err).toContain(
      "params.gridNum many must be a number",
    );
    expect(await stored()).toBeNull();
    await desk.botswain("config", "import", file);
    const { data } = await desk.json("config", "import", file, "--set", "params.gridNum=24", "--set", "tags=a,b");
    expect(planned(data)).toMatchObject([
      {
        action: "changed",
        version: 2,
        reason: null,
        changes: [
          { path: "params.gridNum", before: 20, after: 24 },
          { path: "tags", before: [], after: ["a", "b"] },
        ],
      },
    ]);
    expect(await stored()).toMatchObject({ configVersion: 2, config: { params: { gridNum: 24 }, tags: ["a", "b"] } });
    const history = await desk.json("config", "history", "eth_perp_grid");
    expect(history.data).toMatchObject({
      versions: [
        { version: 1, by: null, changes: [] },
        { version: 2, by: expect.stringMatching(/\w/), changes: [{ path: "params.gridNum", before: 20, after: 24 }, { path: "tags" }] },
      ],
    });
    expect((await desk.botswain("config", "diff", "eth_perp_grid", "1", "v2")).out).toBe('params.gridNum: 20 → 24\ntags: [] → ["a","b"]\n');
    expect((await desk.botswain("config", "diff", "eth_perp_grid", "1", "9")).err).toBe("eth_perp_grid has no version 9; it has 1, 2.\n");
    const { audit, rows } = await desk.withDatabase(async (db) => ({
      audit: await createAudit(db).verify(),
      rows: await db.prisma.audit.findMany({ orderBy: { sequence: "asc" } }),
    }));
    expect(audit).toEqual({ ok: true, rows: 2 });
    expect(rows.map(({ command, detail }) => [command, detail])).toEqual([
      ["config", "eth_perp_grid created v1"],
      ["config", "eth_perp_grid changed v2"],
    ]);
  });

  test("variables come from the environment and from --set", async () => {
    const file = desk.save(
      "v.json",
      JSON.stringify({ ...example(), symbol: `\${PAIR}:USDC`, ...withParams({ gridNum: `\${LEVELS:-12}` }) }),
    );
    expect((await desk.botswain("config", "import", file)).err).toContain("variable PAIR, which is not set");
    await desk.botswain("config", "import", file, "--set", "PAIR=ETH/USDC");
    expect((await stored())?.config).toMatchObject({ symbol: "ETH/USDC:USDC", params: { gridNum: 12 } });
  });

  test("the block for previews is not stored, and that is said", async () => {
    const file = saveGrid({ instrument: { tickSize: 0.01, lotSize: 0.0001 } });
    const { code, data } = await desk.json("config", "import", file);
    expect(code).toBe(0);
    expect(data.notes).toMatchObject([{ file, path: "instrument", text: expect.stringContaining("not stored") }]);
  });

  test("what a bot is cannot change while it holds something, nor once it has run; before that it can", async () => {
    await desk.botswain("config", "import", saveGrid());
    const moved = saveGrid({ account: "other", symbol: "BTC/USDC:USDC" }, "moved.json");
    expect(planned((await desk.json("config", "import", moved)).data)).toMatchObject([{ action: "changed", version: 2 }]);
    const rows = await desk.withDatabase((db) => db.prisma.bot.findMany({ select: { account: true, number: true } }));
    expect(rows).toEqual([{ account: "other", number: 1 }]);
    await desk.botswain("config", "import", saveGrid());
    await desk.withDatabase(async (db) => {
      const bots = createBots(db);
      await bots.takeEpoch("eth_perp_grid", 0, { workerId: "w1", host: "h1" });
      await bots.claim("eth_perp_grid", [ETH]);
      await bots.setDesired("eth_perp_grid", "running");
    });
    const refused = async (): Promise<string> => {
      const { code, out, err } = await desk.botswain("config", "import", moved);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toContain("Nothing was stored.");
      return err.split("\n")[0] ?? "";
    };
    expect(await refused()).toContain("refused: account, symbol cannot change now: it is running; /stop it first");
    await desk.withDatabase((db) => createBots(db).setDesired("eth_perp_grid", "stopped"));
    expect(await refused()).toContain("its process has not ended yet");
    await desk.withDatabase((db) => createBots(db).endRun("eth_perp_grid", 1, "stopped"));
    expect(await refused()).toContain("it holds ETH/USDC:USDC");
    await desk.withDatabase((db) => createLedgerStore(db).commit([{ type: "intent", order: orderRow({ botId: "eth_perp_grid" }) }]));
    expect(await refused()).toContain("1 of its orders are not proven closed");
    await desk.withDatabase(async (db) => {
      await createLedgerStore(db).commit([{ type: "order", order: orderRow({ botId: "eth_perp_grid", status: "canceled" }) }]);
      await createBots(db).releaseClaims("eth_perp_grid");
    });
    expect(await refused()).toContain("it has run on backpack/sim ETH/USDC:USDC as grid [sim]");
    expect((await stored())?.config.symbol).toBe("ETH/USDC:USDC");
  });

  test("a running bot's change says when it counts, and never takes a version number again", async () => {
    await desk.botswain("config", "import", saveGrid());
    await desk.withDatabase(async (db) => {
      await createBots(db).setDesired("eth_perp_grid", "running");
    });
    const waiting = await desk.json("config", "import", saveGrid(withParams({ gridNum: 21 })));
    expect(planned(waiting.data)).toMatchObject([{ version: 2, reason: "counts from its next start" }]);
    await desk.withDatabase((db) => createBots(db).takeEpoch("eth_perp_grid", 0, { workerId: "w1", host: "h1" }));
    const running = await desk.json("config", "import", saveGrid(withParams({ gridNum: 22 })));
    expect(planned(running.data)).toMatchObject([{ version: 3, reason: expect.stringMatching(/^it runs: .* taken back/) }]);
    // The bot refuses it: the worker takes the version back.
    await desk.withDatabase((db) => createBots(db).dropVersion("eth_perp_grid", 3));
    const next = await desk.json("config", "import", saveGrid({ ...withParams({ gridNum: 22 }), runFor: "8h" }));
    expect(planned(next.data)).toMatchObject([{ version: 4, reason: expect.stringContaining("next start (/restart)") }]);
  });

  test("a mark that a command set is not undone by a file", async () => {
    await desk.botswain("config", "import", saveGrid({ risk: { maxPosition: "1", drawdownSince: 1_700_000_000_000 } }));
    const { data } = await desk.json("config", "import", saveGrid({ risk: { maxPosition: "1" } }));
    expect(planned(data)).toMatchObject([{ action: "unchanged" }]);
  });
});

describe("export", () => {
  test("writes what imports as the same, to the terminal, a file or a folder", async () => {
    for (const name of readdirSync(EXAMPLES).filter((file) => file.endsWith(".json")))
      await desk.botswain("config", "import", join(EXAMPLES, name));
    const all = await desk.botswain("config", "export", "--all");
    expect(all.code).toBe(0);
    const { bots } = parse(all.out) as { readonly bots: readonly BotConfig[] };
    expect(bots).toHaveLength(5);
    const out = join(desk.folder(), "out");
    const folder = await desk.json("config", "export", "--all", "--out", out);
    expect(folder.data.files).toEqual(bots.map(({ id }) => join(out, `${id}.yaml`)));
    const one = join(desk.folder(), "deep", "all.json");
    expect((await desk.botswain("config", "export", "--all", "--out", one)).out).toBe(`${one} written\n`);
    for (const source of [out, one]) {
      const { data } = await desk.json("config", "import", source);
      expect(planned(data).map(({ action }) => action)).toEqual(Array(5).fill("unchanged"));
    }
    expect((await desk.botswain("config", "export", "--all", "--out", one)).err).toBe(`${one} exists already; --force overwrites it.\n`);
    expect((await desk.botswain("config", "export", "sol_hedge", "--out", one, "--force")).code).toBe(0);
    expect(JSON.parse(readFileSync(one, "utf8"))).toMatchObject({ id: "sol_hedge", strategy: "maker-taker-hedge" });
    expect(readdirSync(join(one, ".."))).toEqual(["all.json"]);
  });

  test("a bot that holds what looks like a secret is not written; an unknown one and no choice are one sentence", async () => {
    await desk.botswain("config", "import", saveGrid());
    expect((await desk.botswain("config", "export", "eth_grd")).err).toBe("There is no bot named eth_grd; the bots are eth_perp_grid.\n");
    expect((await desk.botswain("config", "export")).err).toBe("Name the bots to export, or give --all for every one.\n");
    expect((await desk.botswain("config", "export", "--all", "--format", "xml")).code).toBe(2);
    const leak = `0x${"5ec2e7".repeat(10)}5ec2`;
    await desk.withDatabase(async (db) => {
      const row = await db.prisma.botConfigVersion.findFirstOrThrow();
      const json = JSON.stringify({ ...JSON.parse(row.json), description: leak });
      await db.transact((tx) => tx.botConfigVersion.updateMany({ data: { json } }));
    });
    const target = join(desk.folder(), "leak.yaml");
    for (const args of [[], ["--out", target], ["--json"], ["--json", "--out", target]]) {
      const { code, out, err } = await desk.botswain("config", "export", "--all", ...args);
      expect([code, out + err], args.join(" ")).toEqual([1, expect.stringContaining("description looks like a secret")]);
      expect(out + err).not.toContain("5ec2e7");
    }
    expect(existsSync(target)).toBe(false);
  });
});

describe("apply", () => {
  /** A folder with two bots, applied. */
  async function twoBots(): Promise<string> {
    saveGrid({ id: "one" }, "bots/one.json");
    saveGrid({ id: "two", symbol: "SOL/USDC:USDC" }, "bots/two.json");
    const folder = join(desk.folder(), "bots");
    expect((await desk.botswain("config", "apply", folder, "--yes")).code).toBe(0);
    return folder;
  }

  test("shows the difference, asks, and does it when it may", async () => {
    saveGrid({ id: "one" }, "bots/one.json");
    const folder = join(desk.folder(), "bots");
    const asked = await desk.botswain("config", "apply", folder);
    expect(asked.code).toBe(3);
    expect(asked.out).toContain("one [sim]: new (v1)\n  description: Neutral grid");
    expect(asked.err).toBe("Nothing was applied; --yes applies without asking.\n");
    expect(await stored("one")).toBeNull();
    expect((await desk.json("config", "apply", folder)).code).toBe(3);
    expect((await desk.json("config", "apply", folder, "--dry-run")).data).toMatchObject({ ok: true, applied: false });
    expect(await stored("one")).toBeNull();
    const done = await desk.json("config", "apply", folder, "--yes");
    expect(done).toMatchObject({ code: 0, data: { ok: true, applied: true, bots: [{ id: "one", action: "created", version: 1 }] } });
    expect((await desk.botswain("config", "apply", folder, "--yes")).out).toBe(
      "one [sim]: unchanged\nThe bots are what the files say: nothing to do.\n",
    );
  });

  test("all or nothing: one refusal stores none of the others", async () => {
    const folder = await twoBots();
    await desk.withDatabase((db) => createBots(db).setDesired("two", "running"));
    saveGrid({ id: "one", runFor: "8h" }, "bots/one.json");
    saveGrid({ id: "two", symbol: "BTC/USDC:USDC" }, "bots/two.json");
    const { code, data } = await desk.json("config", "apply", folder, "--yes");
    expect([code, data.applied]).toEqual([1, false]);
    expect(planned(data).map(({ id, action }) => [id, action])).toEqual([
      ["one", "changed"],
      ["two", "refused"],
    ]);
    expect(await stored("one")).toMatchObject({ configVersion: 1 });
  });

  test("a bot that no file names is told of and left, and taken out only with --prune and at rest", async () => {
    const folder = await twoBots();
    rmSync(join(folder, "two.json"));
    const told = await desk.botswain("config", "apply", folder, "--yes");
    expect(told.out).toContain("two [sim]: not in the files; left as it is\n");
    expect(await stored("two")).not.toBeNull();
    const status = botStatus((await stored("two"))?.config as BotConfig, { position: "0.5", epoch: 1 });
    const hindrances: readonly (readonly [
      set: (bots: ReturnType<typeof createBots>) => Promise<unknown>,
      says: string,
      clear: (bots: ReturnType<typeof createBots>) => Promise<unknown>,
    ])[] = [
      [(bots) => bots.setDesired("two", "paused"), "it is paused", (bots) => bots.setDesired("two", "stopped")],
      [
        (bots) => bots.takeEpoch("two", 0, { workerId: "w", host: "h" }),
        "process has not ended",
        (bots) => bots.endRun("two", 1, "stopped"),
      ],
      [(bots) => bots.claim("two", [ETH]), "holds ETH/USDC:USDC", (bots) => bots.releaseClaims("two")],
      [(bots) => bots.saveStatus(status), "last known position is 0.5", (bots) => bots.saveStatus({ ...status, position: "0" })],
    ];
    for (const [set, says, clear] of hindrances) {
      await desk.withDatabase((db) => set(createBots(db)));
      const { code, err } = await desk.botswain("config", "apply", folder, "--prune", "--yes");
      expect([code, err], says).toEqual([1, expect.stringContaining(says)]);
      await desk.withDatabase((db) => clear(createBots(db)));
    }
    expect((await desk.botswain("config", "apply", folder, "--prune")).code).toBe(3);
    expect(await stored("two")).not.toBeNull();
    const pruned = await desk.json("config", "apply", folder, "--prune", "--yes");
    expect(planned(pruned.data).map(({ id, action }) => [id, action])).toEqual([
      ["one", "unchanged"],
      ["two", "pruned"],
    ]);
    expect(await stored("two")).toBeNull();
  });

  test("a bot that traded and was taken out keeps its number, and comes back under it with its history", async () => {
    const folder = await twoBots();
    const before = await stored("two");
    await desk.withDatabase(async (db) => {
      const bots = createBots(db);
      await bots.takeEpoch("two", 0, { workerId: "w", host: "h" });
      const clientOrderId = encodeClientOrderId(before?.number ?? 0, 7);
      const order = orderRow({
        botId: "two",
        symbol: "SOL/USDC:USDC",
        clientOrderId,
        exchangeOrderId: "e1",
        filledQuantity: "0.10",
        status: "filled",
      });
      const fill = fillRow({ botId: "two", symbol: "SOL/USDC:USDC", clientOrderId });
      const state = stateRow({ botId: "two", epoch: 1 });
      await createLedgerStore(db).commit([
        { type: "intent", order: { ...order, status: "submitted", filledQuantity: "0" } },
        { type: "order", order },
        { type: "fill", fill },
        { type: "state", state },
      ]);
      await bots.endRun("two", 1, "stopped");
    });
    rmSync(join(folder, "two.json"));
    expect((await desk.botswain("config", "apply", folder, "--prune", "--yes")).code).toBe(0);
    saveGrid({ id: "three", symbol: "BTC/USDC:USDC" }, "bots/three.json");
    saveGrid({ id: "two", symbol: "SOL/USDC:USDC" }, "bots/two.json");
    expect((await desk.botswain("config", "apply", folder, "--yes")).code).toBe(0);
    expect((await stored("three"))?.number).not.toBe(before?.number);
    expect(await stored("two")).toMatchObject({ number: before?.number, epoch: 1, fillCount: 1, configVersion: 1 });
    const back = await desk.withDatabase((db) => createBots(db).stored("two"));
    expect(back).toMatchObject({ state: null, lastCounter: 7 });
  });

  test("an empty folder, a file and a folder that is not there take nothing out", async () => {
    const folder = await twoBots();
    mkdirSync(join(desk.folder(), "empty"));
    for (const path of ["empty", "missing", "bots/one.json"]) {
      const { code, err } = await desk.botswain("config", "apply", join(desk.folder(), path), "--prune", "--yes");
      expect([code, err.trim().split("\n").length], path).toEqual([1, 1]);
    }
    expect(await stored("one")).not.toBeNull();
    expect(folder).toContain("bots");
  });
});

test("every verb says what it does, with an example", async () => {
  for (const verb of ["validate", "import", "export", "templates", "apply", "history", "diff"]) {
    const { code, out } = await desk.botswain("config", verb, "--help");
    expect([code, out], verb).toEqual([0, expect.stringMatching(new RegExp(`Example:\\n {2}\\$ botswain config ${verb} `))]);
    expect(out, verb).toContain("--json");
  }
});
