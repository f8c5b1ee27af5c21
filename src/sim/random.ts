// Seeded randomness whose whole state is four integers, so that a simulated market can be stored and continued.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** About normal (sum of four uniforms), mean 0, standard deviation 1. */
  normal(): number;
  /** Four 32-bit integers; `createRandom` continues from them. */
  state(): readonly number[];
}

const WARM_UP_ROUNDS = 16;
/** Standard deviation of a sum of four uniforms. */
const SUM_DEVIATION = 0.5773502691896258;

/** Four well-spread words of a text (FNV-1a with four offsets). */
function wordsOf(seed: string): [number, number, number, number] {
  const word = (offset: number): number => {
    let hash = 0x811c9dc5 ^ offset;
    for (let index = 0; index < seed.length; index += 1) hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01000193);
    return hash | 0;
  };
  return [word(0), word(0x9e3779b9), word(0x85ebca6b), word(0xc2b2ae35)];
}

/** A generator from a seed text, or one that continues from an earlier `state()`. The same input gives the same numbers everywhere. */
export function createRandom(from: string | readonly number[]): Random {
  let [a, b, c, d] = typeof from === "string" ? wordsOf(from) : [from[0] ?? 0, from[1] ?? 0, from[2] ?? 0, from[3] ?? 1];
  const word = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  if (typeof from === "string") for (let round = 0; round < WARM_UP_ROUNDS; round += 1) word();
  const next = (): number => word() / 0x100000000;
  return {
    next,
    integer: (min, max) => min + Math.floor(next() * (max - min + 1)),
    normal: () => (next() + next() + next() + next() - 2) / SUM_DEVIATION,
    state: () => [a, b, c, d],
  };
}
