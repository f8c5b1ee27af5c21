// Reads the command line that the old daemon gave its bot (`bot_args`), flag by flag, into the same keys that its configuration has.

import { nearestNames } from "../../core/chat/nearest-names.ts";
import type { Text } from "../../core/text.ts";
import type { Leaf } from "./leaves.ts";

/** Flags that take a value. */
const VALUED: readonly string[] = [
  ...["exchange", "api-key", "secret-key", "symbol", "spread", "quantity", "max-orders", "duration", "interval", "market-type"],
  ...["target-position", "max-position", "position-threshold", "inventory-skew", "stop-loss", "take-profit", "strategy"],
  ...["grid-upper", "grid-lower", "grid-num", "price-range", "grid-mode", "grid-type", "base-asset-target", "rebalance-threshold"],
  ...["boundary-action", "boundary-tolerance", "strategy-config"],
];

interface Switch {
  readonly name: string;
  readonly value: boolean;
}

/** Flags that stand for true or false. */
const SWITCHES: ReadonlyMap<string, Switch> = new Map([
  ...["cli", "web", "auto-price", "tui", "confirm-live-testnet", "close-on-exit", "enable-telegram"].map((flag): [string, Switch] => [
    flag,
    { name: nameOf(flag), value: true },
  ]),
  ...["db", "rebalance", "boundary-check"].flatMap((what): [string, Switch][] => [
    [`enable-${what}`, { name: nameOf(`enable-${what}`), value: true }],
    [`disable-${what}`, { name: nameOf(`enable-${what}`), value: false }],
  ]),
]);

const FLAG = /^--?[A-Za-z]/;

const NO_LIST: Text = {
  en: 'must be a list of texts such as ["--symbol", "ETH_USDC_PERP"]',
  "zh-TW": '必須是文字清單，例如 ["--symbol", "ETH_USDC_PERP"]',
};
const NO_TEXT: Text = { en: "must be text or a number", "zh-TW": "必須是文字或數字" };
const NO_FLAG: Text = { en: "is no flag, and no flag before it takes it as its value", "zh-TW": "不是旗標，前面也沒有需要值的旗標" };
const NO_VALUE: Text = { en: "must have a value after it", "zh-TW": "後面必須有一個值" };
const TWICE: Text = {
  en: "is there a second time, or contradicts a flag before it; keep one",
  "zh-TW": "重複出現，或與前面的旗標矛盾；請保留一個",
};

/** The keys of a command line; what no flag explains is a key of its own, with the reason why it is refused. */
export function argumentLeaves(args: unknown, path: string): readonly Leaf[] {
  const leaf = { group: "arguments", value: args } as const;
  if (!Array.isArray(args)) return [{ ...leaf, name: "bot_args", path, fault: NO_LIST }];
  if (args.length === 0) return [{ ...leaf, group: "top", name: "bot_args", path }];
  const seen = new Set<string>();
  const leaves: Leaf[] = [];
  for (let index = 0; index < args.length; index++) {
    const read = readOne(args, index, path);
    index += read.used - 1;
    const isTwice = read.leaf.name !== "" && seen.has(read.leaf.name);
    seen.add(read.leaf.name);
    leaves.push(isTwice ? { ...read.leaf, path: `${path}.${index - read.used + 1}`, fault: TWICE } : read.leaf);
  }
  return leaves;
}

/** One flag with its value, and how many entries of the list that is. */
function readOne(args: readonly unknown[], index: number, path: string): { readonly leaf: Leaf; readonly used: number } {
  const word = args[index];
  const here = { group: "arguments", name: "", path: `${path}.${index}`, value: word } as const;
  if (typeof word !== "string") return { leaf: { ...here, fault: typeof word === "number" ? NO_FLAG : NO_TEXT }, used: 1 };
  if (!FLAG.test(word)) return { leaf: { ...here, fault: NO_FLAG }, used: 1 };
  const [typed = "", ...rest] = word.replace(/^--?/, "").split("=");
  const attached = rest.length > 0 ? rest.join("=") : undefined;
  const toggled = SWITCHES.get(typed);
  if (toggled !== undefined && attached === undefined)
    return { leaf: { ...here, name: toggled.name, path: `${path}.--${typed}`, value: toggled.value }, used: 1 };
  const next = args[index + 1];
  const follows = attached === undefined && next !== undefined && !(typeof next === "string" && FLAG.test(next));
  const used = follows ? 2 : 1;
  const value = attached ?? (follows ? next : undefined);
  // The flag itself may carry anything; only a known one is shown.
  if (!VALUED.includes(typed)) return { leaf: { ...here, value: undefined, fault: unknownFlag(typed) }, used };
  const leaf = { ...here, name: nameOf(typed), path: `${path}.--${typed}`, value };
  if (value === undefined) return { leaf: { ...leaf, fault: NO_VALUE }, used };
  const isText = typeof value === "string" || typeof value === "number";
  return { leaf: isText ? leaf : { ...leaf, fault: NO_TEXT }, used };
}

function nameOf(flag: string): string {
  return flag.replaceAll("-", "_");
}

function unknownFlag(typed: string): Text {
  const near = nearestNames(typed, [...VALUED, ...SWITCHES.keys()])[0];
  const hint = near === undefined ? { en: "", "zh-TW": "" } : { en: `; did you mean --${near}?`, "zh-TW": `；你是指 --${near} 嗎？` };
  return { en: `is no flag of the old command line${hint.en}`, "zh-TW": `不是舊指令列的旗標${hint["zh-TW"]}` };
}
