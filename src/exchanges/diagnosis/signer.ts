// The files of an exchange's own signature library, which an operator supplies: there, and the ones they vouched for.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CredentialValues } from "../../core/credentials.ts";
import type { Text } from "../../core/text.ts";
import type { Quirks } from "../quirks.ts";
import { type Finding, finding } from "./finding.ts";

const SOURCES: Readonly<Record<string, Text>> = {
  lighter: {
    en: "Get lighter-signer.wasm and wasm_exec.js from the releases of github.com/ccxt/lighter-wasm (or build them from github.com/elliottech/lighter-go), compare their sha256 with the published ones, then: account add lighter NAME --replace with libraryPath, librarySha256, wasmExecPath and wasmExecSha256",
    "zh-TW":
      "請從 github.com/ccxt/lighter-wasm 的發行版取得 lighter-signer.wasm 與 wasm_exec.js（或以 github.com/elliottech/lighter-go 自行建置），比對公布的 sha256 後，以 account add lighter 名稱 --replace 填入 libraryPath、librarySha256、wasmExecPath 與 wasmExecSha256",
  },
  apex: {
    en: "Get the zkLink SDK's .wasm file from the source that ApeX names (github.com/zkLinkProtocol), compare its sha256, then: account add apex NAME --replace with libraryPath and librarySha256",
    "zh-TW":
      "請從 ApeX 指定的來源（github.com/zkLinkProtocol）取得 zkLink SDK 的 .wasm 檔，比對 sha256 後，以 account add apex 名稱 --replace 填入 libraryPath 與 librarySha256",
  },
};
const BUILT_IN: Text = { en: "none needed: orders are signed by Botswain itself", "zh-TW": "不需要：委託由 Botswain 自行簽章" };

/** Where an operator gets the files that sign for this exchange; null where none are needed. */
export function signerSourceOf(exchange: string): Text | null {
  return SOURCES[exchange === "lighterrobinhood" ? "lighter" : exchange] ?? null;
}

/** Looks at every file that the credentials name, and at those that they should name. */
export function checkSigner({ credentials, id }: Quirks, values: CredentialValues): readonly Finding[] {
  const paths = credentials.map(({ name }) => name).filter((name) => name.endsWith("Path"));
  const source = signerSourceOf(id);
  if (paths.length === 0 || source === null) return [finding("signer", "ok", BUILT_IN)];
  return paths.map((name) => checkFile(name, values[name], values[name.replace(/Path$/, "Sha256")], source));
}

function checkFile(name: string, path: string | undefined, expected: string | undefined, source: Text): Finding {
  if (path === undefined || path === "")
    return finding("signer", "bad", { en: `${name} is not set: no order can be signed`, "zh-TW": `未設定 ${name}：無法簽署委託` }, source);
  let found: string;
  try {
    found = createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return finding("signer", "bad", { en: `${name}: ${path} cannot be read`, "zh-TW": `${name}：無法讀取 ${path}` }, source);
  }
  if (expected === undefined || expected === "") {
    const what = {
      en: `${path} has sha256 ${found}, and none is given to compare`,
      "zh-TW": `${path} 的 sha256 為 ${found}，但未提供可比對的值`,
    };
    return finding("signer", "bad", what, source);
  }
  if (expected.toLowerCase() === found)
    return finding("signer", "ok", { en: `${path}, sha256 ${found}`, "zh-TW": `${path}，sha256 ${found}` });
  const what = { en: `${path} has sha256 ${found}, not ${expected}`, "zh-TW": `${path} 的 sha256 為 ${found}，而非 ${expected}` };
  return finding("signer", "bad", what, source);
}
