// Types of acceptance.mjs for the tests.

export interface AcceptanceRow {
  readonly id: string;
  readonly cell: string;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

export interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly title: string; readonly fullName: string; readonly status: string }[];
  }[];
}

export function readAcceptance(source?: string): readonly AcceptanceRow[];
export function unmetCriteria(
  report: TestReport,
  rows?: readonly AcceptanceRow[],
): { readonly failed: readonly string[]; readonly skipped: readonly string[] };
