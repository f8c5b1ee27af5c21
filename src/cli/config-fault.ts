// A fault in a configuration file: which file, where in it, what stands there and what would be right.

import { safeValue } from "../core/config-secrets.ts";
import { type Fault, sayFault } from "../core/fault-words.ts";
import type { Text } from "../core/text.ts";

export interface FileFault extends Fault {
  readonly file: string;
}

/** Ends the reading of one file: nothing in it can be judged any further. */
export class FileRefused extends Error {
  readonly fault: Fault;
  constructor(rule: Text, path = "", value?: unknown) {
    super(rule.en);
    this.fault = { path, value, rule };
  }
}

/** A fault of a part of a file, with its place in the whole and without a secret. */
export function faultIn(file: string, prefix: string, fault: Fault): FileFault {
  const path = [prefix, fault.path].filter((part) => part !== "").join(".");
  return { file, path, value: safeValue(path, fault.value), rule: fault.rule };
}

/** `bots.yaml: params.gridNum 1 must be at least 2`. */
export function sayFileFault(fault: FileFault): Text {
  const { file, path } = fault;
  const said = sayFault(fault);
  // A rule about the whole file begins with a verb: the file is its subject.
  if (path === "") return { en: `${file} ${said.en}`, "zh-TW": `${file} ${said["zh-TW"]}` };
  return { en: `${file}: ${said.en}`, "zh-TW": `${file}：${said["zh-TW"]}` };
}

/** For programs. */
export function faultRow({ file, path, value, rule }: FileFault): unknown {
  return { file, path, value: value ?? null, rule: rule.en };
}
