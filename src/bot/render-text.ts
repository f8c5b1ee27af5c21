// Text that is safe and aligned anywhere: hostile characters removed, widths of East Asian characters counted, tables laid out.

import type { Language, Text } from "../core/text.ts";

const ELLIPSIS = "…";
const CELL_WIDTH_MAX = 120;

/** Control characters (terminal escapes among them), invisible direction overrides and lone surrogates: nobody means those. */
const CONTROLS = /[^\P{Cc}\n]|[\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u;
const NUMERIC = /^[+-]?[\d,]*\.?\d+ ?%?$/;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The same text without characters that could move a terminal's cursor, reverse the reading order or break an encoder. */
export function cleanText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(CONTROLS, " ")
    .replace(/\p{Surrogate}/gu, "\ufffd");
}

/** One language of a text, cleaned. */
export function wordsOf(text: Text, language: Language): string {
  return cleanText(text[language]);
}

/** Columns a terminal or a monospace font needs: East Asian wide characters and emoji take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Shortens to at most `max` UTF-16 units, with an ellipsis, never through the middle of a character. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  let kept = "";
  for (const { segment } of graphemes.segment(text)) {
    if (kept.length + segment.length > max - ELLIPSIS.length) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
}

/** Pads with spaces to a display width; `right` puts the spaces in front, as numbers want it. */
export function pad(text: string, width: number, right = false): string {
  const spaces = " ".repeat(Math.max(0, width - displayWidth(text)));
  return right ? spaces + text : text + spaces;
}

export interface TableLines {
  /** Column names and the rule below them. */
  readonly head: readonly string[];
  readonly rows: readonly string[];
}

/** Lays out a table in monospace; columns that hold only numbers are aligned to the right. */
export function layOutTable(columns: readonly string[], rows: readonly (readonly string[])[]): TableLines {
  const cell = (text: string | undefined): string => clip(cleanText(text ?? "").replaceAll("\n", " "), CELL_WIDTH_MAX);
  const names = columns.map(cell);
  const cells = rows.map((row) => names.map((_, index) => cell(row[index])));
  const widths = names.map((name, index) => Math.max(displayWidth(name), ...cells.map((row) => displayWidth(row[index] ?? ""))));
  const isRight = names.map((_, index) => {
    const filled = cells.map((row) => row[index] ?? "").filter((text) => text !== "" && text !== "-");
    return filled.length > 0 && filled.every((text) => NUMERIC.test(text));
  });
  const line = (row: readonly string[]): string =>
    row
      .map((text, index) => pad(text, widths[index] ?? 0, isRight[index]))
      .join("  ")
      .trimEnd();
  return { head: [line(names), widths.map((width) => "-".repeat(width)).join("  ")], rows: cells.map(line) };
}

/** Lines that belong together, what encloses them in each message they land in, and what is repeated at the top of a new one. */
export interface Section {
  readonly open: string;
  readonly close: string;
  readonly lines: readonly string[];
  readonly repeat: readonly string[];
}

/** Room a single line may take, so that a section's enclosure and a repeated table head always fit beside it. */
const LINE_SHARE = 0.6;

/**
 * Escapes a text line by line. A line too long for one message is broken at a space where there is one; the break is made on
 * the raw text, so an escape is never cut in half.
 */
export function escapeLines(text: string, encode: (raw: string) => string, limit: number): string[] {
  const max = Math.floor(limit * LINE_SHARE);
  return text.split("\n").flatMap((line) => (encode(line).length <= max ? [encode(line)] : breakLine(line, encode, max)));
}

function breakLine(line: string, encode: (raw: string) => string, max: number): string[] {
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const { segment } of graphemes.segment(line)) {
    const cost = encode(segment).length;
    if (used + cost > max && piece !== "") {
      const space = piece.lastIndexOf(" ");
      const cut = space > piece.length / 2 ? space + 1 : piece.length;
      pieces.push(encode(piece.slice(0, cut)));
      piece = piece.slice(cut);
      used = encode(piece).length;
    }
    // A single character with thousands of combining marks is no text that anybody reads.
    if (cost > max) continue;
    piece += segment;
    used += cost;
  }
  if (piece !== "") pieces.push(encode(piece));
  return pieces;
}

/** Packs sections into as few messages of at most `limit` characters as their order allows, breaking only between lines. */
export function packSections(sections: readonly Section[], limit: number): string[] {
  const messages: string[] = [];
  let current = "";
  for (const section of sections) {
    let rest = section.lines;
    while (rest.length > 0) {
      const room = limit - (current === "" ? 0 : current.length + 1);
      const count = countFitting(section, rest, room);
      const isOnlyHead = count <= section.repeat.length && count < rest.length;
      if (isOnlyHead && current !== "") {
        messages.push(current);
        current = "";
        continue;
      }
      const taken = Math.max(1, count);
      const body = `${section.open}${rest.slice(0, taken).join("\n")}${section.close}`;
      current = current === "" ? body : `${current}\n${body}`;
      rest = rest.slice(taken);
      if (rest.length === 0) break;
      messages.push(current);
      current = "";
      if (!isOnlyHead) rest = [...section.repeat, ...rest];
    }
  }
  if (current !== "") messages.push(current);
  return messages;
}

function countFitting(section: Section, lines: readonly string[], room: number): number {
  let used = section.open.length + section.close.length;
  let count = 0;
  for (const line of lines) {
    used += line.length + (count === 0 ? 0 : 1);
    if (used > room) break;
    count += 1;
  }
  return count;
}
