// Remembers the newest things it was told, up to a number: for what may come twice but not a day later.

export interface Recent {
  /** True when it is new; from then on it is known. */
  add(key: string): boolean;
  has(key: string): boolean;
}

export function createRecent(max: number): Recent {
  const known = new Set<string>();
  return {
    add(key) {
      if (known.has(key)) return false;
      known.add(key);
      const [oldest] = known;
      if (known.size > max && oldest !== undefined) known.delete(oldest);
      return true;
    },
    has: (key) => known.has(key),
  };
}
