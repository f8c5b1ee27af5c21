// What a person is told about one argument of a command: what it is and what would be right.

import { z } from "zod";
import type { AnyCommand } from "../command.ts";
import { plain, type Text } from "../text.ts";

export interface ArgumentWords {
  /** What the argument is, at most 100 characters (Discord's limit for an option's description). */
  readonly description: Text;
  /** How a right value looks, read after "give": `a bot's name such as eth_grid`. */
  readonly right: Text;
  /** Takes the rest of the line; for the last field only. */
  readonly takesRest?: boolean;
  /** Never written to the audit, e.g. a pairing code. */
  readonly isSecret?: boolean;
}

const registry = z.registry<ArgumentWords>();

/** Ties words to a field of `Command.args`. Call it last: zod's `optional()` and friends make a new schema without them. */
export function argument<Schema extends z.ZodType>(schema: Schema, words: ArgumentWords): Schema {
  const described = schema.describe(words.description.en);
  registry.add(described, words);
  return described;
}

/** The words of a field; its zod description when it has none. */
export function argumentWords(field: z.ZodType): ArgumentWords {
  return registry.get(field) ?? { description: plain(field.description ?? ""), right: plain(field.description ?? "a value") };
}

export interface Field {
  readonly name: string;
  readonly isOptional: boolean;
  readonly words: ArgumentWords;
}

/** The arguments of a command in their order, for help and for a frontend's own forms. */
export function fieldsOf(command: AnyCommand): readonly Field[] {
  const shape: Readonly<Record<string, z.ZodType>> = command.args.shape;
  return Object.entries(shape).map(([name, field]) => ({
    name,
    isOptional: field.safeParse(undefined).success,
    words: argumentWords(field),
  }));
}

/** `/fills bot [limit]`. */
export function usageOf(command: AnyCommand): string {
  return [`/${command.name}`, ...fieldsOf(command).map((field) => (field.isOptional ? `[${field.name}]` : field.name))].join(" ");
}
