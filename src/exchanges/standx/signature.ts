// StandX's request signature: ED25519 over `v1,{uuid},{time},{body}`, by a key that an operator pastes in one of three spellings.

import { createPrivateKey, type KeyObject, randomUUID, sign } from "node:crypto";
import { UserError } from "../../core/text.ts";

const VERSION = "v1";
const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** What stands before the 32 bytes of a private key in PKCS 8 (RFC 8410). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/** Headers of one signed request; `at` is epoch ms. */
export function signatureHeaders(key: KeyObject, body: string, at: number): Readonly<Record<string, string>> {
  const id = randomUUID();
  const signature = sign(null, Buffer.from(`${VERSION},${id},${at},${body}`), key).toString("base64");
  return {
    "x-request-sign-version": VERSION,
    "x-request-id": id,
    "x-request-timestamp": String(at),
    "x-request-signature": signature,
  };
}

/** An ED25519 key of 32 bytes (or 64, public half included) in hex, base58 or base64. Throws a UserError that does not show it. */
export function signingKey(value: string): KeyObject {
  const bytes = [fromHex, fromBase58, fromBase64].map((read) => read(value)).find((found) => found?.length === 32 || found?.length === 64);
  if (bytes === undefined || bytes === null)
    throw new UserError({
      en: "The account's privateKey (value not shown) must be an ED25519 key of 32 or 64 bytes in hex, base58 or base64",
      "zh-TW": "帳戶的 privateKey（不顯示內容）必須是 32 或 64 位元組的 ED25519 私鑰，十六進位、base58 或 base64",
    });
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, bytes.subarray(0, 32)]), format: "der", type: "pkcs8" });
}

function fromHex(value: string): Buffer | null {
  return /^(0x)?([0-9a-fA-F]{2})+$/.test(value) ? Buffer.from(value.replace(/^0x/, ""), "hex") : null;
}

function fromBase58(value: string): Buffer | null {
  let number = 0n;
  for (const character of value) {
    const digit = BASE58.indexOf(character);
    if (digit < 0) return null;
    number = number * 58n + BigInt(digit);
  }
  const hex = number.toString(16);
  const zeros = /^1*/.exec(value)?.[0].length ?? 0;
  return Buffer.concat([Buffer.alloc(zeros), Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex")]);
}

function fromBase64(value: string): Buffer | null {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(value) ? Buffer.from(value, "base64") : null;
}
