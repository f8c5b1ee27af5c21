// The signer that ccxt loads for Lighter: our own for tests, or the operator's files when BOTSWAIN_LIGHTER_SIGNER names their folder.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SignerFiles {
  readonly libraryPath: string;
  readonly librarySha256: string;
  readonly wasmExecPath: string;
  readonly wasmExecSha256: string;
}

/** A WebAssembly module of nothing. */
const EMPTY_WASM = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/**
 * A test signer, not Lighter's: it offers the functions of the real one with the same arguments, but signs with HMAC-SHA256
 * under the API private key, which the simulated exchange can verify.
 */
const TEST_SIGNER = `
const { createHmac, createHash, randomBytes } = require("node:crypto");
const LIFE_MS = 599000;
const clients = new Map();
const calls = (globalThis.lighterTestSignerCalls = []);
function signature({ privateKey, chainId }, text) {
  return createHmac("sha256", Buffer.from(privateKey.replace(/^0x/, ""), "hex")).update(chainId + ":" + text).digest();
}
function firstMissing(args) {
  return [...args].findIndex((value) => value === undefined);
}
function define(name, make) {
  globalThis[name] = (...args) => {
    calls.push(name);
    const missing = firstMissing(args);
    if (missing >= 0) return { error: "argument " + missing + " is undefined" };
    const [apiKeyIndex, accountIndex] = args.slice(-2);
    const client = clients.get(apiKeyIndex + ":" + accountIndex);
    if (client === undefined) return { error: "client is not created for apiKeyIndex: " + apiKeyIndex + " accountIndex: " + accountIndex };
    return make(client, ...args);
  };
}
function transaction(name, txType, fieldsOf, attributesOf) {
  define(name, (client, ...args) => {
    const [nonce, apiKeyIndex, accountIndex] = args.slice(-3);
    const info = {
      AccountIndex: accountIndex, ApiKeyIndex: apiKeyIndex, ...fieldsOf(...args),
      ExpiredAt: Date.now() + LIFE_MS, Nonce: nonce, L2TxAttributes: attributesOf(...args),
    };
    const signed = JSON.stringify(info);
    const txInfo = JSON.stringify({ ...info, Sig: signature(client, txType + ":" + signed).toString("base64") });
    const txHash = createHash("sha256").update(txInfo).digest("hex");
    return { txType, txInfo, txHash, messageToSign: "test" };
  });
}
function attributes(integrator, taker, maker, skipNonce, more = {}) {
  const usual = Object.entries({ 1: integrator, 2: taker, 3: maker, 4: skipNonce });
  return { ...Object.fromEntries(usual.filter(([, value]) => value !== 0)), ...more };
}
globalThis.Go = class {
  importObject = {};
  async run() {
    globalThis.lighterTestSignerLoads = (globalThis.lighterTestSignerLoads ?? 0) + 1;
    clients.clear();
    globalThis.CreateClient = (url, privateKey, chainId, apiKeyIndex, accountIndex) => {
      calls.push("CreateClient");
      if (!/^[0-9a-fA-F]{80}$/.test(privateKey)) return { error: "invalid private key" };
      clients.set(apiKeyIndex + ":" + accountIndex, { privateKey, chainId });
      return {};
    };
    globalThis.GenerateAPIKey = () => {
      calls.push("GenerateAPIKey");
      return { privateKey: randomBytes(40).toString("hex"), publicKey: randomBytes(40).toString("hex") };
    };
    define("CreateAuthToken", (client, deadline, apiKeyIndex, accountIndex) => {
      const text = deadline + ":" + accountIndex + ":" + apiKeyIndex;
      return { authToken: text + ":" + signature(client, text).toString("hex") };
    });
    transaction("SignCreateOrder", 14,
      (MarketIndex, ClientOrderIndex, BaseAmount, Price, IsAsk, Type, TimeInForce, ReduceOnly, TriggerPrice, OrderExpiry) =>
        ({ MarketIndex, ClientOrderIndex, BaseAmount, Price, IsAsk, Type, TimeInForce, ReduceOnly, TriggerPrice, OrderExpiry }),
      (...args) => attributes(args[10], args[11], args[12], args[15]));
    transaction("SignCancelOrder", 15, (MarketIndex, Index) => ({ MarketIndex, Index }), (...args) => attributes(0, 0, 0, args[2]));
    transaction("SignCancelAllOrders", 16, (TimeInForce, Time) => ({ TimeInForce, Time }),
      (...args) => attributes(0, 0, 0, args[3], args[2] === 255 ? {} : { 5: args[2] }));
    transaction("SignModifyOrder", 17,
      (MarketIndex, Index, BaseAmount, Price, TriggerPrice) => ({ MarketIndex, Index, BaseAmount, Price, TriggerPrice }),
      (...args) => attributes(args[5], args[6], args[7], args[10]));
    // Its nonce stands before the order's version.
    const modify = globalThis.SignModifyOrder;
    globalThis.SignModifyOrder = (...args) => {
      const [nonce, , apiKeyIndex, accountIndex] = args.slice(-4);
      return modify(...args.slice(0, -4), nonce, apiKeyIndex, accountIndex);
    };
    transaction("SignChangePubKey", 8, (PubKey) => ({ PubKey, L1Sig: "" }), (...args) => attributes(0, 0, 0, args[1]));
    transaction("SignUpdateLeverage", 20,
      (MarketIndex, InitialMarginFraction, MarginMode) => ({ MarketIndex, InitialMarginFraction, MarginMode }),
      (...args) => attributes(0, 0, 0, args[3]));
    transaction("SignApproveIntegrator", 45,
      (IntegratorAccountIndex, MaxPerpsTakerFee, MaxPerpsMakerFee, MaxSpotTakerFee, MaxSpotMakerFee, ApprovalExpiry) =>
        ({ IntegratorAccountIndex, MaxPerpsTakerFee, MaxPerpsMakerFee, MaxSpotTakerFee, MaxSpotMakerFee, ApprovalExpiry, L1Sig: "" }),
      (...args) => attributes(0, 0, 0, args[6]));
  }
};
`;

export const isTestSigner = process.env.BOTSWAIN_LIGHTER_SIGNER === undefined;

let files: SignerFiles | null = null;

/** The files of the signer, made once per process. */
export function lighterSigner(): SignerFiles {
  files ??= filesIn(process.env.BOTSWAIN_LIGHTER_SIGNER ?? writtenSigner());
  return files;
}

function writtenSigner(): string {
  const folder = mkdtempSync(join(tmpdir(), "lighter-signer-"));
  writeFileSync(join(folder, "lighter-signer.wasm"), EMPTY_WASM);
  writeFileSync(join(folder, "wasm_exec.js"), TEST_SIGNER);
  return folder;
}

function filesIn(folder: string): SignerFiles {
  const [libraryPath, wasmExecPath] = [join(folder, "lighter-signer.wasm"), join(folder, "wasm_exec.js")];
  const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
  return { libraryPath, librarySha256: sha256(libraryPath), wasmExecPath, wasmExecSha256: sha256(wasmExecPath) };
}

/** The functions of the test signer that were called, in order. */
export function signerCalls(): readonly string[] {
  return (globalThis as { lighterTestSignerCalls?: string[] }).lighterTestSignerCalls ?? [];
}

/** How often the test signer was started. */
export function signerLoads(): number {
  return (globalThis as { lighterTestSignerLoads?: number }).lighterTestSignerLoads ?? 0;
}
