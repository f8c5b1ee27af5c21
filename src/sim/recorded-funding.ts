// Recorded funding rates as files: `ts_ms,rate`, gzip or plain, named after their instrument like recorded markets.

import { basename } from "node:path";
import { isDecimal } from "../core/units.ts";
import { malformed, RowReader, readDataFile } from "./csv-rows.ts";
import type { Listing } from "./listings.ts";
import { listingFor } from "./recording.ts";

const FUNDING_HEADER = "ts_ms,rate";
/** Rates beyond these are a mistake in the file: no exchange pays a position's whole value. */
const RATE_MAX = 1;

/** Base currency and rates, oldest first, of a recorded file. Throws a UserError. */
export function readFunding(path: string, listings: readonly Listing[]): { readonly base: string; readonly rates: readonly string[] } {
  const { base } = listingFor({ file: path }, listings).instrument;
  const lines = readDataFile(path).split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  if (lines[0] !== FUNDING_HEADER) throw malformed(basename(path), 1, lines[0] ?? "", `the header "${FUNDING_HEADER}"`);
  if (lines.length < 2) throw malformed(basename(path), 2, "", "at least one row of data");
  const reader = new RowReader(path);
  const rates = lines.slice(1).map((line, index) => {
    reader.read(line, index + 2, 2);
    const rate = reader.text(1);
    if (!isDecimal(rate) || Math.abs(Number(rate)) > RATE_MAX) throw reader.fail(1, `a rate from -${RATE_MAX} to ${RATE_MAX}`);
    return rate;
  });
  return { base, rates };
}
