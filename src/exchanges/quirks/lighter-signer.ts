// Lighter's signature library: files that the operator supplies, checked against their sha256 and loaded once per process.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CredentialValues } from "../../core/credentials.ts";
import { type Text, UserError } from "../../core/text.ts";

const SOURCES: Text = {
  en: "Get lighter-signer.wasm and wasm_exec.js from the releases of github.com/ccxt/lighter-wasm, or build them from a release of github.com/elliottech/lighter-go",
  "zh-TW":
    "請從 github.com/ccxt/lighter-wasm 的發行版取得 lighter-signer.wasm 與 wasm_exec.js，或以 github.com/elliottech/lighter-go 的發行版自行建置",
};

/** Each file's path and sha256 among the credentials. */
const FILES = [
  { path: "libraryPath", sha256: "librarySha256", file: "lighter-signer.wasm" },
  { path: "wasmExecPath", sha256: "wasmExecSha256", file: "wasm_exec.js" },
] as const;

function fault(en: string, zhTw: string): UserError {
  return new UserError({ en: `${en}. ${SOURCES.en}`, "zh-TW": `${zhTw}。${SOURCES["zh-TW"]}` });
}

function contentOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw fault(`${name} ${path} cannot be read`, `無法讀取 ${name} ${path}`);
  }
}

/** Throws a UserError unless both files of the signer are there and are the ones that the operator has vouched for. */
export function checkSignerFiles(values: CredentialValues): void {
  for (const { file, path, sha256 } of FILES) {
    const [place, expected] = [values[path] ?? "", (values[sha256] ?? "").toLowerCase()];
    if (place === "")
      throw fault(
        `Lighter needs its signer, and ${path} (the path of ${file}) is not given`,
        `Lighter 需要簽章程式，但未提供 ${path}（${file} 的路徑）`,
      );
    const actual = createHash("sha256").update(contentOf(path, place)).digest("hex");
    if (expected === "")
      throw fault(
        `${sha256} is not given; that of ${place} is ${actual}: compare it with the one published with the file, then enter it`,
        `未提供 ${sha256}；${place} 的值是 ${actual}：請與該檔案一併公布的值比對後再填入`,
      );
    if (actual !== expected)
      throw fault(
        `${sha256} is ${expected}, but that of ${place} is ${actual}: this is not the file you vouched for`,
        `${sha256} 是 ${expected}，但 ${place} 的值是 ${actual}：這不是您確認過的檔案`,
      );
  }
}

interface Loaded {
  readonly files: string;
  readonly done: Promise<unknown>;
}

let loaded: Loaded | null = null;
/** Whose key signs for each pair of key and account: the library knows them by these two numbers alone. */
const owners = new Map<string, string>();

/** Loads the library unless it is there: a second load would forget every account. Throws a UserError for other files. */
export async function loadOnce(files: string, load: () => Promise<unknown>): Promise<void> {
  if (loaded !== null && loaded.files !== files)
    throw new UserError({
      en: `This process has loaded Lighter's signer from other files (${loaded.files}); all accounts of a process use the same`,
      "zh-TW": `此程序已從其他檔案載入 Lighter 簽章程式（${loaded.files}）；同一程序的所有帳戶須使用相同檔案`,
    });
  loaded ??= { files, done: load() };
  try {
    await loaded.done;
  } catch (error) {
    loaded = null;
    throw error;
  }
}

/** Reserves a pair of key and account for one private key and chain. Throws a UserError when another one signs for it already. */
export function claimPair(
  pair: { readonly accountIndex: number; readonly apiKeyIndex: number },
  chainId: number,
  privateKey: string,
): void {
  const name = `${pair.apiKeyIndex}:${pair.accountIndex}`;
  const owner = createHash("sha256").update(`${chainId}:${privateKey}`).digest("hex");
  const before = owners.get(name);
  if (before !== undefined && before !== owner)
    throw new UserError({
      en: `Account ${pair.accountIndex} with API key ${pair.apiKeyIndex} is open in this process with another private key or chain; use another API key index, or a process of its own`,
      "zh-TW": `帳戶 ${pair.accountIndex} 的 API 金鑰 ${pair.apiKeyIndex} 已在此程序以其他私鑰或鏈開啟；請改用其他 API 金鑰索引，或另開程序`,
    });
  owners.set(name, owner);
}
