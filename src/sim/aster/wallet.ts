// Wallets as Aster's version 3 interface uses them: addresses, and the EIP-712 signature over a request's parameters.

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

/** The signing domain that Aster documents for API requests; the chain id is a name of its own, not a chain. */
const DOMAIN = { name: "AsterSignTransaction", version: "1", chainId: 1666 } as const;
const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const MESSAGE_TYPE = "Message(string msg)";
const WORD_BYTES = 32;
const ADDRESS_BYTES = 20;

export interface Wallet {
  /** `0x` and 40 lower-case hexadecimal digits. */
  readonly address: string;
  /** `0x` and 64 hexadecimal digits. */
  readonly privateKey: string;
}

function hashOf(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return keccak_256(Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "utf8") : part))));
}

function wordOf(value: number): Uint8Array {
  const word = Buffer.alloc(WORD_BYTES);
  word.writeBigUInt64BE(BigInt(value), WORD_BYTES - 8);
  return word;
}

/** The zero address as verifying contract is a word of zeros. */
const DOMAIN_HASH = hashOf(hashOf(DOMAIN_TYPE), hashOf(DOMAIN.name), hashOf(DOMAIN.version), wordOf(DOMAIN.chainId), wordOf(0));
const MESSAGE_TYPE_HASH = hashOf(MESSAGE_TYPE);

/** What a wallet signs for a request: the EIP-712 digest of its parameters as they go over the wire, without the signature. */
export function requestDigest(parameters: string): Uint8Array {
  return hashOf(Uint8Array.of(0x19, 0x01), DOMAIN_HASH, hashOf(MESSAGE_TYPE_HASH, hashOf(parameters)));
}

function addressOf(publicKey: Uint8Array): string {
  return `0x${Buffer.from(hashOf(publicKey.subarray(1)).subarray(-ADDRESS_BYTES)).toString("hex")}`;
}

/** A wallet of a private key; a new one when none is given. Throws on a key that is none. */
export function walletOf(privateKey?: string): Wallet {
  const secret = privateKey === undefined ? secp256k1.utils.randomSecretKey() : Buffer.from(privateKey.replace(/^0x/, ""), "hex");
  return { address: addressOf(secp256k1.getPublicKey(secret, false)), privateKey: `0x${Buffer.from(secret).toString("hex")}` };
}

/** The account's own wallet in the simulation: found from its agent's key, so that no file has to hold the stronger key. */
export function mainWalletOf(agent: Wallet): Wallet {
  return walletOf(Buffer.from(hashOf("main wallet of ", agent.privateKey)).toString("hex"));
}

/** The address whose key made a 65-byte signature over the request's parameters, or null for a text that is no signature. */
export function signerOf(parameters: string, signature: string): string | null {
  const bytes = /^(?:0x)?[0-9a-f]{130}$/i.test(signature) ? Buffer.from(signature.replace(/^0x/, ""), "hex") : null;
  const recovery = (bytes?.at(-1) ?? 0) - 27;
  if (bytes === null || (recovery !== 0 && recovery !== 1)) return null;
  try {
    const parsed = secp256k1.Signature.fromBytes(bytes.subarray(0, 64), "compact").addRecoveryBit(recovery);
    return addressOf(parsed.recoverPublicKey(requestDigest(parameters)).toBytes(false));
  } catch {
    return null;
  }
}
