// The parameters of a request as they came: their exact text, which is what was signed, and their values by name.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { isDecimal } from "../../core/units.ts";
import { illegalCharacters, invalidParameter, missing } from "./errors.ts";

export type Fields = Readonly<Record<string, string>>;

const FORM = "application/x-www-form-urlencoded";
/** What a number may look like, as the exchange words it. */
const DECIMAL_RANGE = "^([0-9]{1,20})(\\.[0-9]{1,20})?$";

/** Keeps form bodies as text: a signature counts over the text, not over the values. */
export function keepForms(app: FastifyInstance): void {
  app.addContentTypeParser(FORM, { parseAs: "string" }, (_request, body, done) => done(null, body));
}

/** Values of a form body or a query text; the last one of a name counts. */
export function fieldsOf(form: unknown): Fields {
  if (typeof form !== "string") return {};
  return Object.fromEntries(new URLSearchParams(form));
}

function withoutSignature(text: string): string {
  return text.replace(/(^|&)signature=[^&]*/, "").replace(/^&/, "");
}

/** What a request's signature is over: its query and its body as sent, without the signature. */
export function signedTextOf(request: FastifyRequest): string {
  const query = request.url.split("?", 2)[1] ?? "";
  const body = typeof request.body === "string" ? request.body : "";
  return withoutSignature(query) + withoutSignature(body);
}

/** All parameters of a request, wherever they stood. */
export function parametersOf(request: FastifyRequest): Fields {
  return { ...fieldsOf(request.url.split("?", 2)[1] ?? ""), ...fieldsOf(request.body) };
}

/** A value that must be there. Throws an AsterError. */
export function needed(fields: Fields, name: string): string {
  const value = fields[name];
  if (value === undefined || value === "") throw missing(name);
  return value;
}

/** A whole number up to `max`, or the fallback when it is absent. Throws an AsterError. */
export function wholeIn(fields: Fields, name: string, fallback: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = fields[name];
  if (value === undefined || value === "") return fallback;
  if (!/^\d{1,16}$/.test(value)) throw illegalCharacters(name, "^[0-9]{1,20}$");
  if (Number(value) > max) throw invalidParameter(name);
  return Number(value);
}

/** A plain decimal that must be there. Throws an AsterError. */
export function decimalIn(fields: Fields, name: string): string {
  const value = needed(fields, name);
  if (!isDecimal(value) || /e/i.test(value)) throw illegalCharacters(name, DECIMAL_RANGE);
  return value;
}

/** `true` or `false` in any case, or the fallback when it is absent. Throws an AsterError. */
export function flagIn(fields: Fields, name: string, fallback: boolean): boolean {
  const value = fields[name]?.toLowerCase();
  if (value === undefined || value === "") return fallback;
  if (value !== "true" && value !== "false") throw invalidParameter(name);
  return value === "true";
}

/** A list written as JSON. Throws an AsterError. */
export function listIn(fields: Fields, name: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(needed(fields, name));
    if (Array.isArray(list)) return list;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw missing(name);
}
