// The rules of the house, run over every file; beside each rule, a planted violation proves that the rule sees it.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as rules from "./tidy/rules.ts";
import { parseTree } from "./tidy/source-tree.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const HEADER = "// A file of this test, to be judged.\n";

/** Paths of TypeScript files below a folder, without generated ones. */
function typescriptIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "generated" ? [] : typescriptIn(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** Everything that git has or would take; outside a checkout, every file but what is installed or built. */
function projectFiles(): string[] {
  let list: readonly string[];
  try {
    list = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).split("\n");
  } catch {
    list = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (path) => !/(^|\/)(node_modules|dist|generated|\.env)(\/|$)/.test(path),
    );
  }
  return list.filter((path) => path !== "" && statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true);
}

/** A text file's content; null for what is not text. */
function textOf(path: string): string | null {
  const bytes = readFileSync(join(root, path));
  return bytes.includes(0) ? null : bytes.toString("utf8");
}

const paths = [...typescriptIn("src"), ...typescriptIn("test")];
const house = parseTree(Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")])));

/** What a rule says about planted files. */
function judged(rule: rules.Rule, files: Readonly<Record<string, string>>): readonly string[] {
  return rule(parseTree(files));
}

describe("imports follow the table", () => {
  test("the project keeps it", () => expect(rules.importsFollowTheTable(house)).toEqual([]));
  test("a bot that imports a worker, a strategy that imports storage, an import without .ts and a type import are caught", () => {
    const found = judged(rules.importsFollowTheTable, {
      "src/bot/a.ts": `import { run } from "../workers/b.ts";\nexport const a = run;`,
      "src/strategies/c.ts": `export type C = import("../storage/d.ts").D;`,
      "src/core/e.ts": `import { f } from "./f";\nexport const e = f;`,
      "src/web/g.ts": `export { x } from "../bot/x.ts";`,
      "src/cli/h.ts": `import { a } from "../bot/a.ts";\nexport const h = a;`,
      "src/workers/i.ts": `export const i = async () => import("../cli/h.ts");`,
    });
    expect(found).toHaveLength(5);
    expect(found[0]).toContain("bot must not import workers");
    expect(found.join("\n")).not.toContain("src/cli/h.ts:");
  });
});

describe("pure code has no clock, randomness, I/O or timers", () => {
  test("the project keeps it", () => expect(rules.pureCodeIsPure(house)).toEqual([]));
  test.each([
    "export const a = Date.now();",
    "export const a = new Date();",
    "export const a = Math.random();",
    "setTimeout(() => {}, 1);",
    "export const a = fetch('x');",
    "export const a = process.env;",
    "export const a = performance.now();",
    'import { readFileSync } from "node:fs";\nexport const a = readFileSync;',
    'import { Redis } from "ioredis";\nexport const a = Redis;',
  ])("%s is caught in core, strategies, commands and sim, and fine elsewhere", (code) => {
    for (const folder of ["core", "strategies", "commands", "sim"])
      expect(judged(rules.pureCodeIsPure, { [`src/${folder}/a.ts`]: code })).toHaveLength(1);
    expect(judged(rules.pureCodeIsPure, { "src/workers/a.ts": code, "src/commands/index.ts": code })).toEqual([]);
  });
  test("a time that is passed in and a method of our own that shares a name are fine", () => {
    const code = "export const a = (at: number, port: { fetch(): void }) => { port.fetch(); return new Date(at); };";
    expect(judged(rules.pureCodeIsPure, { "src/core/a.ts": code })).toEqual([]);
  });
});

describe("every file begins with what it is for", () => {
  test("the project keeps it", () => expect(rules.filesHaveAHeader(house)).toEqual([]));
  test("a missing or unfinished header is caught", () => {
    const found = judged(rules.filesHaveAHeader, {
      "src/core/a.ts": "export const a = 1;",
      "src/core/b.ts": "// short\nexport const b = 1;",
      "src/core/c.ts": `${HEADER}export const c = 1;`,
    });
    expect(found.map((line) => line.split(":")[0])).toEqual(["src/core/a.ts", "src/core/b.ts"]);
  });
});

describe("functions have at most 70 lines", () => {
  test("the project keeps it", () => expect(rules.functionsAreShort(house)).toEqual([]));
  test("one line more is caught, in functions, arrows and methods", () => {
    const body = (lines: number): string => "\n".repeat(lines - 1);
    const found = judged(rules.functionsAreShort, {
      "src/core/a.ts": `export function a() {${body(71)}}`,
      "src/core/b.ts": `export const b = () => {${body(71)}};`,
      "src/core/c.ts": `export class C { method() {${body(71)}} }`,
      "src/core/d.ts": `export function d() {${body(70)}}`,
    });
    expect(found).toHaveLength(3);
    expect(found[0]).toBe("src/core/a.ts:1: a function of 71 lines; split it (at most 70)");
  });
});

describe("names", () => {
  test("the project keeps it", () => expect(rules.namesAreTold(house)).toEqual([]));
  test("camelCase, vague folders and a strategy under another name are caught", () => {
    const found = judged(rules.namesAreTold, {
      "src/core/orderBook.ts": HEADER,
      "src/core/utils/round.ts": HEADER,
      "src/strategies/grid.ts": `export default defineStrategy({\n  name: "other",\n});`,
      "src/commands/stop.ts": `export default defineCommand({\n  name: "stop",\n});`,
    });
    expect(found.map((line) => line.split(":")[0])).toEqual(["src/core/orderBook.ts", "src/core/utils/round.ts", "src/strategies/grid.ts"]);
  });
});

describe("exports are named", () => {
  test("the project keeps it", () => expect(rules.exportsAreNamed(house)).toEqual([]));
  test("a default export outside strategies and commands is caught, a switch's default is not", () => {
    expect(
      judged(rules.exportsAreNamed, { "src/core/a.ts": "export default 1;", "src/bot/b.ts": "export default function b() {}" }),
    ).toHaveLength(2);
    const fine = "export function a(x: number) { switch (x) { default: return 1; } }";
    expect(judged(rules.exportsAreNamed, { "src/core/a.ts": fine, "src/commands/b.ts": "export default 1;" })).toEqual([]);
  });
});

describe("every file is used", () => {
  test("the project keeps it", () => expect(rules.filesAreUsed(house)).toEqual([]));
  test("a file that nobody imports is caught, one that is forked by its path is not", () => {
    const found = judged(rules.filesAreUsed, {
      "src/cli/main.ts": `import { a } from "../core/a.ts";\nnew URL("../workers/b.js", import.meta.url);\na();`,
      "src/core/a.ts": "export const a = () => 1;",
      "src/workers/b.ts": "export {};",
      "src/core/lost.ts": "export const lost = 1;",
    });
    expect(found).toEqual(["src/core/lost.ts: nobody imports it; delete it"]);
  });
});

describe("types are not given up", () => {
  test("the project keeps it", () => expect(rules.nothingIsAny(house)).toEqual([]));
  test("any is caught unless a reason stands above it", () => {
    const reason = "// biome-ignore lint/suspicious/noExplicitAny: the library says so.\n";
    const found = judged(rules.nothingIsAny, {
      "src/core/a.ts": "export const a = (x: any) => x;",
      "src/core/b.ts": `${reason}export type B = Set<any>;`,
      "src/core/c.ts": 'export const c = "any";',
    });
    expect(found).toEqual(["src/core/a.ts:1: any is banned; use unknown and check it"]);
  });
});

describe("nothing is left over", () => {
  test("the project keeps it", () => {
    expect(projectFiles().flatMap((path) => rules.leftovers(path, textOf(path) ?? ""))).toEqual([]);
  });
  test("reminders, silenced types and skipped tests are caught", () => {
    const reminder = "TO" + "DO";
    expect(rules.leftovers("docs/a.md", `text\n${reminder}: later`)).toHaveLength(1);
    expect(rules.leftovers("src/a.ts", `// @ts-${"ignore"}`)).toHaveLength(1);
    expect(rules.leftovers("test/a.test.ts", `test.${"skip"}("x", () => {});`)).toHaveLength(1);
    expect(rules.leftovers("test/a.test.ts", `describe.skipIf(isMissing)("mastodon todos")`)).toEqual([]);
  });
});

describe("no machine shows through", () => {
  test("the project keeps it", () => {
    expect(projectFiles().flatMap((path) => rules.machineTraces(path, textOf(path) ?? ""))).toEqual([]);
  });
  test("paths of a machine and addresses of registries are caught", () => {
    const home = ["", "home", "somebody", "project"].join("/");
    expect(rules.machineTraces("README.md", `see ${home}`)).toHaveLength(1);
    expect(rules.machineTraces(".npmrc", `${"registry"}=https://${"registry"}.example.org/`)).toHaveLength(1);
    expect(rules.machineTraces("package-lock.json", `"resolved": "x"`)).toHaveLength(1);
    expect(rules.machineTraces("README.md", "the network/work/flow, http://127.0.0.1:8080")).toEqual([]);
  });
});
