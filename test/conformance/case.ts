// One numbered case of the conformance suite.

import type { World } from "./world.ts";

export interface Case {
  /** Stays the same for ever: skips and reports name it. */
  readonly number: number;
  readonly title: string;
  /** Cases on an instrument of this kind; perp when absent. */
  readonly kind?: "spot";
  readonly run: (world: World) => Promise<void>;
}

export function numbered(number: number, title: string, run: Case["run"]): Case {
  return { number, title, run };
}
