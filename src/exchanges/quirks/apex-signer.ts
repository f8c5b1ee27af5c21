// Apex's signer, a WASM file that the operator supplies: ccxt would fetch one from a test host and run it with the account's seeds.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { CredentialValues } from "../../core/credentials.ts";
import { type Text, UserError } from "../../core/text.ts";
import { ccxtFolder } from "../ccxt-loader.ts";

/** The part of ccxt that runs the file; once it holds one, it fetches none. */
interface ZkLink {
  initSync(bytes: Uint8Array): unknown;
}

/** Reads the file, compares its checksum and hands it to ccxt. Throws a UserError that says what is missing and where to get it. */
export async function loadApexSigner({ libraryPath = "", librarySha256 = "" }: CredentialValues): Promise<void> {
  if (libraryPath === "" || librarySha256 === "")
    throw needsSigner({
      en: "set libraryPath to its .wasm file and librarySha256 to the file's checksum",
      "zh-TW": "請將 libraryPath 設為其 .wasm 檔，librarySha256 設為該檔的檢查碼",
    });
  const bytes = await readFile(libraryPath).catch(() => null);
  if (bytes === null)
    throw needsSigner({
      en: `the file ${libraryPath} of libraryPath cannot be read`,
      "zh-TW": `無法讀取 libraryPath 的檔案 ${libraryPath}`,
    });
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== librarySha256.toLowerCase())
    throw needsSigner({
      en: `the file ${libraryPath} has the checksum ${found}, not that of librarySha256`,
      "zh-TW": `檔案 ${libraryPath} 的檢查碼是 ${found}，與 librarySha256 不符`,
    });
  const file = pathToFileURL(join(ccxtFolder(), "static_dependencies/zklink/zklink-sdk-web.js")).href;
  const { initSync } = (await import(file)) as ZkLink;
  initSync(bytes);
}

function needsSigner(why: Text): UserError {
  return new UserError({
    en: `Apex needs its signer: ${why.en}. It is zklink-sdk-web_bg.wasm of the zkLink SDK, which Apex's own SDK for Node brings`,
    "zh-TW": `Apex 需要簽章程式：${why["zh-TW"]}。檔案是 zkLink SDK 的 zklink-sdk-web_bg.wasm，包含在 Apex 官方的 Node SDK 中`,
  });
}
