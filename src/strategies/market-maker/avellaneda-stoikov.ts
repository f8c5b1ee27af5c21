// Reservation price and optimal spread of a market maker after Avellaneda and Stoikov.

export interface ModelInputs {
  /** s: mid price. */
  readonly price: number;
  /** q: inventory in orders, signed. */
  readonly inventory: number;
  /** γ: risk aversion, 1 / price. */
  readonly riskAversion: number;
  /** σ²: variance of the price per unit of time, price² / time. */
  readonly variance: number;
  /** T − t: time that is left. */
  readonly timeLeft: number;
  /** κ: how fast the intensity of fills falls with the distance from the mid, 1 / price. */
  readonly arrivalDecay: number;
}

/**
 * r = s − q γ σ² (T − t) and the full spread γ σ² (T − t) + (2/γ) ln(1 + γ/κ), in the units of `price`.
 * Source: M. Avellaneda, S. Stoikov, High-frequency trading in a limit order book, Quantitative Finance 8(3), 2008, 217-224.
 */
export function avellanedaStoikov(inputs: ModelInputs): { readonly reservation: number; readonly spread: number } {
  const { price, inventory, riskAversion, variance, timeLeft, arrivalDecay } = inputs;
  const risk = riskAversion * variance * timeLeft;
  return {
    reservation: price - inventory * risk,
    spread: risk + (2 / riskAversion) * Math.log1p(riskAversion / arrivalDecay),
  };
}
