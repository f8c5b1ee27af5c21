// The parameter tables of docs/strategies.md, made from the strategies' zod schemas.

import { PRODUCTS } from "../core/bot-products.ts";
import { type ParamField, paramFields } from "../core/param-fields.ts";
import type { Strategy } from "../core/strategy.ts";

const MARK = /(<!-- parameters of ([a-z0-9-]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/**
 * A document whose tables are up to date: each lies between `<!-- parameters of NAME -->` and `<!-- end -->`.
 * Throws when it has a table of a strategy that does not exist, or lacks one of a strategy that does.
 */
export function withTables(document: string, strategies: ReadonlyMap<string, Strategy>): string {
  const seen = new Set<string>();
  const updated = document.replace(MARK, (_all, begin: string, name: string, end: string) => {
    const strategy = strategies.get(name);
    if (strategy === undefined) throw new Error(`the document describes ${name}, but there is no such strategy`);
    seen.add(name);
    return `${begin}\n${strategyTable(strategy)}\n\n${end}`;
  });
  const missing = [...strategies.keys()].filter((name) => !seen.has(name));
  if (missing.length > 0) throw new Error(`add "<!-- parameters of ${missing[0]} -->" and "<!-- end -->" to the document`);
  return updated;
}

/** Summary, products and parameters of one strategy as Markdown. */
export function strategyTable(strategy: Strategy): string {
  const products = PRODUCTS.filter((product) => product.strategy === strategy.name).map(
    ({ name, kind, summary }) => `- \`${name}\`${kind === "either" ? "" : ` (${kind} only)`}: ${summary.en}`,
  );
  return [
    `${strategy.summary.en}.`,
    ...(products.length === 0 ? [] : ["", ...products]),
    "",
    "| Parameter | Type | Default | Meaning |",
    "|---|---|---|---|",
    ...paramFields(strategy.params).map(row),
  ].join("\n");
}

function row(field: ParamField): string {
  const none = field.isRequired ? "required" : "none";
  const value =
    field.default === undefined ? none : `\`${typeof field.default === "string" ? field.default : JSON.stringify(field.default)}\``;
  return `| \`${field.name}\` | ${cell(field.type)} | ${cell(value)} | ${cell(field.description)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
