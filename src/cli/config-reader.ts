// Reads bots from files: text, tree, secrets, variables, overrides, types, rules; every fault of every file at once.

import { type Validation, validateBot } from "../core/bot-validation.ts";
import { hiddenCharacters } from "../core/config-characters.ts";
import { type BotFields, botsOf } from "../core/config-document.ts";
import { override, type Settings } from "../core/config-overrides.ts";
import { takeSecretsOut } from "../core/config-secrets.ts";
import { type LookUp, substitute } from "../core/config-substitution.ts";
import { typedBot, typedBy } from "../core/config-typing.ts";
import { type ConfigValue, configValueOf, isConfigObject, plainValue } from "../core/config-values.ts";
import { type Fault, faultsIn } from "../core/fault-words.ts";
import type { Strategy } from "../core/strategy.ts";
import type { Text } from "../core/text.ts";
import { type FileFault, FileRefused, faultIn } from "./config-fault.ts";
import { listConfigFiles, readConfigText } from "./config-files.ts";
import { type InstrumentBlock, instrumentBlock } from "./config-instrument.ts";
import { readJson } from "./config-json.ts";
import { readYaml } from "./config-yaml.ts";
import { convertSeedDocument, isSeedDocument } from "./seed-import/convert.ts";
import { reportOf } from "./seed-import/report.ts";
import { DEFAULT_CHOICES, type SeedChoices, type SeedRow } from "./seed-import/seed-key.ts";

export interface ReadOptions {
  readonly strategies: ReadonlyMap<string, Strategy>;
  /** Variables that files may use. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: Settings;
  /** What the operator decides about files of the old system. */
  readonly seeds?: SeedChoices;
}

export interface ReadBot {
  readonly file: string;
  /** Where it stands in the file; empty for a file of one bot. */
  readonly path: string;
  readonly validation: Extract<Validation, { readonly ok: true }>;
  readonly instrument: InstrumentBlock | null;
}

/** Something that a person should know of a file that is right. */
export interface FileNote {
  readonly file: string;
  readonly path: string;
  readonly text: Text;
}

export interface ReadBots {
  readonly files: readonly string[];
  /** Those without a fault. */
  readonly bots: readonly ReadBot[];
  readonly faults: readonly FileFault[];
  readonly notes: readonly FileNote[];
  /** What became of every key of files of the old system. */
  readonly keys: readonly SeedRow[];
}

/** Reads the bots of files and folders. Throws a UserError only for an override that leads nowhere. */
export function readBots(paths: readonly string[], options: ReadOptions): ReadBots {
  const listed = paths.map(listConfigFiles);
  const refused = listed.flatMap((listing) => ("refused" in listing ? [faultIn(listing.file, "", listing.refused.fault)] : []));
  const files = [...new Set(listed.flatMap((listing) => ("files" in listing ? listing.files : [])))];
  const parts = files.map((file) => readFile(file, options));
  const bots = parts.flatMap((part) => part.bots);
  const faults = [...refused, ...parts.flatMap((part) => part.faults), ...sharedIds(bots)];
  return { files, bots, faults, notes: parts.flatMap((part) => part.notes), keys: parts.flatMap((part) => part.keys) };
}

type FileContent = Omit<ReadBots, "files">;

function readFile(file: string, options: ReadOptions): FileContent {
  let tree: ConfigValue;
  try {
    tree = parse(file, readConfigText(file));
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    return { bots: [], notes: [], keys: [], faults: [faultIn(file, "", error.fault)] };
  }
  const plain = plainValue(tree);
  if (isSeedDocument(plain)) return readSeed(file, plain, options);
  return readOwn(file, tree, options);
}

/** JSON by its name or its first character, else YAML. */
function parse(file: string, text: string): ConfigValue {
  const isJson = /\.json$/i.test(file) || (!/\.ya?ml$/i.test(file) && /^\s*[{[]/.test(text));
  return isJson ? readJson(text) : readYaml(text);
}

function readOwn(file: string, tree: ConfigValue, options: ReadOptions): FileContent {
  const clean = isConfigObject(tree) ? takeSecretsOut(tree) : { value: tree, faults: [] };
  const { bots: drafts, faults } = botsOf(clean.value);
  const read = drafts.map((draft) => readOne(file, draft, options));
  return {
    bots: read.flatMap(({ bot }) => bot ?? []),
    keys: [],
    notes: read.flatMap(({ bot }) => (bot === null || bot.instrument === null ? [] : [instrumentNote(file, bot.path)])),
    faults: [...[...clean.faults, ...faults].map((fault) => faultIn(file, "", fault)), ...read.flatMap((one) => one.faults)],
  };
}

/** A document of the system that Botswain replaces: other files know its keys. */
function readSeed(file: string, document: unknown, options: ReadOptions): FileContent {
  const { variables, overrides } = options.settings;
  const converted = convertSeedDocument(document, file, {
    ...(options.seeds ?? DEFAULT_CHOICES),
    lookUp: (name) => variables.get(name) ?? options.env[name],
    overrides: new Map(overrides.map(({ path, word }) => [path.join("."), word])),
  });
  const read = converted.bots.map((draft) => {
    const fields = configValueOf(draft);
    return readOne(file, { path: "", fields: isConfigObject(fields) ? fields : {} }, options);
  });
  const { rows, faults } = reportOf(
    file,
    converted,
    read.flatMap((one) => one.faults),
  );
  return { bots: faults.length > 0 ? [] : read.flatMap(({ bot }) => bot ?? []), notes: [], keys: rows, faults };
}

interface One {
  readonly bot: ReadBot | null;
  readonly faults: readonly FileFault[];
}

function readOne(file: string, { path, fields }: BotFields, { strategies, env, settings }: ReadOptions): One {
  const lookUp: LookUp = (name) => settings.variables.get(name) ?? env[name];
  const overridden = override(fields, settings.overrides);
  const substituted = substitute(overridden, lookUp);
  // A variable may have brought a secret in, and so may an override.
  const clean = takeSecretsOut(substituted.value);
  const { instrument, ...own } = clean.value;
  const typed = typedBot(own, strategies);
  const known = [...substituted.faults, ...clean.faults, ...hiddenCharacters(clean.value), ...typed.faults];
  const block = instrument === undefined ? { block: null, faults: [] } : readInstrument(instrument);
  const validation = validateBot(typed.value, strategies);
  // What is named already is not named again for what its absence breaks.
  const isNews = (fault: Fault): boolean => !known.some((first) => fault.path === first.path);
  const faults = [...known, ...block.faults, ...(validation.ok ? [] : validation.faults.filter(isNews))];
  if (!validation.ok || faults.length > 0) return { bot: null, faults: faults.map((fault) => faultIn(file, path, fault)) };
  return { bot: { file, path, validation, instrument: block.block }, faults: [] };
}

function readInstrument(value: ConfigValue): { readonly block: InstrumentBlock | null; readonly faults: readonly Fault[] } {
  const typed = typedBy(instrumentBlock, value);
  const parsed = instrumentBlock.safeParse(typed.value);
  const wrong = parsed.success ? [] : faultsIn(parsed.error, typed.value, Object.keys(instrumentBlock.shape));
  const faults = [...typed.faults, ...wrong].map((fault) => ({
    ...fault,
    path: fault.path === "" ? "instrument" : `instrument.${fault.path}`,
  }));
  return { block: parsed.success ? parsed.data : null, faults };
}

function sharedIds(bots: readonly ReadBot[]): readonly FileFault[] {
  return bots.flatMap((bot, index) => {
    const { id } = bot.validation.config;
    const first = bots.slice(0, index).find((other) => other.validation.config.id === id);
    const rule =
      first === undefined
        ? null
        : { en: `must be of its own: ${first.file} has a bot ${id} too`, "zh-TW": `不可重複：${first.file} 也有 ${id}` };
    return rule === null ? [] : [faultIn(bot.file, bot.path, { path: "id", value: id, rule })];
  });
}

function instrumentNote(file: string, path: string): FileNote {
  return {
    file,
    path: path === "" ? "instrument" : `${path}.instrument`,
    text: {
      en: "the instrument block serves previews and is not stored: the exchange tells it at the start",
      "zh-TW": "instrument 區塊僅供試算，不會儲存：啟動時由交易所提供",
    },
  };
}
