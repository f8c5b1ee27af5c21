// Takes secrets out of text before it is logged, stored or sent: those this process has held, and what looks like one.

const REDACTED = "[redacted]";
/** Shorter values, and plain numbers, are found in too many innocent places: an account index is part of many an order id. */
const KNOWN_MIN_LENGTH = 12;

/** Any name that a signed request, a configuration or an error message gives a secret. */
const NAMES = [
  ...["api[-_]?key", "api[-_]?secret", "secret[-_]?key", "private[-_]?key", "access[-_]?key", "key", "secret", "seeds?"],
  ...["signature", "sign", "sig", "x-signature", "token", "jwt", "authorization", "passphrase", "password", "pass(?:wd)?", "cookie"],
].join("|");

/** What looks like a secret, and what is left of it. No pattern takes a quote or a backslash: a JSON line stays one. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[A-Za-z0-9+/=\s]|\\[nr])*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g, REDACTED],
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'\\@]+@/gi, `$1${REDACTED}@`],
  [
    new RegExp(`((?<![A-Za-z])(?:${NAMES})["'\\\\]*\\s*[=:]\\s*["'\\\\]*(?:Bearer\\s+)?)[A-Za-z0-9+/_.%~-]{16,}={0,2}`, "gi"),
    `$1${REDACTED}`,
  ],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g, REDACTED],
  [/(\/bot)\d+:[\w-]{20,}/g, `$1${REDACTED}`],
  [/(\/webhooks\/\d+\/)[\w-]{20,}/g, `$1${REDACTED}`],
];

export class Redactor {
  readonly #known = new Set<string>();
  #pattern: RegExp | null = null;

  /** Remembers a secret, in the forms in which URLs, JSON and signers write it. */
  learn(value: string): void {
    const bare = value.trim();
    for (const form of [bare, bare.replace(/^0x/i, ""), encodeURIComponent(bare), JSON.stringify(bare).slice(1, -1)])
      if (form.length >= KNOWN_MIN_LENGTH && !/^\d+$/.test(form)) this.#known.add(form);
    this.#pattern = null;
  }

  /** The text without secrets. */
  scrub(text: string): string {
    let clean = this.#withoutKnown(text);
    for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
    return clean;
  }

  /** A plain value with every string in it scrubbed; numbers and the like stay. */
  scrubAll<T>(value: T): T {
    return this.#deep(value) as T;
  }

  #deep(value: unknown): unknown {
    if (typeof value === "string") return this.scrub(value);
    if (Array.isArray(value)) return value.map((item) => this.#deep(item));
    if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#deep(item)]));
  }

  #withoutKnown(text: string): string {
    if (this.#known.size === 0) return text;
    // The longest first, so that one inside another leaves no rest.
    this.#pattern ??= new RegExp(
      [...this.#known]
        .sort((one, other) => other.length - one.length)
        .map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"))
        .join("|"),
      "gi",
    );
    return text.replace(this.#pattern, REDACTED);
  }
}

/** The secrets of this process: one for all, since a log line may hold what any part of it has touched. */
export const redactor = new Redactor();
