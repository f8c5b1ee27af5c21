// Refusals in Backpack's own shape: an HTTP status and `{ code, message }`.

export class BackpackError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "BackpackError";
    this.status = status;
    this.code = code;
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

export function tooManyRequests(): BackpackError {
  return new BackpackError(429, "TOO_MANY_REQUESTS", "Too many requests");
}

export function bodyOf(error: { readonly code: string; readonly message: string }): { code: string; message: string } {
  return { code: error.code, message: error.message };
}
