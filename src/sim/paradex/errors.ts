// Refusals in Paradex's shape: HTTP status and `{ data, error, message }`.

import { RestError } from "../gate.ts";

export class ParadexError extends RestError {
  constructor(status: number, code: string, message: string) {
    super(status, code, message);
    this.name = "ParadexError";
  }
}

/** What Paradex calls the errors that are the server's own. */
const CODES: Readonly<Record<string, string>> = {
  unreadable: "BINDING_ERROR",
  noSuchRoute: "NOT_FOUND",
  internal: "INTERNAL_ERROR",
  injected: "SERVICE_UNAVAILABLE",
};

export function bodyOf({ code, message }: { readonly code: string; readonly message: string }): object {
  return { data: null, error: CODES[code] ?? code, message };
}

/** A body whose fields are missing or of the wrong kind. */
export function validationError(message: string): ParadexError {
  return new ParadexError(400, "VALIDATION_ERROR", message);
}

/** A query whose value cannot be read. */
export function badParameter(message: string): ParadexError {
  return new ParadexError(400, "INVALID_REQUEST_PARAMETER", message);
}

export function invalidToken(message: string): ParadexError {
  return new ParadexError(401, "INVALID_TOKEN", message);
}
