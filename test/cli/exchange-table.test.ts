// docs/exchanges.md tells every described exchange and every case, and its tables are made from results alone.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseResults, withExchangeTables } from "../../src/cli/exchange-table.ts";
import { describedExchanges, quirksOf } from "../../src/exchanges/quirks.ts";
import { CASES } from "../exchange-conformance.ts";

const document = readFileSync(new URL("../../docs/exchanges.md", import.meta.url), "utf8");

describe("docs/exchanges.md", () => {
  it("lists every described exchange with its notes, and every credential", () => {
    for (const { credentials, id, title } of describedExchanges()) {
      expect(document, id).toContain(`| ${title} | \`${id}\` |`);
      expect(document, id).toContain(`### ${title} (\`${id}\`)`);
      for (const { name } of credentials) expect(document, `${id} ${name}`).toContain(`\`${name}\``);
    }
    expect(document).toContain("## 中文簡介");
  });

  it("lists every case of the suite with a result for the four exchanges of the suite", () => {
    const header = /\| No\. \| Case \| (.*) \|/.exec(document)?.[1]?.split(" | ") ?? [];
    for (const exchange of ["aster", "backpack", "paradex"]) expect(header).toContain(exchange);
    for (const { number, title } of CASES) {
      const row = document.split("\n").find((line) => line.startsWith(`| ${number} |`));
      expect(row, `${number} ${title}`).toBeDefined();
      expect(row?.split(" | ").length).toBe(header.length + 2);
    }
  });
});

describe("the tables", () => {
  const line = (exchange: string, number: number, result: string): string =>
    JSON.stringify({ exchange, number, title: `case ${number}`, result });
  const marks = "<!-- exchanges -->\n<!-- end -->\n<!-- notes -->\n<!-- end -->\n<!-- cases -->\n<!-- end -->";

  it("count what passes, give each reason, and mark what was not run", () => {
    const results = parseResults([line("one", 1, "passes"), line("one", 2, "not here: no spot"), line("two", 1, "passes"), ""].join("\n"));
    const made = withExchangeTables(marks, [quirksOf("backpack"), quirksOf("standx")], results);
    expect(made).toContain("one passes 1 of 2; two passes 1 of 2.");
    expect(made).toContain("| 2 | case 2 | not here | ? |");
    expect(made).toContain("- one, 2: no spot");
    expect(made).toContain("**Not with real money:**");
    expect(withExchangeTables(made, [quirksOf("backpack"), quirksOf("standx")], results)).toBe(made);
  });

  it("refuse a line that is no result, and a document without their place", () => {
    expect(() => parseResults('{"exchange":"one"}')).toThrow(/Line 1 of the results is no result/);
    expect(() => withExchangeTables("nothing", [], [])).toThrow(/add "<!-- exchanges -->"/);
  });
});
