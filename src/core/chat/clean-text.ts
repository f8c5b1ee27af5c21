// Makes text from outside fit for one line of a reply, a log or the audit.

/** Control characters, line and paragraph separators, and the marks that turn the direction of writing around. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** One line without control or direction marks, at most `limit` characters (a cut shows as an ellipsis). */
export function cleanLine(value: string, limit: number): string {
  const line = value.replace(UNSAFE, " ").replace(/ {2,}/g, " ").trim();
  // Code points, so that an emoji is never cut in half; the slice bounds the work on endless input.
  const characters = [...line.slice(0, (limit + 1) * 2)];
  return characters.length > limit ? `${characters.slice(0, limit - 1).join("")}…` : line;
}
