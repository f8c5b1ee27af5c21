// Refusals in Backpack's own shape: an HTTP status and `{ code, message }`.

import { RestError } from "../gate.ts";

export class BackpackError extends RestError {
  constructor(status: number, code: string, message: string) {
    super(status, code, message);
    this.name = "BackpackError";
  }
}

export function invalidRequest(message: string): BackpackError {
  return new BackpackError(400, "INVALID_CLIENT_REQUEST", message);
}

export function notFound(message: string): BackpackError {
  return new BackpackError(404, "RESOURCE_NOT_FOUND", message);
}

export function invalidSignature(): BackpackError {
  return new BackpackError(401, "INVALID_SIGNATURE", "Invalid signature");
}

export function bodyOf(error: { readonly code: string; readonly message: string }): { code: string; message: string } {
  return { code: error.code, message: error.message };
}
