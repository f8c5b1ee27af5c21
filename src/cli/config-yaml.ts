// Reads YAML 1.2 into a tree that keeps the digits of numbers; anchors, tags, merge keys and deep nesting are refused.

import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  Scalar,
  type YAMLMap,
} from "yaml";
import { isForbiddenName } from "../core/config-overrides.ts";
import { type ConfigValue, DEPTH_MAX, isNumberText, NUMBER_LENGTH_MAX, WrittenNumber } from "../core/config-values.ts";
import { FileRefused } from "./config-fault.ts";
import {
  aliased,
  forbiddenName,
  merged,
  noPlainNumber,
  noYaml,
  numberTooLong,
  otherYaml,
  severalDocuments,
  tagged,
  tooDeep,
  twice,
  wrongKey,
} from "./config-refusals.ts";

/** The parser's stack holds up to four entries for each level that a person sees. */
const STACK_MAX = 4 * DEPTH_MAX;
/** Digits with a leading zero mean another number to other readers of YAML. */
const LEADING_ZERO = /^[+-]?0\d/;

interface Reading {
  readonly place: (position: number) => { readonly line: number; readonly column: number };
}

/** The tree of a YAML text. Throws a FileRefused that names line and column. */
export function readYaml(text: string): ConfigValue {
  const lines = new LineCounter();
  const place = (position: number) => {
    const { line, col } = lines.linePos(position);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  // Keys are compared below, in one pass; the composer would compare each with each.
  const composer = new Composer({ version: "1.2", schema: "core", merge: false, uniqueKeys: false, prettyErrors: false });
  const documents: Document.Parsed[] = [];
  for (const document of composer.compose(tokensOf(text, lines, place), true, text.length)) {
    documents.push(document as Document.Parsed);
    if (documents.length === 2) throw new FileRefused(severalDocuments(place(document.range?.[0] ?? 0)));
  }
  const [document] = documents;
  if (document === undefined) return null;
  const { version, explicit } = document.directives.yaml;
  if (explicit === true && version !== "1.2") throw new FileRefused(otherYaml(version));
  const [error] = document.errors;
  if (error !== undefined) throw new FileRefused(noYaml(place(error.pos[0]), error.message));
  return document.contents === null ? null : treeOf(document.contents, [], { place });
}

/** The tokens one by one, so that a nest of brackets ends here and not in a stack overflow. */
function* tokensOf(text: string, lines: LineCounter, place: Reading["place"]) {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > STACK_MAX) throw new FileRefused(tooDeep(place(parser.offset)));
  }
  yield* parser.end();
}

function treeOf(node: Node | null, path: readonly string[], reading: Reading): ConfigValue {
  if (node === null) return null;
  const place = reading.place(node.range?.[0] ?? 0);
  const at = path.join(".");
  if (isAlias(node) || ("anchor" in node && node.anchor !== undefined)) throw new FileRefused(aliased(place), at);
  if (isTagged(node)) throw new FileRefused(tagged(place, String(node.tag)), at);
  if (isScalar(node)) return scalarOf(node, at, reading);
  if (path.length >= DEPTH_MAX) throw new FileRefused(tooDeep(place));
  if (isSeq(node)) return node.items.map((item, index) => treeOf(item as Node | null, [...path, String(index)], reading));
  return isMap(node) ? fieldsOf(node, path, reading) : null;
}

/** Without a tag in the file, the composer sets none on maps, lists and plain values. */
function isTagged(node: Node): boolean {
  return typeof node.tag === "string" && node.tag !== "";
}

function fieldsOf(map: YAMLMap, path: readonly string[], reading: Reading): ConfigValue {
  const fields: Record<string, ConfigValue> = {};
  for (const { key: node, value } of map.items) {
    const place = reading.place((node as Node | null)?.range?.[0] ?? map.range?.[0] ?? 0);
    if (!isScalar(node) || node.anchor !== undefined || isTagged(node)) throw new FileRefused(wrongKey(place), path.join("."));
    const key = node.type === Scalar.PLAIN ? (node.source ?? "") : String(node.value);
    const at = [...path, key].join(".");
    if (key === "<<" && node.type === Scalar.PLAIN) throw new FileRefused(merged(place), at);
    if (isForbiddenName(key)) throw new FileRefused(forbiddenName(place), at);
    if (Object.hasOwn(fields, key)) throw new FileRefused(twice(place), at);
    fields[key] = treeOf(value as Node | null, [...path, key], reading);
  }
  return fields;
}

function scalarOf({ value, source, range }: Scalar, path: string, reading: Reading): ConfigValue {
  if (typeof value === "string" || typeof value === "boolean" || value === null || value === undefined) return value ?? null;
  const written = source ?? String(value);
  if (written.length > NUMBER_LENGTH_MAX) throw new FileRefused(numberTooLong(written.length), path);
  if (typeof value !== "number" || !isNumberText(written) || LEADING_ZERO.test(written))
    throw new FileRefused(noPlainNumber(reading.place(range?.[0] ?? 0)), path, written);
  return new WrittenNumber(written);
}
