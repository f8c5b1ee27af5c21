// Finds and reads configuration files: bounded in size, UTF-8 only, never anything but a regular file.

import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { FileRefused } from "./config-fault.ts";

const FILE_BYTES_MAX = 1_000_000;
const FILES_MAX = 1_000;
const CONFIG_FILE = /^[^.].*\.(?:json|ya?ml)$/i;

const NOT_UTF8 = { en: "is no UTF-8 text", "zh-TW": "不是 UTF-8 文字" };

export type Listing = { readonly files: readonly string[] } | { readonly file: string; readonly refused: FileRefused };

/** The files that an argument names: itself, or those of a folder (not of folders in it) that end in .yaml, .yml or .json, by name. */
export function listConfigFiles(path: string): Listing {
  let names: readonly string[];
  try {
    if (!statSync(path).isDirectory()) return { files: [path] };
    names = readdirSync(path);
  } catch (error) {
    return { file: path, refused: unreadable(error) };
  }
  const files = names.filter((name) => CONFIG_FILE.test(name)).sort();
  if (files.length === 0)
    return refusal(
      path,
      "holds no .yaml, .yml or .json file (folders in it are not read)",
      "沒有 .yaml、.yml 或 .json 檔（不讀取子資料夾）",
    );
  if (files.length > FILES_MAX)
    return refusal(
      path,
      `holds ${files.length} files; at most ${FILES_MAX} are read at once`,
      `有 ${files.length} 個檔案；一次最多 ${FILES_MAX} 個`,
    );
  return { files: files.map((name) => join(path, name)) };
}

function refusal(file: string, en: string, zhTw: string): Listing {
  return { file, refused: new FileRefused({ en, "zh-TW": zhTw }) };
}

/** A file's text without a byte order mark. Throws a FileRefused for what is not a readable text file of at most 1 MB. */
export function readConfigText(path: string): string {
  const bytes = readBytes(path);
  if (bytes.includes(0)) throw new FileRefused(NOT_UTF8);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FileRefused(NOT_UTF8);
  }
}

function readBytes(path: string): Buffer {
  let descriptor: number | null = null;
  try {
    // Looked at before it is opened: opening a named pipe would wait for its other end.
    if (statSync(path).isFile()) descriptor = openSync(path, "r");
    if (descriptor === null || !fstatSync(descriptor).isFile())
      throw new FileRefused({ en: "is no regular file", "zh-TW": "不是一般檔案" });
    const { size } = fstatSync(descriptor);
    if (size > FILE_BYTES_MAX)
      throw new FileRefused({
        en: `has ${size} bytes; a file of bots has at most ${FILE_BYTES_MAX}`,
        "zh-TW": `有 ${size} 位元組；機器人設定檔最多 ${FILE_BYTES_MAX}`,
      });
    const bytes = Buffer.alloc(FILE_BYTES_MAX);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, FILE_BYTES_MAX, 0));
  } catch (error) {
    throw error instanceof FileRefused ? error : unreadable(error);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function unreadable(error: unknown): FileRefused {
  const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
  if (why === "ENOENT") return new FileRefused({ en: "does not exist", "zh-TW": "不存在" });
  return new FileRefused({ en: `cannot be read (${why})`, "zh-TW": `無法讀取（${why}）` });
}
