// Finds the names that a mistyped word may have meant.

const LENGTH_MAX = 40;

/** Number of single-letter insertions, deletions, replacements and swaps of neighbours between two short words. */
function editDistance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= left.length; row++) {
    const line = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      const cell = (r: number, c: number): number => rows[r]?.[c] ?? 0;
      let best = Math.min(cell(row - 1, column) + 1, (line[column - 1] ?? 0) + 1, cell(row - 1, column - 1) + (same ? 0 : 1));
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && swapped) best = Math.min(best, cell(row - 2, column - 2) + 1);
      line.push(best);
    }
    rows.push(line);
  }
  return rows[left.length]?.[right.length] ?? 0;
}

/** Up to three names that begin with the word or differ from it by at most two letters, nearest first. */
export function nearestNames(word: string, names: readonly string[]): readonly string[] {
  const typed = word.toLowerCase().slice(0, LENGTH_MAX);
  if (typed.length === 0) return [];
  return names
    .map((name) => ({ name, distance: name.startsWith(typed) ? 0 : editDistance(typed, name.slice(0, LENGTH_MAX)) }))
    .filter(({ name, distance }) => distance === 0 || distance <= Math.min(2, Math.floor(name.length / 2)))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}
