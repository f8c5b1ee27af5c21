// Paradex's StarkNet signatures: the typed messages that are signed, their hashes, and whether a key signed one.

import { computeHashOnElements, getPublicKey, keccak, Signature, verify } from "@scure/starknet";

/** Chain that `/system/config` names and every message is signed for. */
export const CHAIN_ID = "PRIVATE_SN_POTC_SEPOLIA";
/** Prices and sizes are signed as integers with this many decimals. */
const SIGNED_DECIMALS = 8;
/** Hashes of names are cut to this many bits. */
const NAME_MASK = (1n << 250n) - 1n;
const SHORT_STRING_MAX = 31;

/** A flat struct of felts, in the order in which they are hashed. */
export interface TypedMessage {
  readonly type: "Request" | "Constant" | "Order" | "ModifyOrder";
  readonly fields: readonly (readonly [name: string, value: bigint])[];
}

/** ASCII text of at most 31 characters as the number that its bytes make. Throws a RangeError for any other text. */
export function shortText(text: string): bigint {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > SHORT_STRING_MAX || bytes.length !== text.length) throw new RangeError("not a short ASCII text");
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString("hex")}`);
}

/** A plain decimal as an integer with eight decimals, or null when it has more. */
export function signedAmount(decimal: string): bigint | null {
  const match = /^(\d{1,40})(?:\.(\d+))?$/.exec(decimal);
  if (match === null) return null;
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  return fraction.length > SIGNED_DECIMALS ? null : BigInt(`${match[1]}${fraction.padEnd(SIGNED_DECIMALS, "0")}`);
}

function hashOf(values: readonly bigint[]): bigint {
  return BigInt(String(computeHashOnElements([...values])));
}

function structHash(name: string, fields: readonly (readonly [string, bigint])[]): bigint {
  const type = `${name}(${fields.map(([field]) => `${field}:felt`).join(",")})`;
  return hashOf([keccak(Buffer.from(type)) & NAME_MASK, ...fields.map(([, value]) => value)]);
}

const DOMAIN_HASH = structHash("StarkNetDomain", [
  ["name", shortText("Paradex")],
  ["chainId", shortText(CHAIN_ID)],
  ["version", 1n],
]);

/** The hash that `account` (a felt) signs for a message: SNIP-12, revision 0. */
export function messageHash(message: TypedMessage, account: bigint): string {
  const parts = [shortText("StarkNet Message"), DOMAIN_HASH, account, structHash(message.type, message.fields)];
  return hashOf(parts).toString(16).padStart(64, "0");
}

/** The whole public key of a private key, both in hex. */
export function publicKeyOf(privateKey: string): Uint8Array {
  return getPublicKey(privateKey.replace(/^0x/, ""), true);
}

/** Whether `signature`, a JSON list of two decimal numbers, is the key's for the message. */
export function isSignedBy(key: Uint8Array, signature: string, message: TypedMessage, account: bigint): boolean {
  const match = /^\["(\d{1,80})","(\d{1,80})"\]$/.exec(signature);
  if (match === null) return false;
  try {
    return verify(new Signature(BigInt(match[1] ?? 0), BigInt(match[2] ?? 0)), messageHash(message, account), key);
  } catch {
    // Numbers outside the curve are no signature.
    return false;
  }
}
