// Says of every key of an old file what becomes of it: as rows for programs and as a table for people.

import { type Fault, sayFault, shownValue } from "../../core/fault-words.ts";
import type { Language, Text } from "../../core/text.ts";
import { type FileFault, faultIn } from "../config-fault.ts";
import type { SeedConversion, SeedFault, SeedNote, SeedRow } from "./seed-key.ts";

export interface SeedReport {
  readonly rows: readonly SeedRow[];
  readonly faults: readonly FileFault[];
}

/**
 * The whole report of one file. `drafted` are the faults that the draft has as a bot: each is named by the key that it came
 * from, and one that only follows from a key which is refused already is left out.
 */
export function reportOf(file: string, { bots, notes, faults }: SeedConversion, drafted: readonly Fault[]): SeedReport {
  const filled = new Set(faults.map(({ to }) => to));
  const isNews = ({ path, value }: Fault): boolean =>
    faults.length === 0 || (value !== undefined && ![...filled].some((to) => to !== null && isWithin(path, to)));
  const later = drafted.filter(isNews).map((fault) => namedByKey(fault, notes));
  const all: readonly SeedFault[] = [...faults, ...later];
  const broken = new Set(later.map(({ path }) => path));
  const bot = notes[0]?.bot ?? idOf(bots[0]);
  const kept = notes.filter(({ key, to }) => !broken.has(key ?? to ?? ""));
  const refused = all.map((fault): SeedRow => {
    const { path, value } = faultIn(file, "", fault);
    return { file, bot, key: path, action: "refused", to: fault.to, value, becomes: undefined, reason: fault.rule };
  });
  return { rows: [...kept.map((note): SeedRow => ({ file, ...note })), ...refused], faults: all.map((fault) => faultIn(file, "", fault)) };
}

function idOf(draft: unknown): string {
  return typeof draft === "object" && draft !== null && "id" in draft ? String(draft.id) : "";
}

function isWithin(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`);
}

function namedByKey(fault: Fault, notes: readonly SeedNote[]): SeedFault {
  const note = notes.find(({ to }) => to !== null && isWithin(fault.path, to));
  if (note === undefined || note.key === null) return { ...fault, to: fault.path };
  const said = sayFault(fault);
  return {
    path: note.key,
    value: note.value,
    rule: { en: `is not fit for a bot: ${said.en}`, "zh-TW": `不適用：${said["zh-TW"]}` },
    to: fault.path,
  };
}

/** For programs. */
export function seedRow({ file, bot, key, action, to, value, becomes, reason }: SeedRow): unknown {
  return { file, bot, key, action, to, value: value ?? null, becomes: becomes ?? null, reason: reason.en };
}

const ACTIONS: Readonly<Record<SeedRow["action"], Text>> = {
  mapped: { en: "mapped", "zh-TW": "對應" },
  ignored: { en: "ignored", "zh-TW": "略過" },
  refused: { en: "refused", "zh-TW": "拒絕" },
  added: { en: "added", "zh-TW": "補上" },
};
const HEAD: readonly Text[] = [
  { en: "ACTION", "zh-TW": "處理" },
  { en: "KEY", "zh-TW": "鍵" },
  { en: "TO", "zh-TW": "欄位" },
  { en: "VALUE", "zh-TW": "值" },
  { en: "REASON", "zh-TW": "原因" },
];

/** One line per key, in columns; the reason stands last and is not cut. */
export function seedTable(rows: readonly SeedRow[], language: Language): readonly string[] {
  const cells = [HEAD.map((head) => head[language]), ...rows.map((row) => cellsOf(row, language))];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => widthOf(line[column] ?? ""))));
  const lines = cells.map((line) => line.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell))));
  return lines.map((line) => line.join("  ").trimEnd());
}

function cellsOf({ action, key, to, value, becomes, reason }: SeedRow, language: Language): readonly string[] {
  const isSame = String(value) === String(becomes);
  const shown = action === "mapped" && !isSame ? `${short(value)} → ${short(becomes)}` : short(becomes ?? value);
  return [ACTIONS[action][language], key ?? "-", to ?? "-", shown, reason[language]];
}

const VALUE_MAX = 30;

/** A value within the column; JSON has it whole. */
function short(value: unknown): string {
  const text = shownValue(value);
  return text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX - 1)}…` : text;
}

/** Columns of a terminal: Chinese characters and full-width marks take two. */
function widthOf(text: string): number {
  return [...text].reduce(
    (width, character) =>
      width + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/.test(character) ? 2 : 1),
    0,
  );
}
