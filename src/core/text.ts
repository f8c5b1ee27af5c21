// What a user reads, in every language we speak, kept beside the code that says it.

export type Language = "en" | "zh-TW";

/** A sentence in every language; the frontend picks one. */
export type Text = Readonly<Record<Language, string>>;

/** The same characters in every language: names, numbers, ids. */
export function plain(value: string): Text {
  return { en: value, "zh-TW": value };
}

/** Joins texts language by language. */
export function join(parts: readonly Text[], separator: string): Text {
  return { en: parts.map((part) => part.en).join(separator), "zh-TW": parts.map((part) => part["zh-TW"]).join(separator) };
}

/** The language for a chat client's language tag (`zh-hant`, `zh-TW`, `zh-HK` → Traditional Chinese; everything else English). */
export function languageOf(tag: string | undefined): Language {
  return tag !== undefined && /^zh/i.test(tag) ? "zh-TW" : "en";
}

/** A fault that the user caused and can mend: shown as it is, never logged as ours. */
export class UserError extends Error {
  readonly text: Text;
  readonly code: string;
  constructor(text: Text, code = "invalid") {
    super(text.en);
    this.name = "UserError";
    this.text = text;
    this.code = code;
  }
}
