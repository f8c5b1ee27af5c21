// The bucket's arithmetic on random schedules: no window holds more than the limit, whatever happens.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PermitClass } from "../../src/core/ports.ts";
import { BucketModel, planOf } from "../../src/exchanges/bucket-model.ts";
import type { BucketLimit } from "../../src/exchanges/limits.ts";
import { mostIn } from "./window-count.ts";

const BOT = "eth_grid";

describe("the model never exceeds a limit", () => {
  it("in any window of any schedule, through state loss", () => {
    const limit: BucketLimit = { name: "requests", limit: 12, windowMs: 1_000, headroom: 0.25 };
    const step = fc.record({
      gapUs: fc.integer({ min: 0, max: 200_000 }),
      class: fc.constantFrom<PermitClass>("cancel", "place", "market"),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 200 }), fc.integer({ min: 0, max: 150 }), (steps, lossAt) => {
        let model = new BucketModel();
        model.mirror(BOT, 1);
        let now = 1_000_000_000;
        let generation: number | null = null;
        const times: number[] = [];
        steps.forEach(({ gapUs, class: permitClass }, index) => {
          now += gapUs;
          if (index === lossAt) {
            model = new BucketModel();
            model.mirror(BOT, 1);
          }
          const buckets = [planOf(limit, permitClass)];
          const answer = model.take({ botId: BOT, epoch: 1, expectState: generation !== null, generation, buckets }, now);
          generation = answer.generation;
          if (answer.status === "granted") times.push((now + answer.delayUs) / 1_000);
        });
        expect(mostIn(times, limit.windowMs)).toBeLessThanOrEqual(limit.limit);
      }),
      { numRuns: 300 },
    );
  });

  it("with a rate in place of the log", () => {
    const limit: BucketLimit = { name: "requests", limit: 300, windowMs: 1_000 };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 8_000 }), { minLength: 400, maxLength: 900 }), (gaps) => {
        const model = new BucketModel();
        model.mirror(BOT, 1);
        let now = 1_000_000_000;
        const times: number[] = [];
        for (const gap of gaps) {
          now += gap;
          const buckets = [planOf(limit, gap % 2 === 0 ? "place" : "cancel")];
          const answer = model.take({ botId: BOT, epoch: 1, expectState: false, generation: null, buckets }, now);
          if (answer.status === "granted") times.push((now + answer.delayUs) / 1_000);
        }
        expect(mostIn(times, limit.windowMs)).toBeLessThanOrEqual(limit.limit);
      }),
      { numRuns: 60 },
    );
  });

  it("distrusts a clock that steps back", () => {
    const limit: BucketLimit = { name: "requests", limit: 10, windowMs: 1_000, headroom: 0 };
    const model = new BucketModel();
    model.mirror(BOT, 1);
    const take = (now: number): string =>
      model.take({ botId: BOT, epoch: 1, expectState: false, generation: null, buckets: [planOf(limit, "cancel")] }, now).status;
    const now = 10_000_000_000;
    expect(take(now)).toBe("granted");
    // A small step is smoothed over; an hour back is a new clock, and its first window is empty.
    expect(take(now - 1_000_000)).toBe("granted");
    expect(take(now - 3_600_000_000)).toBe("wait");
    expect(take(now - 3_600_000_000 + 1_300_000)).toBe("granted");
  });
});
