// Reads docs/acceptance.md: which test shows each acceptance criterion.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./steps.mjs";

/**
 * Rows of the table as `{ id, tests: [{ file, name }] }`; a criterion without a test has none.
 * A test is written as `test/x.test.ts` › name; several are separated by <br>.
 */
export function readAcceptance(source = readFileSync(join(root, "docs/acceptance.md"), "utf8")) {
  const rows = source.split("\n").filter((line) => /^\|\s*AC-\d+\s*\|/.test(line));
  return rows.map((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const tests = (cells[3] ?? "")
      .split("<br>")
      .map((entry) => /^`(test\/[^`]+)` › (.+)$/.exec(entry.trim()))
      .filter((match) => match !== null)
      .map((match) => ({ file: match[1], name: match[2].replaceAll("\\|", "|") }));
    return { id: cells[1], cell: cells[3] ?? "", tests };
  });
}

/**
 * Tests of the table that did not pass, given vitest's JSON report: those that failed or never ran, and apart from them those that
 * were skipped because this machine lacks what they need.
 */
export function unmetCriteria(report, rows = readAcceptance()) {
  const results = new Map();
  for (const { name: file, assertionResults } of report.testResults) {
    for (const { title, fullName, status } of assertionResults) {
      // A test may run several times, e.g. once per database: one pass suffices, failures are counted by themselves.
      for (const name of new Set([title, fullName])) {
        const key = `${file.replace(`${root}/`, "")} › ${name}`;
        if (results.get(key) !== "passed") results.set(key, status);
      }
    }
  }
  const unmet = { failed: [], skipped: [] };
  for (const { id, tests } of rows) {
    for (const { file, name } of tests) {
      const status = results.get(`${file} › ${name}`);
      if (status === "passed") continue;
      unmet[status === "skipped" || status === "pending" ? "skipped" : "failed"].push(`${id}: ${file} › ${name}`);
    }
  }
  return unmet;
}
