// Keeps account of a conversion: every key of the old file is judged exactly once, and what nobody judged is refused at the end.

import { nearestNames } from "../../core/chat/nearest-names.ts";
import { looksLikeSecret } from "../../core/chat/secret-words.ts";
import { isSecretName, isSecretValue, isSecretVariable, REDACTED, safeValue } from "../../core/config-secrets.ts";
import { escapeReferences, substitute } from "../../core/config-substitution.ts";
import { Word } from "../../core/config-values.ts";
import { plain, type Text } from "../../core/text.ts";
import type { Leaf, SeedGroup } from "./leaves.ts";
import { isTree } from "./leaves.ts";
import type { SeedConversion, SeedFault, SeedNote, SeedOptions } from "./seed-key.ts";
import { type Kind, readValue } from "./values.ts";
import { EMPTY, NULL, OLD_DEFAULT, outside, SECRET_INSIDE, SET_BY_HAND, sameAs, stray, unknownKey, unlike } from "./words.ts";

const REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** A key that was found, with its variables put in. */
export interface Found {
  readonly leaf: Leaf;
  readonly value: unknown;
}

/** How one field of a bot is filled. */
export interface Field {
  /** Names in the old file; the first one that is there counts. */
  readonly names: readonly string[];
  readonly to: string;
  readonly kind: Kind;
  /** The old system's own default, written down when the file says nothing. */
  readonly preset?: string | number | boolean;
  readonly reason?: Text;
}

export class SeedBook {
  readonly options: SeedOptions;
  readonly #leaves: readonly Leaf[];
  readonly #judged = new Set<Leaf>();
  #notes: Omit<SeedNote, "bot">[] = [];
  readonly #faults: SeedFault[] = [];
  readonly #draft: Record<string, unknown> = {};
  /** Names that the old system knew, for a hint about a mistyped one. */
  readonly #asked = new Set<string>();

  constructor(leaves: readonly Leaf[], options: SeedOptions) {
    this.#leaves = leaves;
    this.options = options;
    for (const leaf of leaves) if (leaf.fault !== undefined) this.refuse(leaf, leaf.fault);
  }

  has(group: SeedGroup): boolean {
    return this.#leaves.some((leaf) => leaf.group === group);
  }

  /** Keys of a block that nobody has judged yet. */
  left(group: SeedGroup): readonly Leaf[] {
    return this.#leaves.filter((leaf) => leaf.group === group && !this.#judged.has(leaf));
  }

  /** What the draft has at a dotted field so far, or what `--set` puts there. */
  at(to: string): unknown {
    return (
      this.options.overrides.get(to) ?? to.split(".").reduce<unknown>((held, key) => (isTree(held) ? held[key] : undefined), this.#draft)
    );
  }

  /** True when the field is filled, or when what should fill it was refused. */
  isSettled(to: string): boolean {
    return this.at(to) !== undefined || this.#faults.some((fault) => fault.to === to);
  }

  /**
   * The first key of these names in these blocks, in their order. Others of the same meaning are judged: the same again is
   * ignored, anything else is refused. With `block`, a key outside of all blocks never counts: the old system did not read it.
   */
  find(groups: readonly SeedGroup[], names: readonly string[], to: string | null, block?: string): Found | null {
    for (const name of names) this.#asked.add(name);
    const all = groups.flatMap((group) => names.flatMap((name) => this.left(group).filter((leaf) => leaf.name === name)));
    const given = all.filter((leaf) => leaf.value !== null);
    for (const leaf of all.filter(({ value }) => value === null)) this.ignore(leaf, NULL);
    const [first, ...others] = given;
    if (first === undefined) return null;
    for (const leaf of others) {
      const isSame = written(leaf.value) === written(first.value);
      if (isSame) this.ignore(leaf, sameAs(first.path));
      else this.refuse(leaf, leaf.group === "top" ? stray(first.path, this.shown(first)) : unlike(first.path, this.shown(first)), to);
    }
    if (first.group !== "top" || block === undefined) return this.#resolved(first, to);
    this.refuse(first, outside(block), to);
    return null;
  }

  /** Fills a field from the file, else with the old system's default; returns what it became. */
  carry(groups: readonly SeedGroup[], field: Field, block?: string): unknown {
    const found = this.find(groups, field.names, field.to, block);
    if (found === null) {
      if (field.preset !== undefined) this.add(field.to, field.preset, OLD_DEFAULT);
      return this.at(field.to);
    }
    const read = readValue(field.kind, found.value);
    if ("rule" in read) this.refuse(found.leaf, read.rule, field.to);
    else this.map(found.leaf, field.to, read.value, field.reason);
    return this.at(field.to);
  }

  map(leaf: Leaf, to: string, becomes: unknown, reason: Text = plain("")): void {
    const text = typeof becomes === "string" ? becomes : JSON.stringify(becomes);
    if (isSecretValue(text) || looksLikeSecret(text)) return this.refuse(leaf, SECRET_INSIDE, to);
    this.#judge(leaf);
    const given = this.options.overrides.get(to);
    const why = given === undefined ? reason : SET_BY_HAND;
    this.#notes.push({ key: leaf.path, action: "mapped", to, value: this.shown(leaf), becomes: given ?? becomes, reason: why });
    this.#put(to, becomes);
  }

  ignore(leaf: Leaf, reason: Text): void {
    this.#judge(leaf);
    this.#notes.push({ key: leaf.path, action: "ignored", to: null, value: this.shown(leaf), becomes: undefined, reason });
  }

  refuse(leaf: Leaf, rule: Text, to: string | null = null): void {
    this.#judge(leaf);
    this.#faults.push({ path: leaf.path, value: this.shown(leaf), rule, to });
  }

  /** A field that no key gave; says nothing when `--set` or a refused key stands in its place. */
  add(to: string, becomes: string | number | boolean, reason: Text): void {
    if (this.isSettled(to)) return;
    this.#notes.push({ key: null, action: "added", to, value: undefined, becomes, reason });
    this.#put(to, becomes);
  }

  /** A key that must be there and is not, or is null. */
  miss(path: string, rule: Text, to: string): void {
    if (this.isSettled(to) || this.#faults.some((fault) => fault.path === path)) return;
    this.#notes = this.#notes.filter(({ key }) => key !== path);
    this.#faults.push({ path, value: undefined, rule, to });
  }

  /** Refuses what is left and closes the book. */
  conclude(): SeedConversion {
    for (const leaf of this.#leaves) {
      if (this.#judged.has(leaf)) continue;
      if (isTree(leaf.value)) this.ignore(leaf, EMPTY);
      else this.#refuseUnknown(leaf);
    }
    const bot = String(this.at("id") ?? "");
    return { bots: [withoutReferences(this.#draft)], notes: this.#notes.map((note) => ({ bot, ...note })), faults: this.#faults };
  }

  /** A key's value as it may be shown: never a secret, nor what stands under a name that nobody knows. */
  shown(leaf: Leaf): unknown {
    const { value } = leaf;
    if (value === undefined || value === null || typeof value === "boolean") return value;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const variable = REFERENCE.exec(text)?.[1];
    if (variable !== undefined) return text;
    const hasSecretDefault = [...text.matchAll(/\$\{(\w+):-/g)].some((match) => isSecretVariable(match[1] ?? ""));
    if (hasSecretDefault || looksLikeSecret(text) || isSecretName(leaf.name) || HIDDEN_NAMES.has(leaf.name)) return REDACTED;
    return safeValue(leaf.path, value);
  }

  #refuseUnknown(leaf: Leaf): void {
    this.#judge(leaf);
    const near = nearestNames(leaf.name.slice(leaf.name.lastIndexOf(".") + 1), [...this.#asked])[0];
    this.#faults.push({ path: leaf.path, value: undefined, rule: unknownKey(near), to: null });
  }

  #resolved(leaf: Leaf, to: string | null): Found | null {
    if (typeof leaf.value !== "string") return { leaf, value: leaf.value };
    const { value, faults } = substitute({ [leaf.name]: leaf.value }, this.options.lookUp);
    const [fault] = faults;
    if (fault !== undefined) {
      this.refuse(leaf, fault.rule, to);
      return null;
    }
    const text = value[leaf.name];
    return { leaf, value: text instanceof Word ? text.text : text };
  }

  #judge(leaf: Leaf): void {
    if (this.#judged.has(leaf)) throw new Error(`${leaf.path} is judged twice`);
    this.#judged.add(leaf);
  }

  #put(to: string, value: unknown): void {
    const path = to.split(".");
    const last = path.pop() ?? to;
    let held: Record<string, unknown> = this.#draft;
    for (const key of path) {
      if (!isTree(held[key])) held[key] = {};
      held = held[key] as Record<string, unknown>;
    }
    held[last] = value;
  }
}

/** A value for comparison: 20 and "20" are the same to the old system. */
function written(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Secrets whose names do not say so. */
const HIDDEN_NAMES: ReadonlySet<string> = new Set(["zk_seeds", "seeds", "seed", "session_id", "proxy", "http_proxy", "https_proxy"]);

/** Variables were put in already: what is left of `${` is text. */
function withoutReferences(value: unknown): unknown {
  if (typeof value === "string") return escapeReferences(value);
  if (Array.isArray(value)) return value.map(withoutReferences);
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutReferences(inner)]));
}
