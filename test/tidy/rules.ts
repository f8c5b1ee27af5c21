// The house rules as functions: each takes the sources and returns one line per violation, which says what to do instead.

import { basename } from "node:path";
import {
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
  isStringLiteral,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import { lineOf, resolveImport, type Source, type SourceTree, walk } from "./source-tree.ts";

export type Rule = (tree: SourceTree) => readonly string[];

/** Who may import whom, by folder of src; a folder may always import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  strategies: ["core"],
  commands: ["core", "strategies"],
  exchanges: ["core"],
  storage: ["core"],
  sim: ["core", "strategies"],
  workers: ["core", "strategies", "exchanges", "storage", "sim"],
  bot: ["core", "commands", "storage"],
  web: ["core", "commands", "storage"],
  cli: ["core", "strategies", "commands", "exchanges", "sim", "storage", "workers", "bot", "web"],
};

const PURE_FOLDERS = ["src/core/", "src/strategies/", "src/commands/", "src/sim/"];
/** The two registries read their own folder; these files of sim are its server, its files and its clock. */
const IMPURE_FILES = [
  "src/strategies/index.ts",
  "src/commands/index.ts",
  ...["admin-rest", "dialect", "gate", "socket-tap", "stale-reads", "fault-file", "recorded-funding"].map(inSim),
  ...["exchange-sim", "journal", "market-driver", "recording", "recorded-bars", "recorded-depth", "recorded-trades", "csv-rows"].map(inSim),
  ...["sim-folder"].map(inSim),
];
const PURE_PACKAGES = ["zod", "big.js"];

/** The dialects of the simulated exchange are servers. */
const IMPURE_FOLDERS = ["src/sim/backpack/", "src/sim/aster/", "src/sim/paradex/", "src/sim/lighter/"];

/** What pure code must not touch, and what it uses instead. */
const IMPURE_NAMES: Readonly<Record<string, string>> = {
  setTimeout: "a wake effect",
  setInterval: "a wake effect",
  setImmediate: "a wake effect",
  queueMicrotask: "a wake effect",
  fetch: "a port",
  process: "an argument",
  performance: "the time of the event",
  crypto: "an argument",
  console: "an alert or a reply",
};
const IMPURE_MEMBERS: Readonly<Record<string, string>> = {
  "Date.now": "the time of the event",
  "Math.random": "a seeded generator that is passed in",
};

const FUNCTION_LINES_MAX = 70;
const FUNCTION_KINDS: readonly SyntaxKind[] = [
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
];

/** Started as programs or found by their folder, so nothing imports them by name. */
const ENTRY_POINTS = [/^src\/cli\/main\.ts$/, /^src\/strategies\/[^/]+\.ts$/, /^src\/commands\/[^/]+\.ts$/, /\.test\.ts$/];
const VAGUE_NAMES = ["utils", "util", "helpers", "helper", "common", "types", "lib", "misc", "shared"];
// Written in pieces, so that this file does not find itself.
const LEFTOVERS = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);
const SILENCED = new RegExp(`@ts-(${["ignore", "nocheck", "expect-error"].join("|")})\\b`);

function inSim(name: string): string {
  return `src/sim/${name}.ts`;
}

function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function isPure(path: string): boolean {
  const isIn = (folder: string): boolean => path.startsWith(folder);
  return PURE_FOLDERS.some(isIn) && !IMPURE_FOLDERS.some(isIn) && !IMPURE_FILES.includes(path);
}

function perNode(tree: SourceTree, judge: (node: Node, source: Source) => string | undefined): string[] {
  return tree.flatMap((source) => {
    const found: string[] = [];
    walk(source.tree, (node) => {
      const fault = judge(node, source);
      if (fault !== undefined) found.push(`${source.path}:${lineOf(source, node)}: ${fault}`);
    });
    return found;
  });
}

/** Imports follow the table; relative ones name the `.ts` file (tests also try the plain scripts). */
export const importsFollowTheTable: Rule = (tree) =>
  tree.flatMap((source) =>
    source.imports
      .filter((specifier) => specifier.startsWith("."))
      .flatMap((specifier) => {
        if (!/\.ts$|^\.\.\/scripts\/[\w-]+\.mjs$/.test(specifier)) return [`${source.path}: import ${specifier} must end with .ts`];
        const from = folderOf(source.path);
        const to = folderOf(resolveImport(source.path, specifier));
        if (from === undefined || to === undefined || from === to || MAY_IMPORT[from]?.includes(to)) return [];
        return [
          `${source.path}: ${from} must not import ${to} (${specifier}); it may import ${MAY_IMPORT[from]?.join(", ") || "nothing of ours"}`,
        ];
      }),
  );

/** No clock, randomness, input, output or timer in pure code. */
export const pureCodeIsPure: Rule = (tree) => {
  const pure = tree.filter((source) => isPure(source.path));
  const imports = pure.flatMap((source) =>
    source.imports
      .filter((specifier) => !specifier.startsWith(".") && !PURE_PACKAGES.includes(specifier))
      .map((specifier) => `${source.path}: pure code must not import ${specifier}; pass in what it needs`),
  );
  return [...imports, ...perNode(pure, (node, source) => impurityOf(node, source))];
};

function impurityOf(node: Node, source: Source): string | undefined {
  if (isPropertyAccessExpression(node)) {
    const member = node.getText(source.tree).replaceAll(/\s/g, "");
    const instead = IMPURE_MEMBERS[member];
    return instead === undefined ? undefined : `${member} is banned in pure code; use ${instead}`;
  }
  if (isNewExpression(node) && node.expression.getText(source.tree) === "Date" && (node.arguments?.length ?? 0) === 0)
    return "new Date() is banned in pure code; use the time of the event";
  if (!isIdentifier(node) || IMPURE_NAMES[node.text] === undefined || !isFreeUse(node)) return undefined;
  return `${node.text} is banned in pure code; use ${IMPURE_NAMES[node.text]}`;
}

/** Whether an identifier stands for the global of that name, not for a property, parameter or declaration of ours. */
function isFreeUse(node: Node): boolean {
  const parent = node.parent;
  if (isPropertyAccessExpression(parent)) return parent.expression === node;
  return isCallExpression(parent) ? parent.expression === node : parent.kind === SyntaxKind.NewExpression;
}

/** Each file begins with a comment that says what it is for. */
export const filesHaveAHeader: Rule = (tree) =>
  tree.flatMap(({ path, text }) => {
    const lines = text.replace(/^#!.*\n/, "").split("\n");
    const header = lines.slice(
      0,
      lines.findIndex((line) => !line.startsWith("//")),
    );
    const words = header.map((line) => line.replace(/^\/\/\s*/, "")).join(" ");
    return words.length >= 15 && /[.!?]\)?$/.test(words) ? [] : [`${path}: begin with one comment sentence that says what the file is for`];
  });

/** Functions fit on a screen. */
export const functionsAreShort: Rule = (tree) =>
  perNode(
    tree.filter(({ path }) => path.startsWith("src/")),
    (node, source) => {
      if (!FUNCTION_KINDS.includes(node.kind)) return undefined;
      const lines = node.getText(source.tree).split("\n").length;
      return lines > FUNCTION_LINES_MAX ? `a function of ${lines} lines; split it (at most ${FUNCTION_LINES_MAX})` : undefined;
    },
  );

/** Kebab-case names that say something; a strategy or command file is named as what it declares. */
export const namesAreTold: Rule = (tree) =>
  tree.flatMap(({ path, text }) => {
    const parts = path.split("/");
    const name = basename(path).replace(/(\.test)?\.ts$/, "");
    const faults: string[] = [];
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) faults.push(`${path}: file names are kebab-case`);
    const vague = [...parts.slice(0, -1), name].find((part) => VAGUE_NAMES.includes(part));
    if (vague !== undefined) faults.push(`${path}: "${vague}" says nothing; name what is in it`);
    if (/^src\/(strategies|commands)\/[^/]+\.ts$/.test(path) && name !== "index") {
      if (!new RegExp(`^  name: "${name}",$`, "m").test(text)) faults.push(`${path}: declare \`name: "${name}"\`, as the file is called`);
    }
    return faults;
  });

/** Default exports belong to strategies and commands alone. */
export const exportsAreNamed: Rule = (tree) =>
  perNode(
    tree.filter(({ path }) => path.startsWith("src/") && !/^src\/(strategies|commands)\/[^/]+\.ts$/.test(path)),
    (node) =>
      node.kind === SyntaxKind.ExportAssignment || node.kind === SyntaxKind.DefaultKeyword
        ? node.parent.kind === SyntaxKind.DefaultClause
          ? undefined
          : "use a named export"
        : undefined,
  );

/** Every file is imported, or started by its path. */
export const filesAreUsed: Rule = (tree) => {
  const used = new Set<string>();
  for (const source of tree) {
    for (const specifier of source.imports) if (specifier.startsWith(".")) used.add(resolveImport(source.path, specifier));
    walk(source.tree, (node) => {
      // Programs are forked by path, compiled: new URL("./instance-main.js", import.meta.url).
      if (isStringLiteral(node) && /^\.\.?\/[\w./-]+\.[jt]s$/.test(node.text))
        used.add(resolveImport(source.path, node.text.replace(/\.js$/, ".ts")));
    });
  }
  return tree
    .filter(({ path }) => !used.has(path) && !ENTRY_POINTS.some((entry) => entry.test(path)))
    .map(({ path }) => `${path}: nobody imports it; delete it`);
};

/** `any` gives up on types; where a library leaves no choice, a biome-ignore above says why. */
export const nothingIsAny: Rule = (tree) =>
  perNode(tree, (node, source) => {
    if (node.kind !== SyntaxKind.AnyKeyword) return undefined;
    const above = source.text.split("\n")[lineOf(source, node) - 2] ?? "";
    return /biome-ignore lint\/suspicious\/noExplicitAny: \S/.test(above) ? undefined : "any is banned; use unknown and check it";
  });

/** Nothing unfinished, skipped or silenced stays behind. Works on any text file. */
export function leftovers(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const where = `${path}:${index + 1}`;
    const found: string[] = [];
    const word = LEFTOVERS.exec(line)?.[1];
    if (word !== undefined) found.push(`${where}: ${word} is left over; do it or open an issue`);
    if (/\.tsx?$|\.mjs$/.test(path)) {
      if (SILENCED.test(line)) found.push(`${where}: type errors are mended, not silenced`);
      if (/\b(describe|test|it)\.(only|skip|todo)\b/.test(line))
        found.push(`${where}: every test runs; use skipIf with a reason for what a machine may lack`);
    }
    return found;
  });
}

/** Nothing in the project names the machine on which it was written, or where its packages were fetched. */
export function machineTraces(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const where = `${path}:${index + 1}`;
    const found: string[] = [];
    const folder = /(?:^|[\s"'`(=:])(\/(?:work|root|Users|home\/\w+|tmp\/brief)\/)/.exec(line)?.[1];
    if (folder !== undefined) found.push(`${where}: ${folder} is a path of one machine`);
    if (/https?:\/\/[\w.-]*(?:registry|artifactory|nexus)[\w.-]*[:/]/i.test(line))
      found.push(`${where}: no registry's address belongs in the project`);
    if (basename(path) === "package-lock.json" && /"resolved":/.test(line))
      found.push(`${where}: the lock file holds no download addresses`);
    return found;
  });
}
