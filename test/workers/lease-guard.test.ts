// The fence at the socket: how old a lease may be, whichever clock says so, and what a moved epoch forbids.

import { beforeEach, describe, expect, it } from "vitest";
import { createLeaseGuard, type LeaseGuard } from "../../src/workers/lease-guard.ts";
import { ManualClock } from "./manual-clock.ts";

type Answer = boolean | Error;

describe("the lease guard", () => {
  let clock: ManualClock;
  let answer: Answer;
  let lost: number;
  let released: number;
  let guard: LeaseGuard;

  beforeEach(() => {
    clock = new ManualClock();
    answer = true;
    lost = 0;
    released = 0;
    guard = createLeaseGuard({
      leases: {
        acquire: async () => true,
        renew: async () => {
          if (answer instanceof Error) throw answer;
          return answer;
        },
        release: async () => {
          released += 1;
        },
        holder: async () => null,
      },
      botId: "eth_grid",
      epoch: 7,
      holder: "worker",
      clock,
      onLost: () => {
        lost += 1;
      },
    });
  });

  it("allows nothing before the first renewal", () => {
    expect(guard.fence("place")).toBe("the lease is not held yet");
    expect(guard.fence("read")).toBeNull();
  });

  it("lets places go until 1.5 s before the lease can run out", async () => {
    await guard.renew();
    clock.advance(3_500);
    expect(guard.fence("place")).toBeNull();
    clock.advance(1);
    expect(guard.fence("place")).toBe("the lease is 3.5 s old");
    expect(guard.fence("cancel")).toBeNull();
  });

  it("believes the wall clock when the monotonic one slept", async () => {
    await guard.renew();
    clock.wall += 60_000;
    expect(guard.ageMs()).toBe(60_000);
    expect(guard.fence("place")).toBe("the lease is 60.0 s old");
  });

  it("believes the monotonic clock when the wall clock was set back", async () => {
    await guard.renew();
    clock.steady += 9_000;
    clock.wall -= 3_600_000;
    expect(guard.ageMs()).toBe(9_000);
    expect(guard.fence("place")).toBe("the lease is 9.0 s old");
  });

  it("counts from when the renewal was sent, not from when it was answered", async () => {
    const sent = guard.renew();
    clock.advance(800);
    await sent;
    expect(guard.ageMs()).toBe(800);
  });

  it("forbids own cancels to a process that has just woken, until it has looked", async () => {
    await guard.renew();
    clock.advance(60_000);
    expect(guard.fence("cancel")).toContain("has not been looked at since");
    answer = new Error("Redis is away");
    await guard.renew();
    expect(guard.fence("cancel")).toBeNull();
    expect(guard.fence("place")).not.toBeNull();
  });

  it("goes on canceling while Redis stays away", async () => {
    await guard.renew();
    answer = new Error("Redis is away");
    for (let second = 0; second < 600; second += 1) {
      clock.advance(1_000);
      await guard.renew();
    }
    expect(guard.fence("cancel")).toBeNull();
    expect(guard.fence("place")).toBe("the lease is 600.0 s old");
  });

  it("fences itself at once when the lease names another epoch", async () => {
    await guard.renew();
    answer = false;
    await guard.renew();
    await guard.renew();
    expect(lost).toBe(1);
    expect(guard.isLost).toBe(true);
    expect(guard.fence("place")).toBe("the lease of eth_grid has moved on from epoch 7");
    expect(guard.fence("cancel")).toBe("the lease of eth_grid has moved on from epoch 7");
    answer = true;
    await guard.renew();
    expect(guard.fence("place")).not.toBeNull();
    await guard.release();
    expect(released).toBe(0);
  });

  it("keeps places forbidden once it was told to stop, and gives the lease back", async () => {
    await guard.renew();
    guard.stopPlacing("the worker is gone");
    expect(guard.fence("place")).toBe("the worker is gone");
    expect(guard.fence("cancel")).toBeNull();
    await guard.release();
    expect(released).toBe(1);
  });
});
