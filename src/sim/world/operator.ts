// The person in a simulated world: pauses, resumes, drains, stops, flattens, halts and adjusts when the seed says so.

import type { Life } from "./life.ts";
import type { Directive } from "./store.ts";
import type { Surroundings } from "./surroundings.ts";

type Word = "run" | "pause" | "drain" | "stop" | "flatten" | "halt";

const WORDS: readonly Word[] = ["run", "pause", "drain", "stop", "flatten", "halt"];
/** A bot that rests is sent running again about once in so many steps. */
const REVIVE_ONE_IN = 40;
const BY_HAND = { en: "halted by the operator", "zh-TW": "由操作者停機" };

export class Operator {
  readonly #world: Surroundings;
  readonly #life: () => Life | null;
  #hasAdjusted = false;

  constructor(world: Surroundings, life: () => Life | null) {
    this.#world = world;
    this.#life = life;
  }

  /** Now and then a command; a bot that does not run is mostly sent running again. */
  step(): void {
    const { network, store } = this.#world;
    const isRunning = store.directive.desired === "running" && store.directive.halt === null;
    if (!isRunning && network.pick(REVIVE_ONE_IN) === 0) return this.say("run");
    if (!network.strikes("command")) return;
    if (this.#adjusts()) return;
    const word = isRunning || network.pick(3) === 0 ? WORDS[network.pick(WORDS.length)] : "run";
    this.say(word ?? "run");
  }

  /** Stores the wish first, as the chat does, then tells whoever lives. */
  say(word: Word): void {
    const { store } = this.#world;
    const wasHalted = store.directive.halt !== null;
    store.directive = directiveOf(word, store.directive);
    const life = this.#life();
    if (life?.isRecovered === true) life.follow(store.directive, wasHalted);
  }

  /** The drawdown counts anew: stored first, told to whoever lives, and to every later life. */
  resetPeak(): void {
    const { store, schedule } = this.#world;
    store.peakSince = schedule.now;
    this.#world.happened("peakResets");
    const life = this.#life();
    if (life?.isRecovered === true) life.post({ type: "resetPeak", since: store.peakSince, at: schedule.now });
  }

  #adjusts(): boolean {
    const { scenario, schedule } = this.#world;
    const life = this.#life();
    if (this.#hasAdjusted || scenario.adjustTo === null || life?.isRecovered !== true) return false;
    this.#hasAdjusted = true;
    life.post({ type: "adjust", params: scenario.adjustTo, at: schedule.now });
    return true;
  }
}

function directiveOf(word: Word, before: Directive): Directive {
  switch (word) {
    case "run":
      return { desired: "running", flatten: false, halt: null };
    case "pause":
      return { ...before, desired: "paused", flatten: false };
    case "drain":
      return { ...before, desired: "draining", flatten: false };
    case "stop":
      return { ...before, desired: "stopped", flatten: false };
    case "flatten":
      return { ...before, desired: "stopped", flatten: true };
    case "halt":
      return { ...before, flatten: false, halt: BY_HAND };
  }
}
