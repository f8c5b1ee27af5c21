// Validates what our bots send against the official descriptions of the Telegram Bot API and the Discord API.

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";

const PROJECT = path.resolve(import.meta.dirname, "../..");

/** Full path of a description in the shared data, or null when this machine does not have it. */
function findSpec(name: string): string | null {
  const shared = path.resolve(PROJECT, process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data");
  const file = path.join(shared, "specs", name);
  return existsSync(file) ? file : null;
}

/** True when one of the descriptions is missing: tests that depend on validation are skipped then. */
export const specsMissing = findSpec("telegram-bot-api.json") === null || findSpec("discord-openapi.json") === null;
export const SPECS_MISSING_MESSAGE = "the API descriptions (specs/ in BOTSWAIN_SHARED_DATA, default ../shared/data) are missing";

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// ---- Telegram -------------------------------------------------------------------------------------------------------

interface TelegramField {
  readonly name: string;
  readonly types: readonly string[];
  readonly required: boolean;
  readonly description: string;
}

interface TelegramSpec {
  readonly methods: Readonly<Record<string, { readonly fields?: readonly TelegramField[] }>>;
  readonly types: Readonly<Record<string, { readonly fields?: readonly TelegramField[]; readonly subtypes?: readonly string[] }>>;
}

/** Faults of one request, empty when it is right; null as validator when the description is missing. */
export type TelegramValidator = (method: string, payload: Fields) => readonly string[];

/** `1-4096 characters after entities parsing`, `1-64 bytes`. */
const LENGTH = /(\d+)-(\d+) (characters|bytes)( after entit(?:y|ies) parsing)?/;
/** Fields of an inline button that do not say what it does. */
const BUTTON_LOOKS = new Set(["text", "icon_custom_emoji_id", "style"]);

export function telegramValidator(): TelegramValidator | null {
  const file = findSpec("telegram-bot-api.json");
  if (file === null) return null;
  const spec = JSON.parse(readFileSync(file, "utf8")) as TelegramSpec;
  return (method, payload) => {
    const described = spec.methods[method];
    if (described === undefined) return [`${method}: no such method`];
    return fieldFaults(spec, described.fields ?? [], payload, method);
  };
}

function fieldFaults(spec: TelegramSpec, fields: readonly TelegramField[], value: Fields, where: string): string[] {
  const known = new Map(fields.map((field) => [field.name, field]));
  const missing = fields.filter((field) => field.required && value[field.name] === undefined);
  const faults = missing.map((field) => `${where}.${field.name} is required`);
  for (const [name, entry] of Object.entries(value)) {
    const field = known.get(name);
    if (field === undefined) faults.push(`${where}.${name} is not described`);
    else faults.push(...valueFaults(spec, field.types, entry, `${where}.${name}`), ...lengthFaults(field, entry, value, where));
  }
  return faults;
}

function lengthFaults(field: TelegramField, entry: unknown, holder: Fields, where: string): string[] {
  const limits = LENGTH.exec(field.description);
  if (limits === null || typeof entry !== "string") return [];
  const shown = limits[4] !== undefined && holder.parse_mode === "HTML" ? textOfHtml(entry) : entry;
  const length = limits[3] === "bytes" ? Buffer.byteLength(shown) : shown.length;
  const isRight = length >= Number(limits[1]) && length <= Number(limits[2]);
  return isRight ? [] : [`${where}.${field.name} has ${length} ${limits[3]}, allowed are ${limits[1]} to ${limits[2]}`];
}

function valueFaults(spec: TelegramSpec, types: readonly string[], value: unknown, where: string): string[] {
  const tries = types.map((type) => oneTypeFaults(spec, type, value, where));
  return tries.find((faults) => faults.length === 0) ?? tries[0] ?? [];
}

function oneTypeFaults(spec: TelegramSpec, type: string, value: unknown, where: string): string[] {
  if (type.startsWith("Array of ")) {
    if (!Array.isArray(value)) return [`${where} must be an array`];
    return value.flatMap((item, index) => oneTypeFaults(spec, type.slice("Array of ".length), item, `${where}[${index}]`));
  }
  switch (type) {
    case "Integer":
      return Number.isSafeInteger(value) ? [] : [`${where} must be an integer`];
    case "Float":
      return typeof value === "number" ? [] : [`${where} must be a number`];
    case "String":
      return typeof value === "string" ? [] : [`${where} must be a string`];
    case "Boolean":
      return typeof value === "boolean" ? [] : [`${where} must be a boolean`];
    default:
      return objectFaults(spec, type, value, where);
  }
}

function objectFaults(spec: TelegramSpec, type: string, value: unknown, where: string): string[] {
  const described = spec.types[type];
  if (described === undefined) return [`${where} has the type ${type}, which is not described`];
  if (!isFields(value)) return [`${where} must be a ${type}`];
  if (described.subtypes !== undefined) return valueFaults(spec, described.subtypes, value, where);
  const faults = fieldFaults(spec, described.fields ?? [], value, where);
  const actions = Object.keys(value).filter((name) => !BUTTON_LOOKS.has(name));
  if (type === "InlineKeyboardButton" && actions.length !== 1) faults.push(`${where} must do exactly one thing, it does ${actions.length}`);
  return faults;
}

const HTML_TAGS = new Set(["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "blockquote", "tg-spoiler"]);

/** The text a reader sees. Throws an Error in Telegram's words when the markup is wrong. */
export function textOfHtml(html: string): string {
  const open: string[] = [];
  let text = "";
  let at = 0;
  for (const match of html.matchAll(/<(\/?)([a-z-]*)([^>]*)>/g)) {
    text += html.slice(at, match.index);
    at = match.index + match[0].length;
    const tag = match[2] ?? "";
    if (!HTML_TAGS.has(tag)) throw new Error(`can't parse entities: Unsupported start tag "${tag}" at byte offset ${match.index}`);
    if (match[1] === "") open.push(tag);
    else if (open.pop() !== tag) throw new Error(`can't parse entities: Unexpected end tag at byte offset ${match.index}`);
  }
  text += html.slice(at);
  if (open.length > 0) throw new Error(`can't parse entities: Can't find end tag corresponding to start tag "${open.at(-1)}"`);
  if (/[<>]/.test(text) || /&(?!(?:lt|gt|amp|quot);)/.test(text)) throw new Error("can't parse entities: unescaped character");
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

// ---- Discord --------------------------------------------------------------------------------------------------------

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Fields };
}

type DiscordPath = Readonly<Record<string, Operation>> & { readonly parameters?: readonly Parameter[] };

export interface DiscordRequest {
  readonly method: string;
  /** Below `/api/v10`, decoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type DiscordValidator = (request: DiscordRequest) => readonly string[];

const KEY = "discord";

/** A pointer into a JSON document, usable as an ajv reference. */
function pointer(...steps: readonly string[]): string {
  return `${KEY}#/${steps.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
}

export function discordValidator(): DiscordValidator | null {
  const file = findSpec("discord-openapi.json");
  if (file === null) return null;
  const spec = JSON.parse(readFileSync(file, "utf8")) as { readonly paths: Readonly<Record<string, DiscordPath>> };
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: false });
  ajv.addSchema(spec, KEY);
  const compiled = new Map<string, ValidateFunction>();
  const check = (reference: string, value: unknown, where: string): string[] => {
    const known = compiled.get(reference) ?? ajv.compile({ $ref: reference });
    compiled.set(reference, known);
    return known(value) ? [] : [`${where}: ${ajv.errorsText(known.errors, { dataVar: "value" })}`];
  };
  return (request) => requestFaults(spec.paths, request, check);
}

type Check = (reference: string, value: unknown, where: string) => string[];

function requestFaults(paths: Readonly<Record<string, DiscordPath>>, request: DiscordRequest, check: Check): string[] {
  const where = `${request.method} ${request.path}`;
  const method = request.method.toLowerCase();
  const found = findPath(paths, request.path, method);
  const template = found === null ? undefined : paths[found.template];
  const operation = template?.[method];
  if (found === null || template === undefined || operation === undefined) return [`${where} is not described`];
  const faults: string[] = [];
  const checkAll = (parameters: readonly Parameter[] | undefined, pathTo: readonly string[]): void => {
    (parameters ?? []).forEach((parameter, index) => {
      const raw = parameter.in === "path" ? found.values[parameter.name] : request.query[parameter.name];
      if (raw === undefined) {
        if (parameter.required === true) faults.push(`${where}: ${parameter.name} is required`);
        return;
      }
      const value = raw === "true" ? true : raw === "false" ? false : raw;
      const reference = pointer("paths", found.template, ...pathTo, "parameters", String(index), "schema");
      faults.push(...check(reference, value, `${where} ${parameter.name}`));
    });
  };
  checkAll(template.parameters, []);
  checkAll(operation.parameters, [method]);
  const known = new Set([...(template.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) => parameter.name));
  for (const name of Object.keys(request.query)) if (!known.has(name)) faults.push(`${where}: query ${name} is not described`);
  if (operation.requestBody !== undefined && (request.body !== undefined || operation.requestBody.required === true)) {
    const reference = pointer("paths", found.template, method, "requestBody", "content", "application/json", "schema");
    faults.push(...check(reference, request.body, where));
  }
  return faults;
}

/** The described path that a request matches; fixed words win over parameters. */
function findPath(
  paths: Readonly<Record<string, DiscordPath>>,
  requested: string,
  method: string,
): { readonly template: string; readonly values: Readonly<Record<string, string>> } | null {
  const parts = requested.split("/");
  let best: { template: string; values: Record<string, string> } | null = null;
  for (const [template, described] of Object.entries(paths)) {
    const steps = template.split("/");
    if (steps.length !== parts.length || described[method] === undefined) continue;
    const values: Record<string, string> = {};
    const matches = steps.every((step, index) => {
      const part = parts[index] ?? "";
      if (!step.startsWith("{")) return step === part;
      values[step.slice(1, -1)] = part;
      return part !== "";
    });
    if (matches && (best === null || Object.keys(values).length < Object.keys(best.values).length)) best = { template, values };
  }
  return best;
}
