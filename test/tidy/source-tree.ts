// A set of source files as the house rules see it: text, syntax tree and imports of each.

import { posix } from "node:path";
import { isExportDeclaration, isImportDeclaration, isStringLiteral, type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import { createVirtualFileSystem } from "typescript/unstable/fs";
import { API } from "typescript/unstable/sync";

export interface Source {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
  /** What `import`, `export … from` and `import()` name, as written. */
  readonly imports: readonly string[];
}

export type SourceTree = readonly Source[];

/** One parser for the whole process; every set of files lies in a folder of its own, in memory. */
const disk = createVirtualFileSystem({});
let parser: API | null = null;
let trees = 0;

/** Parses TypeScript files, given as path and text; nothing is read from disk or resolved. */
export function parseTree(files: Readonly<Record<string, string>>): SourceTree {
  parser ??= new API({ cwd: "/", fs: disk });
  trees += 1;
  const folder = `/house${trees}`;
  const config = `${folder}/tsconfig.json`;
  for (const [path, text] of Object.entries(files)) disk.writeFile?.(`${folder}/${path}`, text);
  disk.writeFile?.(config, JSON.stringify({ compilerOptions: { noLib: true, noResolve: true, types: [] }, files: Object.keys(files) }));
  const project = parser
    .updateSnapshot({ openProjects: [config] })
    .getProjects()
    .find((candidate) => candidate.configFileName === config);
  return Object.entries(files).map(([path, text]) => {
    const tree = project?.program.getSourceFile(`${folder}/${path}`);
    if (tree === undefined) throw new Error(`${path} was not parsed`);
    return { path, text, tree, imports: importsOf(tree) };
  });
}

/** Calls back for a node and everything below it. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => {
    walk(child, visit);
    return undefined;
  });
}

/** The line of a node, counted from 1. */
export function lineOf(source: Source, node: Node): number {
  return source.text.slice(0, node.getStart(source.tree)).split("\n").length;
}

/** The path that a relative import means. */
export function resolveImport(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier));
}

function importsOf(tree: SourceFile): string[] {
  const found: string[] = [];
  walk(tree, (node) => {
    const named = isImportDeclaration(node) || isExportDeclaration(node) ? node.moduleSpecifier : dynamicImport(node);
    if (named !== undefined && isStringLiteral(named)) found.push(named.text);
  });
  return found;
}

/** The argument of `import("…")`, in code or in a type. */
function dynamicImport(node: Node): Node | undefined {
  if (node.kind === SyntaxKind.ImportType) return firstString(node);
  if (node.kind !== SyntaxKind.CallExpression) return undefined;
  let isImport = false;
  node.forEachChild((child) => {
    isImport ||= child.kind === SyntaxKind.ImportKeyword;
    return undefined;
  });
  return isImport ? firstString(node) : undefined;
}

function firstString(node: Node): Node | undefined {
  let found: Node | undefined;
  walk(node, (below) => {
    if (found === undefined && isStringLiteral(below)) found = below;
  });
  return found;
}
