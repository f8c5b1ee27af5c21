// The market maker's own estimate of volatility from the reference prices that it saw.

/** Plain JSON. Squares of returns and the time they span, both forgotten with the same time constant. */
export interface VolatilityEstimate {
  /** The last sample; null before the first. */
  price: number | null;
  at: number;
  /** Sum of squared returns, percent². */
  squares: number;
  seconds: number;
  samples: number;
}

/** Fewer samples say nothing yet. */
const SAMPLES_MIN = 12;

export function emptyEstimate(): VolatilityEstimate {
  return { price: null, at: 0, squares: 0, seconds: 0, samples: 0 };
}

/**
 * Takes a sample when one is due. Irregular times are fine: squares over elapsed time estimates the variance of a
 * martingale without bias. After a gap longer than the window the estimate starts anew.
 */
export function observe(estimate: VolatilityEstimate, price: number, at: number, sampleS: number, windowS: number): void {
  const elapsed = (at - estimate.at) / 1_000;
  if (estimate.price !== null && elapsed < sampleS) return;
  if (estimate.price === null || elapsed > windowS) {
    Object.assign(estimate, emptyEstimate());
  } else {
    const change = 100 * Math.log(price / estimate.price);
    const kept = Math.exp(-elapsed / windowS);
    estimate.squares = estimate.squares * kept + change * change;
    estimate.seconds = estimate.seconds * kept + elapsed;
    estimate.samples += 1;
  }
  estimate.price = price;
  estimate.at = at;
}

/** Variance of returns, percent² per second; null while there are too few samples. */
export function varianceOf(estimate: VolatilityEstimate): number | null {
  return estimate.samples < SAMPLES_MIN ? null : estimate.squares / estimate.seconds;
}
