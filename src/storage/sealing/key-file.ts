// The master key in a file that its owner alone may read; a rotation puts the next key beside it before anything is sealed anew.

import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { type Text, UserError } from "../../core/text.ts";
import { MasterKey } from "../sealing.ts";

const FORMAT = /^botswain-key-1 ([A-Za-z0-9+/]{43}=)\s*$/;

/** Where the next key waits during a rotation. */
export function nextKeyFile(path: string): string {
  return `${path}.next`;
}

/** The key of a file, or null when there is none. Throws a UserError for a file that others may read or that holds no key. */
export function readKeyFile(path: string): MasterKey | null {
  if (!existsSync(path)) return null;
  let content: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) throw readableByOthers(path, mode & 0o777);
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw fault({
      en: `The key file ${path} cannot be read (${why}); make it readable for the user that runs Botswain, and for nobody else (chmod 600).`,
      "zh-TW": `無法讀取金鑰檔 ${path}（${why}）；請讓執行 Botswain 的使用者可讀取，且僅此使用者（chmod 600）。`,
    });
  }
  const encoded = FORMAT.exec(content)?.[1];
  if (encoded !== undefined) return new MasterKey(Buffer.from(encoded, "base64"));
  throw fault({
    en: `The key file ${path} holds no key of Botswain (it may be cut off); bring it back from your copy. Nothing was changed.`,
    "zh-TW": `金鑰檔 ${path} 不含 Botswain 的金鑰（可能被截斷）；請從你的備份還原。未做任何變更。`,
  });
}

/** Makes a new key at `path`, whole or not at all; one that somebody else made meanwhile is taken instead. */
export function makeKeyFile(path: string): MasterKey {
  const draft = `${path}.${process.pid}.new`;
  const key = MasterKey.random();
  try {
    writeKey(draft, key);
    // Unlike a rename, a link never replaces a key that is there.
    linkSync(draft, path);
    syncFolder(path);
    return key;
  } catch (error) {
    const made = existsSync(path) ? readKeyFile(path) : null;
    if (made !== null) return made;
    throw unwritable(path, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Puts the next key beside the file, in place of what an interrupted rotation left there. */
export function stageKeyFile(path: string): MasterKey {
  const key = MasterKey.random();
  const staged = nextKeyFile(path);
  try {
    rmSync(staged, { force: true });
    writeKey(staged, key);
    syncFolder(staged);
  } catch (error) {
    throw unwritable(staged, error);
  }
  return key;
}

/** The next key becomes the key; the one before it is gone. */
export function adoptStagedKey(path: string): void {
  try {
    renameSync(nextKeyFile(path), path);
    syncFolder(path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function writeKey(path: string, key: MasterKey): void {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    chmodSync(path, 0o600);
    writeSync(descriptor, `botswain-key-1 ${key.reveal().toString("base64")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A file's name is safe on disk only once its folder is. */
function syncFolder(path: string): void {
  const descriptor = openSync(dirname(path), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readableByOthers(path: string, mode: number): UserError {
  return fault({
    en: `The key file ${path} can be read by others (mode ${mode.toString(8)}); run: chmod 600 ${path}`,
    "zh-TW": `金鑰檔 ${path} 可被他人讀取（權限 ${mode.toString(8)}）；請執行：chmod 600 ${path}`,
  });
}

function unwritable(path: string, error: unknown): UserError {
  const why = error instanceof Error ? error.message : String(error);
  return fault({
    en: `The key file ${path} cannot be written (${why}); set BOTSWAIN_KEY_FILE to a place that you may write to.`,
    "zh-TW": `無法寫入金鑰檔 ${path}（${why}）；請將 BOTSWAIN_KEY_FILE 設為可寫入的位置。`,
  });
}

function fault(text: Text): UserError {
  return new UserError(text, "keyFile");
}
