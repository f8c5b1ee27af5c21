// A market without a recording: seeded ranges, trends and jumps around a home price, several steps per second, for ever.

import { toTicks } from "../core/instrument.ts";
import type { Lots, Ticks } from "../core/units.ts";
import type { Listing } from "./listings.ts";
import type { MarketSource, MarketStep, SourceProgress, Sweep } from "./market-step.ts";
import { createRandom, type Random } from "./random.ts";

const PPM = 1_000_000;
/** Share of the distance to the home price that is drawn back in each step: half of it in about 100 minutes. */
const HOME_PULL_PPM = 30;
const JUMP_CHANCE = 1 / 720;
const JUMP_MIN_PPM = 4_000;
const JUMP_MAX_PPM = 12_000;
const TREND_CHANCE = 0.3;
/** Half-width of a range around its centre. */
const RANGE_MIN_PPM = 3_000;
const RANGE_MAX_PPM = 7_000;
/** A market order comes with this chance in a step, beside those that a price move brings. */
const IDLE_SWEEP_CHANCE = 0.5;

/** Everything but the random numbers; all whole numbers, so it survives JSON exactly. */
interface Course {
  price: number;
  /** Steps left in this range or trend. */
  left: number;
  driftPpm: number;
  centre: number;
  /** 0 while trending. */
  widthPpm: number;
}

function chooseCourse(course: Course, random: Random): void {
  course.centre = course.price;
  const sign = random.next() < 0.5 ? -1 : 1;
  if (random.next() < TREND_CHANCE) {
    course.left = random.integer(60, 240);
    course.driftPpm = sign * random.integer(60, 150);
    course.widthPpm = 0;
  } else {
    course.left = random.integer(120, 480);
    course.driftPpm = sign * random.integer(80, 140);
    course.widthPpm = random.integer(RANGE_MIN_PPM, RANGE_MAX_PPM);
  }
}

/** Moves the course by one step. */
function advance(course: Course, random: Random, home: number, noisePpm: number): void {
  if (course.left <= 0) chooseCourse(course, random);
  course.left -= 1;
  const fromCentrePpm = ((course.price - course.centre) / course.centre) * PPM;
  // A range turns back at its edges.
  if (course.widthPpm > 0 && Math.abs(fromCentrePpm) > course.widthPpm && fromCentrePpm * course.driftPpm > 0) course.driftPpm *= -1;
  let movePpm = course.driftPpm + random.normal() * noisePpm + ((home - course.price) / home) * HOME_PULL_PPM;
  if (random.next() < JUMP_CHANCE) movePpm += (random.next() < 0.5 ? -1 : 1) * random.integer(JUMP_MIN_PPM, JUMP_MAX_PPM);
  course.price = Math.max(2, Math.round(course.price + (course.price * movePpm) / PPM));
}

function sweepsFor(from: number, to: number, random: Random, sweepMax: number): Sweep[] {
  const moved = to !== from;
  if (!moved && random.next() > IDLE_SWEEP_CHANCE) return [];
  const isBuy = moved ? to > from : random.next() < 0.5;
  // Small orders are far more frequent than large ones.
  const share = random.next();
  const quantity = Math.max(1, Math.round(sweepMax * share * share));
  return [{ side: isBuy ? "buy" : "sell", price: to as Ticks, quantity: quantity as Lots }];
}

/**
 * A generated market. Listings with the same base share their random numbers, so a coin's spot and perp prices move together
 * as long as both are generated.
 */
export function createGenerator(listing: Listing, seed: string): MarketSource {
  const { startPrice, stepMs, noisePpm, sweepMax } = listing.generator;
  const home = toTicks(listing.instrument, startPrice, "nearest");
  const source = `generator:${seed}:${listing.instrument.base}:${startPrice}`;
  let random = createRandom(source);
  let course: Course = { price: home, left: 0, driftPpm: 0, centre: home, widthPpm: 0 };
  let steps = 0;
  return {
    kind: "generator",
    file: null,
    next(): MarketStep {
      const from = course.price;
      if (steps > 0) advance(course, random, home, noisePpm);
      const sweeps = sweepsFor(from, course.price, random, sweepMax);
      steps += 1;
      return { afterMs: stepMs, price: course.price as Ticks, sweeps, ladder: null };
    },
    progress: () => ({
      source,
      steps,
      state: [...random.state(), course.price, course.left, course.driftPpm, course.centre, course.widthPpm],
    }),
    resume(progress: SourceProgress): boolean {
      const state = progress.state ?? [];
      if (progress.source !== source || state.length !== 9) return false;
      random = createRandom(state.slice(0, 4));
      const [price, left, driftPpm, centre, widthPpm] = state.slice(4) as [number, number, number, number, number];
      course = { price, left, driftPpm, centre, widthPpm };
      steps = progress.steps;
      return true;
    },
    moveTo(price: Ticks): void {
      course.price = price;
      course.centre = price;
    },
  };
}
