// The dead-man switch as tables: what a bot wants of it, what follows, and what is known after each answer.

import { describe, expect, it } from "vitest";
import {
  accountWish,
  afterDeadManStep,
  DEAD_MAN_REFUSED_MS,
  DEAD_MAN_RETRY_MS,
  DEAD_MAN_TIMEOUT_MS,
  type DeadManFacts,
  type DeadManState,
  type DeadManWish,
  deadManStep,
  deadManWish,
  newDeadMan,
} from "../../src/core/dead-man.ts";

const NOW = 1_000_000;
const TRADING: DeadManFacts = { isEnabled: true, isTrading: true, isResting: false, isInDoubt: false, liveOrders: 4, keepsOrders: false };
const PAUSED: DeadManFacts = { ...TRADING, isTrading: false };
const RESTING: DeadManFacts = { ...PAUSED, isResting: true };

const WISHES: readonly (readonly [string, DeadManFacts, DeadManWish])[] = [
  ["a bot that trades is guarded", TRADING, "on"],
  ["also while requests are under way", { ...TRADING, isInDoubt: true }, "on"],
  ["one whose configuration says off is not", { ...TRADING, isEnabled: false }, "off"],
  ["a paused bot's closing orders stay", PAUSED, "off"],
  ["but not before its opening orders are surely gone", { ...PAUSED, isInDoubt: true }, "lapse"],
  ["a stop that is not proven lets it go off", RESTING, "lapse"],
  ["a panic whose cancels nobody answers lets it go off", { ...RESTING, liveOrders: 0, isInDoubt: true }, "lapse"],
  ["a bot at rest needs none", { ...RESTING, liveOrders: 0 }, "off"],
  ["a clean stop that keeps orders takes it back", { ...TRADING, isTrading: false, keepsOrders: true }, "off"],
  ["even when something is in doubt", { ...PAUSED, isInDoubt: true, keepsOrders: true }, "off"],
  ["a halted bot's orders are not kept by leaving", { ...RESTING, keepsOrders: true }, "lapse"],
];

const on = (armedAt: number): DeadManState => ({ told: "on", armedAt, failed: null });

const STEPS: readonly (readonly [string, DeadManState, DeadManWish, ReturnType<typeof deadManStep>])[] = [
  ["first word", newDeadMan("off"), "on", "arm"],
  ["after another life", newDeadMan("unknown"), "on", "arm"],
  ["not before a third of the time", on(NOW - 19_999), "on", "nothing"],
  ["at a third of the time", on(NOW - 20_000), "on", "arm"],
  ["taken back", on(NOW), "off", "disarm"],
  ["another life's is taken back", newDeadMan("unknown"), "off", "disarm"],
  ["off is off", newDeadMan("off"), "off", "nothing"],
  ["a lapse says nothing", on(NOW - 50_000), "lapse", "nothing"],
  ["a failure waits", { ...on(NOW - 30_000), failed: { step: "arm", retryAt: NOW + 1 } }, "on", "nothing"],
  ["a failure is tried again", { ...on(NOW - 30_000), failed: { step: "arm", retryAt: NOW } }, "on", "arm"],
  [
    "a failure to set it does not keep it from being taken back",
    { ...on(NOW), failed: { step: "arm", retryAt: NOW + 9 } },
    "off",
    "disarm",
  ],
];

describe("the dead-man switch", () => {
  it.each(WISHES)("%s", (_, facts, wish) => {
    expect(deadManWish(facts)).toBe(wish);
  });

  it.each(STEPS)("%s", (_, state, wish, step) => {
    expect(deadManStep(state, wish, DEAD_MAN_TIMEOUT_MS, NOW)).toBe(step);
  });

  it("counts from when the word was sent, not from when it was answered", () => {
    expect(afterDeadManStep(newDeadMan("unknown"), "arm", "done", NOW, NOW + 900)).toEqual(on(NOW));
  });

  it("keeps what was refused, and doubts what was not answered", () => {
    const refused = afterDeadManStep(on(5), "disarm", "refused", NOW, NOW);
    expect(refused).toEqual({ told: "on", armedAt: 5, failed: { step: "disarm", retryAt: NOW + DEAD_MAN_REFUSED_MS } });
    const unanswered = afterDeadManStep(newDeadMan("off"), "arm", "unanswered", NOW, NOW);
    expect(unanswered).toEqual({ told: "unknown", armedAt: null, failed: { step: "arm", retryAt: NOW + DEAD_MAN_RETRY_MS } });
    expect(deadManStep(unanswered, "off", DEAD_MAN_TIMEOUT_MS, NOW)).toBe("disarm");
  });

  it("survives one lost word in three", () => {
    let state = afterDeadManStep(newDeadMan("off"), "arm", "done", 0, 0);
    let exchangeUntil = DEAD_MAN_TIMEOUT_MS;
    for (let now = 1_000, word = 0; now < 600_000; now += 1_000) {
      expect(now).toBeLessThan(exchangeUntil);
      const step = deadManStep(state, "on", DEAD_MAN_TIMEOUT_MS, now);
      if (step === "nothing") continue;
      word += 1;
      const isLost = word % 3 === 0;
      if (!isLost) exchangeUntil = now + DEAD_MAN_TIMEOUT_MS;
      state = afterDeadManStep(state, "arm", isLost ? "unanswered" : "done", now, now);
    }
  });
});

describe("the switch of a whole account", () => {
  it("is off as soon as one bot there does not agree", () => {
    expect(accountWish("on", [{ agrees: false, wants: true }])).toBe("off");
  });

  it("is renewed by its holder for the others too", () => {
    expect(accountWish("off", [{ agrees: true, wants: true }])).toBe("on");
    expect(accountWish("off", [{ agrees: true, wants: false }])).toBe("off");
    expect(accountWish("lapse", [])).toBe("lapse");
  });
});
