// Who holds a bot: leases that others let run out, and the leftovers of a worker's own earlier life.

import { describe, expect, it } from "vitest";
import { createLeaseWatch } from "../../src/workers/lease-watch.ts";
import { identityOf, isFormerLife, workerIdOf } from "../../src/workers/worker-identity.ts";
import { ManualClock } from "./manual-clock.ts";

describe("the lease watch", () => {
  const HELD = { epoch: 1, holder: "other" };

  it("counts how long it saw a lease missing, and starts anew when it is back", async () => {
    const clock = new ManualClock();
    let holder: typeof HELD | null = null;
    const watch = createLeaseWatch({ holder: async () => holder }, clock);
    expect(await watch.look(["a"])).toEqual(new Map([["a", 0]]));
    clock.advance(1_000);
    expect(await watch.look(["a"])).toEqual(new Map([["a", 1_000]]));
    holder = HELD;
    expect(await watch.look(["a"])).toEqual(new Map());
    holder = null;
    clock.advance(1_000);
    expect(await watch.look(["a"])).toEqual(new Map([["a", 0]]));
  });

  it("does not count time in which it slept", async () => {
    const clock = new ManualClock();
    const watch = createLeaseWatch({ holder: async () => null }, clock);
    await watch.look(["a"]);
    clock.advance(60_000);
    expect(await watch.look(["a"])).toEqual(new Map([["a", 1_500]]));
  });

  it("knows nothing when Redis does not answer, and forgets what it saw before", async () => {
    const clock = new ManualClock();
    let isAway = false;
    const watch = createLeaseWatch(
      {
        holder: async () => {
          if (isAway) throw new Error("away");
          return null;
        },
      },
      clock,
    );
    await watch.look(["a"]);
    clock.advance(1_000);
    await watch.look(["a"]);
    isAway = true;
    expect(await watch.look(["a"])).toBeNull();
    isAway = false;
    clock.advance(1_000);
    expect(await watch.look(["a"])).toEqual(new Map([["a", 0]]));
  });
});

describe("a worker's identity", () => {
  const own = identityOf("host-1a2b", 500, "bbbbbb");

  it.each([
    ["this very life", "host-1a2b/500-bbbbbb", false],
    ["an earlier life whose process is gone", "host-1a2b/400-aaaaaa", true],
    ["an earlier life that had our process id (a container counts from 1 again)", "host-1a2b/500-aaaaaa", true],
    ["a second worker of the same name that is alive", "host-1a2b/300-cccccc", false],
    ["another worker", "host-9z9z/400-aaaaaa", false],
    ["a name that is not one of ours", "somebody", false],
  ])("%s", (_, holder, expected) => {
    expect(isFormerLife(holder, own, (pid) => pid === 300)).toBe(expected);
  });

  it("keeps the lasting name in the holder's name", () => {
    expect(own.holder).toBe("host-1a2b/500-bbbbbb");
    expect(workerIdOf(own.holder)).toBe("host-1a2b");
  });
});
