// A reply as people read it in a terminal (plain text) and in Telegram (HTML).

import type { Block, Button, Reply } from "../core/command.ts";
import type { Language } from "../core/text.ts";
import { clip, displayWidth, escapeLines, layOutTable, packSections, pad, type Section, wordsOf } from "./render-text.ts";

/** https://core.telegram.org/bots/api#sendmessage; counted with its markup, so it holds after parsing too. */
export const TELEGRAM_TEXT_MAX = 4096;
const TITLE_MAX = 250;
const LABEL_MAX = 200;
const BUTTON_LABEL_MAX = 60;
const BUTTONS_PER_ROW = 2;

const PLAIN_MARKS: Readonly<Record<Reply["tone"], string>> = { neutral: "", good: "✓ ", bad: "✗ " };
export const CHAT_MARKS: Readonly<Record<Reply["tone"], string>> = { neutral: "", good: "✅ ", bad: "❌ " };

/** Every button of a reply in the order it is shown; the plain rendering numbers them from 1. */
export function buttonsOf(reply: Reply): readonly Button[] {
  return reply.blocks.flatMap((block) => (block.type === "buttons" ? block.buttons : []));
}

/** A reply for a terminal: aligned fields and tables, buttons as a numbered list. Holds no escape sequences. */
export function renderPlain(reply: Reply, language: Language): string {
  const lines = [`${PLAIN_MARKS[reply.tone]}${wordsOf(reply.title, language)}`];
  for (const block of reply.blocks) lines.push(...plainLines(block, language));
  const buttons = buttonsOf(reply).map((button, index) => `[${index + 1}] ${wordsOf(button.label, language)}`);
  if (buttons.length > 0) lines.push("", buttons.join("   "));
  return lines.join("\n");
}

function plainLines(block: Block, language: Language): readonly string[] {
  switch (block.type) {
    case "text":
      return [wordsOf(block.text, language)];
    case "fields": {
      const labels = block.fields.map((field) => wordsOf(field.label, language));
      const width = Math.max(0, ...labels.map(displayWidth));
      const indent = `\n${" ".repeat(width + 4)}`;
      const values = block.fields.map((field) => wordsOf(field.value, language).replaceAll("\n", indent));
      return values.map((value, index) => `  ${pad(labels[index] ?? "", width)}  ${value}`.trimEnd());
    }
    case "table": {
      const table = layOutTable(
        block.columns.map((column) => wordsOf(column, language)),
        block.rows,
      );
      return ["", ...table.head, ...table.rows];
    }
    case "buttons":
      return [];
  }
}

/** The three characters that Telegram's HTML mode wants escaped. */
export function escapeHtml(raw: string): string {
  return raw.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A reply as Telegram HTML, split on line ends into messages of at most 4096 characters; a split table repeats its head. */
export function renderHtml(reply: Reply, language: Language): string[] {
  const title = escapeHtml(clip(wordsOf(reply.title, language).replaceAll("\n", " "), TITLE_MAX));
  const sections: Section[] = [textSection([`${CHAT_MARKS[reply.tone]}<b>${title}</b>`])];
  for (const block of reply.blocks) sections.push(...htmlSections(block, language));
  return packSections(sections, TELEGRAM_TEXT_MAX);
}

function textSection(lines: readonly string[]): Section {
  return { open: "", close: "", lines, repeat: [] };
}

function htmlSections(block: Block, language: Language): readonly Section[] {
  const escaped = (text: string): string[] => escapeLines(text, escapeHtml, TELEGRAM_TEXT_MAX);
  switch (block.type) {
    case "text":
      return [textSection(escaped(wordsOf(block.text, language)))];
    case "fields":
      return [
        textSection(
          block.fields.flatMap((field) => {
            const label = escapeHtml(clip(wordsOf(field.label, language), LABEL_MAX));
            const [first = "", ...rest] = escaped(wordsOf(field.value, language));
            return [`<b>${label}</b>: ${first}`, ...rest];
          }),
        ),
      ];
    case "table": {
      const columns = block.columns.map((column) => wordsOf(column, language));
      const table = layOutTable(columns, block.rows);
      const head = table.head.flatMap(escaped);
      return [{ open: "<pre>", close: "</pre>", lines: [...head, ...table.rows.flatMap(escaped)], repeat: head }];
    }
    case "buttons":
      return [];
  }
}

export interface InlineButton {
  readonly text: string;
  readonly callback_data: string;
  readonly style?: "primary" | "danger";
}

/** The buttons of a reply as Telegram's inline keyboard; each carries its token and nothing else. */
export function keyboardOf(reply: Reply, language: Language): InlineButton[][] {
  const rows: InlineButton[][] = [];
  for (const block of reply.blocks) {
    if (block.type !== "buttons") continue;
    const buttons = block.buttons.map((button): InlineButton => {
      const text = clip(wordsOf(button.label, language).replaceAll("\n", " "), BUTTON_LABEL_MAX);
      return { text, callback_data: button.token, ...(button.style === "neutral" ? {} : { style: button.style }) };
    });
    for (let at = 0; at < buttons.length; at += BUTTONS_PER_ROW) rows.push(buttons.slice(at, at + BUTTONS_PER_ROW));
  }
  return rows;
}
