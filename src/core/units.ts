// Integer ticks and lots: the only prices and quantities that core knows, and the exact way in and out of decimal strings.

export type Ticks = number & { readonly unit: "ticks" };
export type Lots = number & { readonly unit: "lots" };

/** A positive decimal step such as a tick size: `coefficient / 10^decimals`. */
export interface Step {
  readonly coefficient: bigint;
  readonly decimals: number;
}

export type Rounding = "exact" | "down" | "up" | "nearest";

interface Decimal {
  readonly coefficient: bigint;
  readonly decimals: number;
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Brands a whole number of price steps. Throws a RangeError on anything that is not a safe integer. */
export function ticks(count: number): Ticks {
  if (!Number.isSafeInteger(count)) throw new RangeError(`ticks must be a safe integer, got ${count}`);
  return count as Ticks;
}

/** Brands a whole number of quantity steps. Throws a RangeError on anything that is not a safe integer. */
export function lots(count: number): Lots {
  if (!Number.isSafeInteger(count)) throw new RangeError(`lots must be a safe integer, got ${count}`);
  return (count === 0 ? 0 : count) as Lots;
}

function parseDecimal(text: string): Decimal {
  const match = DECIMAL.exec(text);
  if (match === null) throw new RangeError(`not a decimal number: ${text.slice(0, 40)}`);
  const fraction = match[3] ?? "";
  const exponent = Number(match[4] ?? 0);
  const digits = BigInt(`${match[1] ?? ""}${match[2]}${fraction}`);
  const decimals = fraction.length - exponent;
  return decimals >= 0 ? { coefficient: digits, decimals } : { coefficient: digits * 10n ** BigInt(-decimals), decimals: 0 };
}

const steps = new Map<string, Step>();
const STEPS_MAX = 10_000;

/** The step that a decimal string such as `"0.01"` names; remembered. Throws a RangeError unless it is positive. */
export function stepOf(text: string): Step {
  const known = steps.get(text);
  if (known !== undefined) return known;
  const step = parseDecimal(text);
  if (step.coefficient <= 0n) throw new RangeError(`a step must be positive, got ${text}`);
  if (steps.size >= STEPS_MAX) steps.clear();
  steps.set(text, step);
  return step;
}

function divide(numerator: bigint, denominator: bigint, rounding: Rounding, source: string): bigint {
  const quotient = numerator / denominator;
  const rest = numerator % denominator;
  if (rest === 0n) return quotient;
  if (rounding === "exact") throw new RangeError(`${source} is not a multiple of the step`);
  const floor = numerator < 0n ? quotient - 1n : quotient;
  if (rounding === "down") return floor;
  if (rounding === "up") return floor + 1n;
  const above = numerator - floor * denominator;
  return above * 2n >= denominator ? floor + 1n : floor;
}

/**
 * How many steps a decimal string is. `down` and `up` are towards -∞ and +∞, `nearest` rounds halves up.
 * Throws a RangeError when the text is not a decimal, is no multiple under `exact`, or exceeds a safe integer.
 */
export function toSteps(text: string, step: Step, rounding: Rounding): number {
  const value = parseDecimal(text);
  const scale = Math.max(value.decimals, step.decimals);
  const numerator = value.coefficient * 10n ** BigInt(scale - value.decimals);
  const denominator = step.coefficient * 10n ** BigInt(scale - step.decimals);
  const count = Number(divide(numerator, denominator, rounding, text));
  if (!Number.isSafeInteger(count)) throw new RangeError(`${text.slice(0, 40)} is too large for its step`);
  return count;
}

/** The decimal string of a count of steps, with as many decimals as the step has and never an exponent. */
export function fromSteps(count: number, step: Step): string {
  const value = BigInt(count) * step.coefficient;
  const sign = value < 0n ? "-" : "";
  const digits = (value < 0n ? -value : value).toString().padStart(step.decimals + 1, "0");
  const cut = digits.length - step.decimals;
  return step.decimals === 0 ? sign + digits : `${sign}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}

/** True for a plain decimal string that `toSteps` reads. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}
