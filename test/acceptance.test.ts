// docs/acceptance.md names every criterion once, and every test that it lists exists. (That they pass, `npm test` checks at its end.)

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isCallExpression, isStringLiteral, type Node } from "typescript/unstable/ast";
import { expect, test } from "vitest";
import { readAcceptance, unmetCriteria } from "../scripts/acceptance.mjs";
import { parseTree, type Source, walk } from "./tidy/source-tree.ts";

const CRITERIA = 33;
const root = fileURLToPath(new URL("..", import.meta.url));
const rows = readAcceptance();

/** Names of the tests in a file, plain and with the describe blocks around them. */
function testNames(source: Source): Set<string> {
  const names = new Set<string>();
  const visit = (node: Node, around: readonly string[]): void => {
    const title = isCallExpression(node) ? node.arguments[0] : undefined;
    const callee = isCallExpression(node) ? (/^(describe|test|it)\b/.exec(node.expression.getText(source.tree))?.[1] ?? "") : "";
    const inside = callee === "describe" && title !== undefined && isStringLiteral(title) ? [...around, title.text] : around;
    if ((callee === "test" || callee === "it") && title !== undefined && isStringLiteral(title)) {
      names.add(title.text).add([...around, title.text].join(" "));
    }
    node.forEachChild((child) => {
      visit(child, inside);
      return undefined;
    });
  };
  visit(source.tree, []);
  return names;
}

test("the table has each of the 33 criteria once", () => {
  const ids = Array.from({ length: CRITERIA }, (_, index) => `AC-${String(index + 1).padStart(2, "0")}`);
  expect(rows.map((row) => row.id)).toEqual(ids);
});

test("each row names tests, or says with a dash that there is none yet", () => {
  const unclear = rows.filter(({ cell, tests }) => (cell === "-" ? tests.length > 0 : tests.length !== cell.split("<br>").length));
  expect(unclear.map(({ id, cell }) => `${id}: ${cell}`)).toEqual([]);
});

test("every listed test exists", () => {
  const files = [...new Set(rows.flatMap(({ tests }) => tests.map(({ file }) => file)))].filter((file) => existsSync(join(root, file)));
  const sources = parseTree(Object.fromEntries(files.map((file) => [file, readFileSync(join(root, file), "utf8")])));
  const names = new Map(sources.map((source) => [source.path, testNames(source)]));
  const missing = rows.flatMap(({ id, tests }) =>
    tests.filter(({ file, name }) => !names.get(file)?.has(name)).map(({ file, name }) => `${id}: ${file} › ${name}`),
  );
  expect(missing).toEqual([]);
  console.log(`acceptance: ${rows.filter(({ tests }) => tests.length === 0).length} of ${CRITERIA} criteria are still without a test`);
});

test("a listed test that failed or did not run counts as unmet, a skipped one is told apart", () => {
  const listed = readAcceptance("| AC-01 | x | `test/a.test.ts` › it works<br>`test/b.test.ts` › group it holds |\n| AC-02 | y | - |");
  const report = (...statuses: readonly string[]) => ({
    testResults: [
      {
        name: join(root, "test/a.test.ts"),
        assertionResults: statuses.map((status) => ({ title: "it works", fullName: "on this database it works", status })),
      },
      { name: join(root, "test/b.test.ts"), assertionResults: [{ title: "it holds", fullName: "group it holds", status: "passed" }] },
    ],
  });
  const first = "AC-01: test/a.test.ts › it works";
  expect(unmetCriteria(report("passed"), listed)).toEqual({ failed: [], skipped: [] });
  expect(unmetCriteria(report("skipped", "passed"), listed)).toEqual({ failed: [], skipped: [] });
  expect(unmetCriteria(report("failed"), listed)).toEqual({ failed: [first], skipped: [] });
  expect(unmetCriteria(report("skipped"), listed)).toEqual({ failed: [], skipped: [first] });
  expect(unmetCriteria({ testResults: [] }, listed).failed).toHaveLength(2);
});

test("names are found inside describe blocks, walk reaches every node", () => {
  const [source] = parseTree({ "test/x.test.ts": `describe("group", () => { test("holds", () => {}); it.each([1])("n", () => {}); });` });
  expect(source && [...testNames(source)]).toEqual(["holds", "group holds", "n", "group n"]);
  let nodes = 0;
  if (source !== undefined) walk(source.tree, () => (nodes += 1));
  expect(nodes).toBeGreaterThan(10);
});
