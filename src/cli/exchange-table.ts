// The tables of docs/exchanges.md: what each exchange can do, asks for and passes, from the quirks files and a run of the conformance suite.

import { UserError } from "../core/text.ts";
import { signerSourceOf } from "../exchanges/diagnosis/signer.ts";
import { keyAdviceOf } from "../exchanges/key-advice.ts";
import type { Quirks } from "../exchanges/quirks.ts";

/** One line of BOTSWAIN_CONFORMANCE_OUT. */
export interface CaseResult {
  readonly exchange: string;
  readonly number: number;
  readonly title: string;
  /** `passes`, or `not here: …`. */
  readonly result: string;
}

/** Hidden builder fees and the like that ccxt would add by default, and what we do. */
const SWITCHED_OFF: Readonly<Record<string, string>> = {
  aster: "ccxt would approve a builder (up to 0.1 %) while reading the markets and name it in every order of a perpetual",
  hyperliquid: "ccxt would approve a builder fee (0.01 %), name it in every order and set a referrer",
  lighter: "ccxt would put an integrator's fee into every order and, with a wallet key, register a key of its own",
  lighterrobinhood: "ccxt would put an integrator's fee into every order and, with a wallet key, register a key of its own",
  paradex: "nothing that costs; ccxt names itself in a header",
  backpack: "nothing that costs; ccxt names a broker in a header",
  bybit: "nothing that costs; ccxt names a broker in a header",
  apex: "nothing that costs; ccxt names a broker in each order",
  standx: "nothing: it is not reached through a class of ccxt's",
};

const TABLE = /(<!-- (exchanges|notes|cases) -->\n)[\s\S]*?(<!-- end -->)/g;

/** Reads the lines that a run of the suite wrote. Throws a UserError for a line that is none. */
export function parseResults(text: string): readonly CaseResult[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, index) => {
    const { exchange, number, result, title } = parsed(line) as Partial<CaseResult>;
    if (typeof exchange === "string" && typeof number === "number" && typeof title === "string" && typeof result === "string")
      return { exchange, number, title, result };
    throw new UserError({
      en: `Line ${index + 1} of the results is no result of a case; run the conformance suite with BOTSWAIN_CONFORMANCE_OUT again`,
      "zh-TW": `結果檔第 ${index + 1} 行不是案例結果；請以 BOTSWAIN_CONFORMANCE_OUT 重新執行一致性測試`,
    });
  });
}

function parsed(line: string): object {
  try {
    return (JSON.parse(line) as object | null) ?? {};
  } catch {
    return {};
  }
}

/** The document with its three tables made anew. Throws when it lacks one of them. */
export function withExchangeTables(document: string, exchanges: readonly Quirks[], results: readonly CaseResult[]): string {
  const tables: Readonly<Record<string, () => string>> = {
    exchanges: () => exchangeTable(exchanges),
    notes: () => exchanges.map(noteOf).join("\n\n"),
    cases: () => caseTable(results),
  };
  const seen = new Set<string>();
  const updated = document.replace(TABLE, (_all, begin: string, name: string, end: string) => {
    seen.add(name);
    return `${begin}\n${tables[name]?.() ?? ""}\n\n${end}`;
  });
  const missing = Object.keys(tables).find((name) => !seen.has(name));
  if (missing !== undefined) throw new Error(`add "<!-- ${missing} -->" and "<!-- end -->" to the document`);
  return updated;
}

function exchangeTable(exchanges: readonly Quirks[]): string {
  return [
    "| Exchange | Name here | Markets | Change in place | Look-up by our id | Dead-man switch | Funding history | Testnet | Credentials |",
    "|---|---|---|---|---|---|---|---|---|",
    ...exchanges.map(({ capabilities, credentials, id, kinds, testnetHosts, title }) => {
      const fields = credentials.map(({ isOptional, name }) => `\`${name}\`${isOptional === true ? " (optional)" : ""}`).join(", ");
      const { amend, deadManSwitch, fundingHistory, lookupByClientOrderId } = capabilities;
      const marks = [amend, lookupByClientOrderId, deadManSwitch, fundingHistory, testnetHosts.length > 0].map((can) =>
        can ? "yes" : "-",
      );
      return `| ${title} | \`${id}\` | ${kinds.join(", ")} | ${marks.join(" | ")} | ${fields} |`;
    }),
  ].join("\n");
}

function noteOf(quirks: Quirks): string {
  const { capabilities, id, limits, title, unconfirmed } = quirks;
  const shown = limits.map(
    ({ limit, name, scope, windowMs }) => `${name} ${limit} in ${windowMs / 1_000} s per ${scope === "address" ? "address" : "account"}`,
  );
  const signer = signerSourceOf(id);
  const lines = [
    `- **Off by default:** ${SWITCHED_OFF[id] ?? "nothing that we know of"}. Every request is searched for approvals, builders and their fees all the same.`,
    `- **Signer:** ${signer === null ? "none needed" : signer.en}.`,
    `- **Dead-man switch:** ${capabilities.deadManSwitch ? "the exchange's own, by one owner per account" : "none there; Botswain's processes watch each other"}.`,
    `- **Key:** ${keyAdviceOf(id).en}.`,
    `- **金鑰：** ${keyAdviceOf(id)["zh-TW"]}。`,
    `- **Limits that are kept:** ${shown.join("; ")}.`,
    ...(unconfirmed === undefined ? [] : [`- **Not with real money:** ${unconfirmed.en}.`]),
  ];
  return `### ${title} (\`${id}\`)\n\n${lines.join("\n")}`;
}

/** Case by exchange; the reason of each case that cannot be passed below. */
function caseTable(results: readonly CaseResult[]): string {
  const exchanges = [...new Set(results.map(({ exchange }) => exchange))].sort();
  const titles = new Map(results.map(({ number, title }) => [number, title]));
  const numbers = [...titles.keys()].sort((one, other) => one - other);
  const resultOf = (number: number, exchange: string): string | undefined =>
    results.findLast((row) => row.number === number && row.exchange === exchange)?.result;
  const mark = (result: string | undefined): string => (result === undefined ? "?" : result === "passes" ? "passes" : "not here");
  const counts = exchanges.map((exchange) => {
    const passed = numbers.filter((number) => resultOf(number, exchange) === "passes").length;
    return `${exchange} passes ${passed} of ${numbers.length}`;
  });
  const reasons = exchanges.flatMap((exchange) =>
    numbers.flatMap((number) => {
      const result = resultOf(number, exchange);
      return result === undefined || result === "passes" ? [] : [`- ${exchange}, ${number}: ${result.replace(/^not here: /, "")}`];
    }),
  );
  return [
    `${counts.join("; ")}.`,
    "",
    `| No. | Case | ${exchanges.join(" | ")} |`,
    `|---|---|${exchanges.map(() => "---|").join("")}`,
    ...numbers.map((number) => {
      const cells = exchanges.map((exchange) => mark(resultOf(number, exchange)));
      return `| ${number} | ${titles.get(number)?.replaceAll("|", "\\|")} | ${cells.join(" | ")} |`;
    }),
    "",
    "Cases that an exchange cannot pass, and why:",
    "",
    ...reasons,
  ].join("\n");
}
