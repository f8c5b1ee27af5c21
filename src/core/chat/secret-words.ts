// Recognises messages that look as if they held an API key, a private key or a seed phrase.

import type { Text } from "../text.ts";

/** Letters and digits without a break; what is longer than any name, symbol or order id that people type. */
const RUN = /[A-Za-z0-9+_-]{32,}/g;
const SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  // 32 bytes and more in hex, as private keys and many API secrets are; an address has 40 digits.
  /(?<![0-9a-zA-Z])(?:0x)?[0-9a-fA-F]{60,}(?![0-9a-zA-Z])/,
  // 32 bytes and more in base64, with its padding.
  /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{42,}={1,2}(?!=)/,
  // A Telegram bot's token.
  /(?<!\d)\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/,
  // A JSON web token.
  /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/,
  // Something that says of itself that it is one.
  /\b(?:api[ _-]?key|api[ _-]?secret|secret[ _-]?key|private[ _-]?key|passphrase|mnemonic|seed[ _-]?phrase)\s*[:=]\s*["']?[^\s"']{8,}/i,
];
/** A seed phrase has at least twelve words of three to eight letters; people who write sentences use shorter ones in between. */
const SEED_PHRASE = /(?<![a-z])(?:[a-z]{3,8}\s+){11,}[a-z]{3,8}(?![a-z])/i;

/** True for text that should not be stored, logged or answered with an echo of itself. */
export function looksLikeSecret(text: string): boolean {
  if (SEED_PHRASE.test(text) || SHAPES.some((shape) => shape.test(text))) return true;
  return (text.match(RUN) ?? []).some(isRandom);
}

/** Upper and lower case and several digits, as keys have them; of hex digits only capitals, since addresses mix the case. */
function isRandom(run: string): boolean {
  if (/^(?:0x)?[0-9a-fA-F]+$/.test(run)) return /^[0-9A-F]+$/.test(run) && /[A-F]/.test(run);
  const digits = run.match(/\d/g)?.length ?? 0;
  return digits >= 3 && /[a-z]/.test(run) && /[A-Z]/.test(run);
}

/** What stands in the audit instead of such a line. */
export const SECRET_LINE = "[redacted: looked like a key]";

export const SECRET_WARNING: Text = {
  en: "This looked like an API key or a private key, so it was neither read nor kept.",
  "zh-TW": "這則訊息看起來含有 API 金鑰或私鑰，因此未被讀取或保存。",
};
export const SECRET_ADVICE: Text = {
  en: "Keys are never typed in a chat: revoke this one at its exchange, make a new one, and enter it on the machine itself with botswain account add.",
  "zh-TW": "請勿在聊天室輸入金鑰：請到交易所撤銷這組金鑰並重新產生，再於主機上以 botswain account add 輸入。",
};
