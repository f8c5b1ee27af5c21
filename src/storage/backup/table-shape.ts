// What a backup knows of a table: its columns, the tables that must be filled before it, and its counter.

export type ColumnType = "text" | "integer" | "bigint" | "boolean";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

export interface TableShape {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Tables that its foreign keys name. */
  readonly parents: readonly string[];
}

/** A value as a backup holds it: 64-bit integers are decimal strings, because a JSON number would lose their end. */
export type Value = string | number | boolean | null;
export type Row = readonly Value[];

/** The last number that a table's counter gave: it must not give one again, even if that row is gone. */
export interface Counter {
  readonly table: string;
  readonly column: string;
  readonly last: string;
}

/** The migrations' own books; every database keeps them itself. */
export const MIGRATIONS_TABLE = "_prisma_migrations";

/** Parents before children, otherwise by name. Throws when tables refer to each other in a circle. */
export function inOrderOfKeys(tables: readonly TableShape[]): TableShape[] {
  const waiting = [...tables].sort((one, other) => (one.name < other.name ? -1 : 1));
  const ordered: TableShape[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex((table) =>
      table.parents.every((parent) => parent === table.name || ordered.some(({ name }) => name === parent)),
    );
    if (next < 0) throw new Error(`tables refer to each other in a circle: ${waiting.map(({ name }) => name).join(", ")}`);
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered;
}

/** The type of a column as SQLite or PostgreSQL declares it. Throws for one that no table of ours has. */
export function columnType(declared: string): ColumnType {
  switch (declared.toLowerCase()) {
    case "text":
    case "character varying":
      return "text";
    case "integer":
      return "integer";
    case "bigint":
      return "bigint";
    case "boolean":
      return "boolean";
    default:
      throw new Error(`a column of type ${declared} cannot be backed up`);
  }
}

/** Whether a value read from a file fits a column's type. */
export function fits(value: unknown, type: ColumnType): value is Value {
  if (value === null) return true;
  switch (type) {
    case "text":
      return typeof value === "string";
    case "integer":
      return Number.isSafeInteger(value);
    case "bigint":
      return typeof value === "string" && /^-?\d{1,19}$/.test(value);
    case "boolean":
      return typeof value === "boolean";
  }
}

/** A name in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
