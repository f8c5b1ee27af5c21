// Knows documents of the system that Botswain replaces and turns them into bots of ours, key by key.

import type { Text } from "../../core/text.ts";
import { readAccount } from "./accounts.ts";
import { SeedBook } from "./book.ts";
import { readEnvironment, readFlags, readHousekeeping } from "./housekeeping.ts";
import { readIdentity } from "./identity.ts";
import { isTree, type Leaf, leavesOf } from "./leaves.ts";
import { readParameters } from "./parameters.ts";
import type { SeedConversion, SeedOptions } from "./seed-key.ts";

/** Keys at the top that only the old system's files have. */
const MARKS: readonly string[] = [
  ...["bot_args", "daemon_config", "exchange_config", "strategy_config", "instance_config", "python_path", "script_path"],
];

/** True for a multi-configuration, per-instance or legacy daemon file of the old system. */
export function isSeedDocument(document: unknown): boolean {
  return isTree(document) && MARKS.some((key) => Object.hasOwn(document, key));
}

/**
 * The bot of such a document as a draft that is checked like any other, and a note or a fault for every single key of it.
 * `source` is the file's name: the old daemon took the id from it.
 */
export function convertSeedDocument(document: unknown, source: string, options: SeedOptions): SeedConversion {
  if (!isTree(document)) return { bots: [], notes: [], faults: [{ path: "", value: undefined, rule: NO_DOCUMENT, to: null }] };
  const book = new SeedBook(ofOneForm(leavesOf(document)), options);
  book.add("mode", options.mode, MODE);
  const identity = readIdentity(book, source);
  readFlags(book);
  readAccount(book, identity);
  readParameters(book, identity.product, identity.kind === "spot");
  readHousekeeping(book);
  readEnvironment(book, identity.exchange);
  return book.conclude();
}

const NO_DOCUMENT: Text = {
  en: "is a file of the system that Botswain replaces, and no bot could be read from it",
  "zh-TW": "是舊系統的設定檔，無法從中讀出任何機器人",
};
const MODE: Text = {
  en: "no file chooses it: --mode sim, paper, testnet or live does, and paper is the default",
  "zh-TW": "檔案不決定模式：由 --mode sim、paper、testnet 或 live 指定，預設為 paper",
};
const BOTH_FORMS: Text = {
  en: "is the older form beside strategy_config or metadata, which the old system ran with; keep one of the two",
  "zh-TW": "是較舊的格式，且與 strategy_config 或 metadata 並存（舊系統使用後者）；請保留其一",
};

/** A command line beside the newer blocks is refused flag by flag: nobody can know which of them is meant. */
function ofOneForm(leaves: readonly Leaf[]): readonly Leaf[] {
  const isNew = leaves.some(({ group }) => group === "strategy" || group === "metadata");
  if (!isNew) return leaves;
  return leaves.map((leaf) => (leaf.group === "arguments" ? { ...leaf, group: "top", fault: leaf.fault ?? BOTH_FORMS } : leaf));
}
