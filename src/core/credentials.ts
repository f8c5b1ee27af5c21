// What an exchange asks of an account before it lets us in: named fields, some of them secret.

import type { Text } from "./text.ts";

/** One value of an account's credentials. */
export interface CredentialField {
  /** As ccxt or our quirks file calls it: `apiKey`, `secret`, `privateKey`, `accountIndex`. */
  readonly name: string;
  /** Asked without an echo, sealed at rest, printed as `[redacted]`. */
  readonly isSecret: boolean;
  readonly isOptional?: boolean;
  readonly summary: Text;
  /** What a value must look like. */
  readonly pattern: RegExp;
  /** What is right, for the sentence about a wrong value. */
  readonly right: Text;
}

/** Values by field name, in the clear: only for the way from the store to the adapter, never for a log, row or job. */
export type CredentialValues = Readonly<Record<string, string>>;
