// The writer: rows of many instances in few commits, answered only after their commit, and patient with a database in trouble.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LedgerRow, RowResult } from "../../src/core/ports.ts";
import { createGroupCommit, type GroupCommit } from "../../src/workers/group-commit.ts";
import { ManualClock } from "./manual-clock.ts";

function row(name: string): LedgerRow {
  return { type: "alert", alert: { type: "note", message: { en: name, "zh-TW": name }, botId: name, mode: "sim", at: 0 } };
}

function nameOf(entry: LedgerRow): string {
  return entry.type === "alert" ? (entry.alert.botId ?? "") : "";
}

describe("the group commit", () => {
  let commits: string[][];
  let isDown: boolean;
  let poison: string | null;
  let hold: Promise<void> | null;
  let trouble: boolean[];
  let group: GroupCommit;

  beforeEach(() => {
    vi.useFakeTimers();
    commits = [];
    isDown = false;
    poison = null;
    hold = null;
    trouble = [];
    group = createGroupCommit({
      store: {
        commit: async (rows) => {
          const names = rows.map(nameOf);
          if (hold !== null) await hold;
          if (isDown) throw new Error("database is locked");
          if (poison !== null && names.includes(poison)) throw new Error(`cannot store ${poison}`);
          commits.push(names);
          return names.map((name): RowResult => (name.startsWith("old") ? "stale" : "stored"));
        },
      },
      clock: new ManualClock(),
      onTrouble: (isInTrouble) => trouble.push(isInTrouble),
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("stores batches that arrive together in one commit and answers each with its own results", async () => {
    const answers = Promise.all([group.commit([row("a"), row("old1")], "a"), group.commit([row("b")], "b")]);
    await vi.advanceTimersByTimeAsync(10);
    expect(await answers).toEqual([["stored", "stale"], ["stored"]]);
    expect(commits).toEqual([["a", "old1", "b"]]);
  });

  it("gathers what arrives during a commit into the next one, and answers nothing before its own commit", async () => {
    let release: () => void = () => undefined;
    hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const answered: string[] = [];
    const first = group.commit([row("a")], "a").then(() => answered.push("a"));
    await vi.advanceTimersByTimeAsync(10);
    const others = [group.commit([row("b")], "b"), group.commit([row("c")], "c")].map((answer) =>
      answer.then(() => answered.push("later")),
    );
    await vi.advanceTimersByTimeAsync(100);
    expect(answered).toEqual([]);
    hold = null;
    release();
    await Promise.all([first, ...others]);
    expect(commits).toEqual([["a"], ["b", "c"]]);
    expect(answered).toEqual(["a", "later", "later"]);
  });

  it("keeps rows and their order while the database is away, says so once, and stores them when it is back", async () => {
    isDown = true;
    const answers = ["a1", "a2", "a3"].map((name) => group.commit([row(name)], "a"));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(group.isInTrouble).toBe(true);
    expect(trouble).toEqual([true]);
    isDown = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await Promise.all(answers)).toEqual([["stored"], ["stored"], ["stored"]]);
    expect(commits.flat()).toEqual(["a1", "a2", "a3"]);
    expect(trouble).toEqual([true, false]);
  });

  it("does not let one instance's bad rows stop the others, and refuses them after three lone failures", async () => {
    poison = "bad";
    const refused = expect(group.commit([row("bad")], "bad")).rejects.toThrow("cannot store bad");
    for (const name of ["a", "b", "c"]) {
      const answer = group.commit([row(name)], name);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await answer).toEqual(["stored"]);
    }
    await refused;
    expect(commits.flat()).toEqual(["a", "b", "c"]);
    expect(group.isInTrouble).toBe(false);
  });

  it("lets nothing of a source overtake its own failed batch", async () => {
    poison = "bad";
    const bad = group.commit([row("bad")], "x").catch(() => "refused");
    const later = group.commit([row("after bad")], "x");
    const other = group.commit([row("other")], "y");
    await vi.advanceTimersByTimeAsync(10);
    expect(await other).toEqual(["stored"]);
    expect(commits.flat()).toEqual(["other"]);
    poison = null;
    await vi.advanceTimersByTimeAsync(10_000);
    expect([await bad, await later]).toEqual([["stored"], ["stored"]]);
    expect(commits.flat()).toEqual(["other", "bad", "after bad"]);
  });

  it("refuses more than it can hold instead of growing without bound", async () => {
    isDown = true;
    const many = Array.from({ length: 50_000 }, () => row("a"));
    const held = group.commit(many, "a").catch(() => "refused at the end");
    await expect(group.commit([row("b")], "b")).rejects.toThrow("50000 rows wait for the database");
    group.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await held).toBe("refused at the end");
  });

  it("is drained when nothing waits", async () => {
    const answer = group.commit([row("a")], "a");
    let isDrained = false;
    void group.drained().then(() => {
      isDrained = true;
    });
    await Promise.resolve();
    expect(isDrained).toBe(false);
    await vi.advanceTimersByTimeAsync(10);
    await answer;
    expect(isDrained).toBe(true);
  });
});
