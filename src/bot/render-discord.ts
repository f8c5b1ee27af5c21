// A reply as Discord reads it: embeds with escaped markdown, tables as code blocks, buttons as components.

import type { APIActionRowComponent, APIButtonComponentWithCustomId, APIEmbed, APIEmbedField } from "discord.js";
import type { Block, Button, Reply } from "../core/command.ts";
import type { Language } from "../core/text.ts";
import { buttonsOf, CHAT_MARKS } from "./render.ts";
import { clip, escapeLines, layOutTable, packSections, type Section, wordsOf } from "./render-text.ts";

/** https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
export const EMBED_LIMITS = {
  title: 256,
  description: 4096,
  fields: 25,
  fieldName: 256,
  fieldValue: 1024,
  total: 6000,
  embeds: 10,
} as const;
const BUTTON_LABEL_MAX = 80;
const BUTTONS_PER_ROW = 5;
const ROWS_MAX = 5;

const COLORS: Readonly<Record<Reply["tone"], number>> = { neutral: 0x5b7083, good: 0x2e9e5b, bad: 0xd23c3c };
/** Values of Discord's ButtonStyle; discord.js itself is too slow to load for a renderer. */
const STYLES: Readonly<Record<Button["style"], 1 | 2 | 4>> = { primary: 1, neutral: 2, danger: 4 };

/** The body of one message; the same for an interaction's answer, a channel message and a webhook. */
export interface DiscordMessage {
  readonly embeds: APIEmbed[];
  readonly components: APIActionRowComponent<APIButtonComponentWithCustomId>[];
  readonly allowed_mentions: { readonly parse: [] };
  readonly flags?: number;
}

/** Escapes what Discord would read as markup, mentions among it. */
export function escapeMarkdown(raw: string): string {
  return raw.replace(/[\\*_~`|<>[\]@]/g, "\\$&").replace(/^(\s*)([#+-]|\d+\.)(\s)/, "$1\\$2$3");
}

/** A reply as one or more messages inside Discord's limits; the buttons are on the last. */
export function renderDiscord(reply: Reply, language: Language): DiscordMessage[] {
  const color = COLORS[reply.tone];
  const title = clip(`${CHAT_MARKS[reply.tone]}${wordsOf(reply.title, language).replaceAll("\n", " ")}`, EMBED_LIMITS.title);
  const embeds: APIEmbed[] = [{ title: clip(escapeMarkdown(title), EMBED_LIMITS.title), color }];
  let pending: Section[] = [];
  const flush = (): void => {
    for (const description of packSections(pending, EMBED_LIMITS.description)) addDescription(embeds, description, color);
    pending = [];
  };
  for (const block of reply.blocks) {
    if (block.type === "fields") {
      flush();
      addFields(embeds, fieldsOf(block, language), color);
    } else {
      pending.push(...sectionsOf(block, language));
    }
  }
  flush();
  return messagesOf(embeds, rowsOf(reply, language));
}

function sectionsOf(block: Exclude<Block, { type: "fields" }>, language: Language): readonly Section[] {
  const limit = EMBED_LIMITS.description;
  switch (block.type) {
    case "text":
      return [{ open: "", close: "", lines: escapeLines(wordsOf(block.text, language), escapeMarkdown, limit), repeat: [] }];
    case "table": {
      // Inside a code block nothing is markup except the three backticks that would end it.
      const asCode = (raw: string): string => raw.replaceAll("`", "ˋ");
      const columns = block.columns.map((column) => wordsOf(column, language));
      const table = layOutTable(columns, block.rows);
      const head = table.head.flatMap((line) => escapeLines(line, asCode, limit));
      const rows = table.rows.flatMap((line) => escapeLines(line, asCode, limit));
      return [{ open: "```\n", close: "\n```", lines: [...head, ...rows], repeat: head }];
    }
    case "buttons":
      return [];
  }
}

function fieldsOf(block: Extract<Block, { type: "fields" }>, language: Language): APIEmbedField[] {
  // Discord refuses empty names and values; a zero-width space is its own advice.
  const filled = (text: string): string => (text.trim() === "" ? "\u200b" : text);
  return block.fields.map((field) => ({
    name: filled(clip(escapeMarkdown(wordsOf(field.label, language)), EMBED_LIMITS.fieldName)),
    value: filled(clip(escapeMarkdown(wordsOf(field.value, language)), EMBED_LIMITS.fieldValue)),
    inline: true,
  }));
}

/** Text goes into the newest embed unless that already has some, or has fields, which Discord shows below the text. */
function addDescription(embeds: APIEmbed[], description: string, color: number): void {
  const last = embeds.at(-1);
  if (last !== undefined && last.description === undefined && last.fields === undefined) last.description = description;
  else embeds.push({ description, color });
}

function addFields(embeds: APIEmbed[], fields: APIEmbedField[], color: number): void {
  for (const part of chunksBySize(fields, EMBED_LIMITS.fields, (field) => field.name.length + field.value.length)) {
    const last = embeds.at(-1);
    const fits = last !== undefined && last.fields === undefined && sizeOf(last) + sizeOf({ fields: part }) <= EMBED_LIMITS.total;
    if (fits) last.fields = part;
    else embeds.push({ color, fields: part });
  }
}

function sizeOf(embed: APIEmbed): number {
  const fields = (embed.fields ?? []).reduce((sum, field) => sum + field.name.length + field.value.length, 0);
  return (embed.title?.length ?? 0) + (embed.description?.length ?? 0) + fields;
}

/** Groups of at most `count` items whose sizes sum to what one message may hold. */
function chunksBySize<Item>(items: readonly Item[], count: number, size: (item: Item) => number): Item[][] {
  const chunks: Item[][] = [];
  let used = 0;
  for (const item of items) {
    const last = chunks.at(-1);
    if (last === undefined || last.length >= count || used + size(item) > EMBED_LIMITS.total) {
      chunks.push([item]);
      used = size(item);
    } else {
      last.push(item);
      used += size(item);
    }
  }
  return chunks;
}

function rowsOf(reply: Reply, language: Language): DiscordMessage["components"] {
  const buttons = buttonsOf(reply).map((button) => ({
    type: 2 as const,
    style: STYLES[button.style],
    label: clip(wordsOf(button.label, language).replaceAll("\n", " "), BUTTON_LABEL_MAX),
    custom_id: button.token,
  }));
  const rows: DiscordMessage["components"] = [];
  for (let at = 0; at < buttons.length && rows.length < ROWS_MAX; at += BUTTONS_PER_ROW) {
    rows.push({ type: 1, components: buttons.slice(at, at + BUTTONS_PER_ROW) });
  }
  return rows;
}

function messagesOf(embeds: readonly APIEmbed[], components: DiscordMessage["components"]): DiscordMessage[] {
  const groups = chunksBySize(embeds, EMBED_LIMITS.embeds, sizeOf);
  return groups.map((group, index) => ({
    embeds: group,
    components: index === groups.length - 1 ? components : [],
    allowed_mentions: { parse: [] },
  }));
}
