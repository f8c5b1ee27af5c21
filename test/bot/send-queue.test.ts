// The line of messages per chat: order, pace, patience, and an end.

import { describe, expect, it } from "vitest";
import { backOffMs, kindOfStatus, SendError } from "../../src/bot/send-error.ts";
import { createSendQueue, type Pace } from "../../src/bot/send-queue.ts";
import { silentLog, systemClock } from "./sample.ts";

function queueOf(pace: Pace, extra: { patienceMs?: number } = {}) {
  return createSendQueue({ pace: () => pace, clock: systemClock, log: silentLog, firstBackOffMs: 5, ...extra });
}

const FAST: Pace = { burst: 100, everyMs: 1 };

describe("a send queue", () => {
  it("keeps the order of a chat, and a chat that waits holds up no other", async () => {
    const queue = queueOf(FAST);
    const sent: string[] = [];
    let tries = 0;
    const first = queue.push("a", async () => {
      tries += 1;
      if (tries < 3) throw new SendError("later", "busy", 20);
      sent.push("a1");
    });
    const second = queue.push("a", async () => sent.push("a2"));
    await queue.push("b", async () => sent.push("b1"));
    await Promise.all([first, second]);
    expect(sent).toEqual(["b1", "a1", "a2"]);
    await queue.stop(100);
  });

  it("lets a burst through and then keeps the pace", async () => {
    const queue = queueOf({ burst: 2, everyMs: 60 });
    const startedAt = performance.now();
    const at: number[] = [];
    await Promise.all([1, 2, 3, 4].map(() => queue.push("a", async () => at.push(performance.now() - startedAt))));
    expect(at[1]).toBeLessThan(55);
    expect(at[3]).toBeGreaterThanOrEqual(115);
    await queue.stop(0);
  });

  it("hands on what will never succeed, and goes on with the next", async () => {
    const queue = queueOf(FAST);
    const refused = queue.push("a", async () => {
      throw new SendError("refused", "too long");
    });
    const next = queue.push("a", async () => "sent");
    await expect(refused).rejects.toMatchObject({ kind: "refused" });
    expect(await next).toBe("sent");
    await queue.stop(0);
  });

  it("gives up when its patience ends", async () => {
    const queue = queueOf(FAST, { patienceMs: 30 });
    const stuck = queue.push("a", async () => {
      throw new SendError("later", "still busy");
    });
    await expect(stuck).rejects.toMatchObject({ kind: "later", message: "still busy" });
    await queue.stop(0);
  });

  it("takes at most a hundred waiting messages per chat", async () => {
    const queue = queueOf({ burst: 1, everyMs: 60_000 });
    const waiting = Array.from({ length: 100 }, () => queue.push("a", async () => "sent").catch(() => "given up"));
    await expect(queue.push("a", async () => "sent")).rejects.toThrow("already wait");
    expect(await queue.push("b", async () => "sent")).toBe("sent");
    await queue.stop(0);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["sent", "given up"]));
  });

  it("ends at once when told to, whatever waits", async () => {
    const queue = queueOf(FAST);
    const stuck = queue.push("a", async () => {
      throw new SendError("later", "busy", 600_000);
    });
    const stopped = queue.stop(10);
    await expect(stuck).rejects.toBeInstanceOf(SendError);
    await stopped;
  });
});

describe("faults of a platform", () => {
  it.each([
    [429, "later"],
    [500, "later"],
    [503, "later"],
    [401, "closed"],
    [403, "closed"],
    [404, "closed"],
    [400, "refused"],
    [413, "refused"],
  ] as const)("%i means %s", (status, kind) => {
    expect(kindOfStatus(status)).toBe(kind);
  });

  it("are tried again after doubling pauses up to a limit", () => {
    expect([1, 2, 3, 4, 1_000].map((failures) => backOffMs(failures, 100, 500))).toEqual([100, 200, 400, 500, 500]);
  });
});
