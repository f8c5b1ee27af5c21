// The registry of strategies: every file of this folder, and of a folder of the user's own, with a default export is one.

import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Strategy } from "../core/strategy.ts";
import { strategyKit } from "../core/strategy-kit.ts";
import { type Text, UserError } from "../core/text.ts";

const OWN_FOLDER = new URL(".", import.meta.url);
const BUILT_IN_FILE = /^([a-z0-9-]+)\.(?:ts|js)$/;
/** What Node loads without a build: a folder of the user's own is not compiled. */
const USER_FILE = /^(.+)\.m?js$/;
const NAME = /^[a-z0-9-]{1,40}$/;

/**
 * Loads every strategy, by name: the built-in ones, then those of `folders`, which are by default the folder that the
 * environment's BOTSWAIN_STRATEGIES names. Throws a UserError that names the file for one of the user's that cannot be used.
 */
export async function loadStrategies(folders: readonly string[] = strategyFolders(process.env)): Promise<ReadonlyMap<string, Strategy>> {
  const strategies = new Map<string, Strategy>();
  for (const file of (await readdir(OWN_FOLDER)).sort()) {
    const name = BUILT_IN_FILE.exec(file)?.[1];
    if (name === undefined || name === "index") continue;
    const strategy = ((await import(new URL(file, OWN_FOLDER).href)) as { default: Strategy }).default;
    if (strategy?.name !== name) throw new Error(`strategies/${file} must export a default strategy named ${name}`);
    strategies.set(name, strategy);
  }
  const builtIn = new Set(strategies.keys());
  for (const folder of folders) {
    for (const [name, strategy, path] of await userStrategies(resolve(folder))) {
      if (builtIn.has(name)) throw fault(path, `its name ${name} is taken by a built-in strategy`, `名稱 ${name} 已被內建策略使用`);
      if (strategies.has(name)) throw fault(path, `another file is named ${name} too`, `另一個檔案也叫 ${name}`);
      strategies.set(name, strategy);
    }
  }
  return strategies;
}

/** The folders of the user's own strategies that an environment names. */
export function strategyFolders(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const folder = env.BOTSWAIN_STRATEGIES?.trim() ?? "";
  return folder === "" ? [] : [folder];
}

type UserStrategy = readonly [name: string, strategy: Strategy, path: string];

async function userStrategies(folder: string): Promise<readonly UserStrategy[]> {
  let files: readonly string[];
  try {
    files = (await readdir(folder)).sort();
  } catch (error) {
    const why = messageOf(error);
    throw new UserError({
      en: `BOTSWAIN_STRATEGIES names ${folder}, which is no folder that can be read (${why}).`,
      "zh-TW": `BOTSWAIN_STRATEGIES 指定的 ${folder} 不是可讀取的資料夾（${why}）。`,
    });
  }
  const found: UserStrategy[] = [];
  for (const file of files) {
    const path = resolve(folder, file);
    const name = USER_FILE.exec(file)?.[1];
    if (name !== undefined) found.push([name, await userStrategy(path, name), path]);
    else if (/\.m?ts$/.test(file) && !/\.d\.m?ts$/.test(file) && !files.includes(file.replace(/ts$/, "js")))
      throw fault(
        path,
        "Node cannot load TypeScript here; compile it to .js or .mjs beside it",
        "無法直接載入 TypeScript；請先編譯成 .js 或 .mjs",
      );
  }
  return found;
}

async function userStrategy(path: string, name: string): Promise<Strategy> {
  if (!NAME.test(name)) throw fault(path, "a file name holds a-z, 0-9 and - only", "檔名只能包含 a-z、0-9 與 -");
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(path).href)) as { readonly default?: unknown }).default;
    // Outside the project nothing can be imported from it, so a file may export a function that is given what it needs.
    if (typeof exported === "function") exported = exported(strategyKit);
  } catch (error) {
    const why = messageOf(error);
    throw fault(path, `it cannot be loaded: ${why}`, `無法載入：${why}`);
  }
  const missing = missingParts(exported);
  if (missing.length > 0) {
    const parts = missing.join(", ");
    throw fault(path, `its default export is no strategy: ${parts} missing or wrong`, `預設匯出不是策略：${parts} 缺少或不正確`);
  }
  const strategy = exported as Strategy;
  if (strategy.name !== name)
    throw fault(
      path,
      `it declares the name ${strategy.name}; file and strategy must share one`,
      `宣告的名稱是 ${strategy.name}，必須與檔名相同`,
    );
  const example = strategy.params.safeParse(strategy.example);
  if (!example.success) {
    const why = example.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
    throw fault(path, `its example does not fit its params: ${why}`, `example 不符合 params：${why}`);
  }
  return strategy;
}

/** The parts of a strategy that a value lacks. */
function missingParts(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return ["everything"];
  const part = value as Readonly<Record<string, unknown>>;
  const isObject = (found: unknown): found is Readonly<Record<string, unknown>> => typeof found === "object" && found !== null;
  const { summary, params } = part;
  const wrong: readonly (readonly [string, boolean])[] = [
    ["name", typeof part.name !== "string"],
    ["version", !Number.isSafeInteger(part.version)],
    ["summary", !isObject(summary) || typeof summary.en !== "string" || typeof summary["zh-TW"] !== "string"],
    ["params", !isObject(params) || typeof params.safeParse !== "function"],
    ["example", !isObject(part.example)],
    ...["legs", "preview", "init", "decide", "adapt"].map((name): readonly [string, boolean] => [name, typeof part[name] !== "function"]),
  ];
  return wrong.filter(([, isWrong]) => isWrong).map(([name]) => name);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fault(path: string, en: string, zhTw: string): UserError {
  const text: Text = { en: `The strategy ${path} cannot be used: ${en}.`, "zh-TW": `策略檔 ${path} 無法使用：${zhTw}。` };
  return new UserError(text, "strategy");
}
