// People, chats, pairing codes, confirmations, the audit and the outbox of alerts.

import { expect, it } from "vitest";
import type { AuditEntry, Invocation } from "../../src/core/command.ts";
import { plain } from "../../src/core/text.ts";
import { createAlertOutbox } from "../../src/storage/alerts.ts";
import { createAudit } from "../../src/storage/audit.ts";
import { createConfirmations } from "../../src/storage/confirmations.ts";
import type { Transaction } from "../../src/storage/database.ts";
import { createUsers } from "../../src/storage/users.ts";
import { createManualClock } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { AT, actor } from "./rows.ts";
import { localSignals, quietSignals } from "./signals-fake.ts";

function invocation(userId: string, chatId = "-100", frontend: Invocation["frontend"] = "telegram"): Invocation {
  return {
    ...{ frontend, user: { id: userId, name: "Ann" }, chat: { id: chatId, isPrivate: false }, messageId: "1" },
    ...{ input: { type: "press", token: "" }, language: "en" },
  };
}

onEachDatabase("users", ({ open }) => {
  it("lists, changes and removes people per frontend", async () => {
    const users = createUsers(await open());
    await users.put({ frontend: "telegram", id: "42", name: "Ann", role: "viewer" });
    await users.put({ frontend: "discord", id: "42", name: "Bob", role: "admin" });
    await users.put({ frontend: "telegram", id: "42", name: "Ann B", role: "operator" });
    expect(await users.list()).toEqual([
      { frontend: "discord", id: "42", name: "Bob", role: "admin" },
      { frontend: "telegram", id: "42", name: "Ann B", role: "operator" },
    ]);
    expect(await users.find("terminal", "42")).toBeUndefined();
    expect([await users.remove("telegram", "42"), await users.remove("telegram", "42")]).toEqual([true, false]);
  });

  it("redeems a pairing code once, before it expires, however it is typed", async () => {
    const clock = createManualClock();
    const db = await open();
    const users = createUsers(db, clock.now);
    const ann = { frontend: "telegram", id: "42", name: "Ann" } as const;
    const code = await users.createPairingCode(60_000);
    expect(code).toMatch(/^[A-Z2-9]{5}-[A-Z2-9]{5}$/);
    expect(JSON.stringify(await db.prisma.pairingCode.findMany({ select: { hash: true } }))).not.toContain(code.slice(0, 5));
    expect(await users.pair("AAAAA-AAAAA", ann, "-100")).toBe(false);
    expect(await users.isChatAllowed("telegram", "-100")).toBe(false);
    const both = await Promise.all([users.pair(code.toLowerCase(), ann, "-100"), users.pair(code, { ...ann, id: "43" }, "-100")]);
    expect(both.filter((won) => won)).toHaveLength(1);
    expect(await users.list()).toHaveLength(1);
    expect((await users.list())[0]?.role).toBe("admin");
    expect(await users.isChatAllowed("telegram", "-100")).toBe(true);
    expect(await users.isChatAllowed("discord", "-100")).toBe(false);
    const late = await users.createPairingCode(60_000);
    clock.advance(60_000);
    expect(await users.pair(late, ann, "-100")).toBe(false);
  });

  it("tells alerts to enrolled chats of Telegram and Discord only", async () => {
    const clock = createManualClock();
    const db = await open();
    const users = createUsers(db, clock.now);
    await users.enrolChat("telegram", "-100", true);
    clock.advance(1);
    await users.enrolChat("discord", "555", true);
    await users.enrolChat("discord", "556", false);
    await users.enrolChat("terminal", "local", true);
    const outbox = createAlertOutbox(db, quietSignals());
    expect(await outbox.targets()).toEqual([
      { frontend: "telegram", chatId: "-100" },
      { frontend: "discord", chatId: "555" },
    ]);
    await users.enrolChat("telegram", "-100", false);
    expect(await outbox.targets()).toHaveLength(1);
    expect(await users.isChatAllowed("telegram", "-100")).toBe(true);
  });
});

onEachDatabase("confirmations", ({ open }) => {
  it("gives a line once, to its user in its chat", async () => {
    const db = await open();
    const confirmations = createConfirmations(db, createManualClock());
    const token = await confirmations.ask("/stop eth_grid", invocation("42"), 60_000);
    expect(Buffer.byteLength(token)).toBeLessThanOrEqual(40);
    const others = [invocation("43"), invocation("42", "-200"), invocation("42", "-100", "discord")];
    for (const other of others) expect(await confirmations.redeem(token, other)).toEqual({ ok: false, why: "notYours" });
    const both = await Promise.all([confirmations.redeem(token, invocation("42")), confirmations.redeem(token, invocation("42"))]);
    expect(both).toContainEqual({ ok: true, line: "/stop eth_grid" });
    expect(both).toContainEqual({ ok: false, why: "used" });
    expect(await confirmations.redeem("nonsense", invocation("42"))).toEqual({ ok: false, why: "unknown" });
  });

  it("refuses a late press, and says so for a day", async () => {
    const clock = createManualClock();
    const confirmations = createConfirmations(await open(), clock);
    const token = await confirmations.ask("/stop eth_grid", invocation("42"), 60_000);
    clock.advance(60_000);
    expect(await confirmations.redeem(token, invocation("42"))).toEqual({ ok: false, why: "expired" });
    clock.advance(2 * 86_400_000);
    await confirmations.ask("/bots", invocation("42"), 60_000);
    expect(await confirmations.redeem(token, invocation("42"))).toEqual({ ok: false, why: "unknown" });
  });
});

onEachDatabase("the audit", ({ open }) => {
  const entry = (command: string): AuditEntry => ({ actor: actor(command), command, outcome: "allowed", detail: "" });

  async function chainOf(count: number) {
    const db = await open();
    const audit = createAudit(db);
    for (let n = 1; n <= count; n += 1) await audit.append(entry(`c${n}`), AT + n);
    return { db, audit, tamper: (work: (tx: Transaction) => Promise<unknown>) => db.transact(work) };
  }

  it("chains rows of many writers without a gap", async () => {
    const dbs = [await open(), await open(), await open()];
    await Promise.all(Array.from({ length: 30 }, (_, n) => createAudit(dbs[n % 3] ?? (dbs[0] as never)).append(entry(`c${n}`), AT)));
    expect(await createAudit(await open()).verify()).toEqual({ ok: true, rows: 30 });
  });

  it("shows a changed row", async () => {
    const { audit, tamper } = await chainOf(5);
    await tamper((tx) => tx.audit.update({ where: { sequence: 3 }, data: { userName: "Eve" } }));
    expect(await audit.verify()).toEqual({ ok: false, sequence: 3, why: "changed" });
  });

  it("shows a removed row, in the middle and at the end", async () => {
    const { audit, tamper } = await chainOf(5);
    await tamper((tx) => tx.audit.delete({ where: { sequence: 5 } }));
    expect(await audit.verify()).toEqual({ ok: false, sequence: 5, why: "missing" });
    await audit.append(entry("after"), AT);
    expect(await audit.verify()).toEqual({ ok: false, sequence: 5, why: "missing" });
    await tamper((tx) => tx.audit.delete({ where: { sequence: 2 } }));
    expect(await audit.verify()).toEqual({ ok: false, sequence: 2, why: "missing" });
  });

  it("shows rows that changed places", async () => {
    const { audit, tamper } = await chainOf(4);
    await tamper(async (tx) => {
      await tx.audit.update({ where: { sequence: 2 }, data: { sequence: 99 } });
      await tx.audit.update({ where: { sequence: 3 }, data: { sequence: 2 } });
      await tx.audit.update({ where: { sequence: 99 }, data: { sequence: 3 } });
    });
    expect(await audit.verify()).toEqual({ ok: false, sequence: 2, why: "changed" });
  });
});

onEachDatabase("the alert outbox", ({ open }) => {
  it("delivers in order from one cursor per target, which only advances", async () => {
    const db = await open();
    const outbox = createAlertOutbox(db, quietSignals());
    const raise = (en: string) => outbox.raise({ type: "note", message: plain(en), botId: null, mode: "sim", at: AT });
    await raise("before");
    const start = await outbox.cursor("telegram:-100");
    await raise("one");
    await raise("two");
    const alerts = await outbox.after(start, 10);
    expect(alerts.map(({ alert }) => alert.type === "note" && alert.message.en)).toEqual(["one", "two"]);
    expect(await outbox.after(start, 1)).toEqual(alerts.slice(0, 1));
    await outbox.advance("telegram:-100", alerts[1]?.sequence ?? 0);
    await outbox.advance("telegram:-100", alerts[0]?.sequence ?? 0);
    expect(await outbox.cursor("telegram:-100")).toBe(alerts[1]?.sequence);
    expect(await outbox.after(await outbox.cursor("telegram:-100"), 10)).toEqual([]);
  });

  it("announces what was raised", async () => {
    const outbox = createAlertOutbox(await open(), localSignals());
    let heard = 0;
    const stop = outbox.onRaised(() => {
      heard += 1;
    });
    await outbox.raise({ type: "note", message: plain("one"), botId: "eth_grid", mode: "sim", at: AT });
    stop();
    await outbox.raise({ type: "note", message: plain("two"), botId: "eth_grid", mode: "sim", at: AT });
    expect(heard).toBe(1);
  });

  it("never shows a reader a later alert before an earlier one", async () => {
    const writers = [await open(), await open(), await open()];
    const outbox = createAlertOutbox(await open(), quietSignals());
    const seen: number[] = [];
    let isWriting = true;
    const reading = (async () => {
      let last = 0;
      while (isWriting) {
        // SQLite answers without a turn of the event loop: a reader that never lets go would starve the writers.
        await new Promise((resume) => setImmediate(resume));
        for (const { sequence } of await outbox.after(last, 1_000)) {
          seen.push(sequence);
          last = sequence;
        }
      }
      seen.push(...(await outbox.after(last, 1_000)).map(({ sequence }) => sequence));
    })();
    await Promise.all(
      writers.map(async (db, writer) => {
        const alerts = createAlertOutbox(db, quietSignals());
        for (let n = 0; n < 40; n += 1)
          await alerts.raise({ type: "note", message: plain(`${writer}:${n}`), botId: null, mode: "sim", at: AT });
      }),
    );
    isWriting = false;
    await reading;
    expect(seen).toHaveLength(120);
  });
});
