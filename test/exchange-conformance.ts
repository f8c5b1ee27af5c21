// The conformance suite: numbered cases that every exchange's adapter passes or skips with a reason.

import { appendFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import type { Case } from "./conformance/case.ts";
import { ACCOUNTS, FAULTS } from "./conformance/faults.ts";
import { CANCELING, PLACING } from "./conformance/orders.ts";
import { HISTORY, INSTRUMENTS, LOOKUPS, SNAPSHOTS } from "./conformance/questions.ts";
import { STREAMS } from "./conformance/streams.ts";
import { type Subject, World } from "./conformance/world.ts";

export const CASES: readonly Case[] = [
  ...INSTRUMENTS,
  ...PLACING,
  ...CANCELING,
  ...LOOKUPS,
  ...HISTORY,
  ...SNAPSHOTS,
  ...STREAMS,
  ...FAULTS,
  ...ACCOUNTS,
];

/** Declares every case for one exchange; results are added to BOTSWAIN_CONFORMANCE_OUT, where docs/exchanges.md is made from them. */
export function exchangeConformance(subject: Subject): void {
  const reasonOf = (one: Case): string | undefined =>
    subject.skips[one.number] ?? (one.kind === "spot" && subject.spot === null ? "the exchange has no spot" : undefined);

  describe(`conformance of ${subject.exchange}`, () => {
    let world: World;
    beforeAll(async () => {
      world = await World.start(subject);
    }, 60_000);
    afterAll(() => world?.stop());
    beforeEach(() => world.reset());

    for (const one of CASES) {
      const reason = reasonOf(one);
      const title = `${one.number} ${one.title}`;
      if (reason !== undefined) {
        report(subject, one, `not here: ${reason}`);
        continue;
      }
      it(title, async () => {
        await one.run(world);
        report(subject, one, "passes");
      }, 40_000);
    }
  });
}

function report(subject: Subject, one: Case, result: string): void {
  const file = process.env.BOTSWAIN_CONFORMANCE_OUT;
  if (file === undefined) return;
  appendFileSync(file, `${JSON.stringify({ exchange: subject.exchange, number: one.number, title: one.title, result })}\n`);
}
