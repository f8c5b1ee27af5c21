// Client order ids that name their bot after a total loss of our state, within a 32-bit exchange field.

/** Bots per account that a 32-bit id can tell apart; 0 is never used, so a foreign id such as 1 names no bot of ours. */
export const BOT_NUMBER_MAX = 255;
export const COUNTER_MAX = 0xffffff;

/**
 * `botNumber` (1..255, unique per account) in the high 8 bits, `counter` (0..2^24-1) in the low 24, as a decimal string.
 * Backpack and Lighter take integers only; every other exchange takes this too. Throws a RangeError outside the bounds.
 */
export function encodeClientOrderId(botNumber: number, counter: number): string {
  if (!Number.isInteger(botNumber) || botNumber < 1 || botNumber > BOT_NUMBER_MAX)
    throw new RangeError(`bot number ${botNumber} is outside 1..${BOT_NUMBER_MAX}`);
  if (!Number.isInteger(counter) || counter < 0 || counter > COUNTER_MAX)
    throw new RangeError(`order counter ${counter} is outside 0..${COUNTER_MAX}`);
  return String(botNumber * 0x1000000 + counter);
}

/** The bot's number and counter in an id, or null when the id is not one of ours. */
export function decodeClientOrderId(id: string): { readonly botNumber: number; readonly counter: number } | null {
  if (!/^\d{1,10}$/.test(id)) return null;
  const value = Number(id);
  if (value > 0xffffffff || value < 0x1000000) return null;
  return { botNumber: Math.floor(value / 0x1000000), counter: value % 0x1000000 };
}
