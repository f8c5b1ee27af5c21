// The machine's clock as the port that our code takes.

import type { Clock } from "../../src/core/ports.ts";

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
