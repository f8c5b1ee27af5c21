// A clock that a test moves by hand; wall and monotonic time can part.

import type { Clock } from "../../src/core/ports.ts";

export class ManualClock implements Clock {
  wall = 1_800_000_000_000;
  steady = 1_000_000;

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.steady;
  }

  advance(ms: number): void {
    this.wall += ms;
    this.steady += ms;
  }
}
