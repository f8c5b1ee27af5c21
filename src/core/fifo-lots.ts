// First in, first out beside the average cost: which opening each closing gave back, as tax tools count it.

/** Plain JSON; `cost` counts quanta (ticks x lots) as a decimal bigint, so merging lots never rounds. */
export interface FifoLot {
  /** Signed lots. */
  quantity: number;
  cost: string;
}

/** Beyond this many open lots the two oldest become one, exactly. */
const LOTS_MAX = 500;

/** Share `part/whole` of a cost, rounded to the nearest quantum; the remainder stays with the lot. */
export function shareOf(cost: bigint, part: bigint, whole: bigint): bigint {
  const twice = 2n * cost * part;
  const sign = twice < 0n ? -1n : 1n;
  return sign * ((sign * twice + whole) / (2n * whole));
}

/** Folds a fill (signed lots at a price in ticks) into the lots and returns the realized result in quanta. */
export function applyToLots(open: FifoLot[], signed: bigint, price: bigint): bigint {
  let left = signed;
  let realized = 0n;
  while (left !== 0n) {
    const lot = open[0];
    if (lot === undefined || BigInt(lot.quantity) > 0n === left > 0n) break;
    const held = BigInt(Math.abs(lot.quantity));
    const wanted = left < 0n ? -left : left;
    const taken = wanted < held ? wanted : held;
    const released = shareOf(BigInt(lot.cost), taken, held);
    realized += (left < 0n ? taken : -taken) * price - released;
    if (taken === held) open.shift();
    else {
      lot.quantity += lot.quantity > 0 ? -Number(taken) : Number(taken);
      lot.cost = (BigInt(lot.cost) - released).toString();
    }
    left += left < 0n ? taken : -taken;
  }
  if (left !== 0n) open.push({ quantity: Number(left), cost: (left * price).toString() });
  mergeOldest(open);
  return realized;
}

function mergeOldest(open: FifoLot[]): void {
  while (open.length > LOTS_MAX) {
    const [first, second] = open;
    if (first === undefined || second === undefined) return;
    open.splice(0, 2, { quantity: first.quantity + second.quantity, cost: (BigInt(first.cost) + BigInt(second.cost)).toString() });
  }
}
