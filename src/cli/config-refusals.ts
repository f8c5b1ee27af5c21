// Why a file's content is not read at all, in the words that JSON and YAML share.

import { DEPTH_MAX, NUMBER_LENGTH_MAX } from "../core/config-values.ts";
import type { Text } from "../core/text.ts";

interface Place {
  readonly line: number;
  readonly column: number;
}

function at({ line, column }: Place): Text {
  return { en: `(line ${line}, column ${column})`, "zh-TW": `（第 ${line} 行第 ${column} 字）` };
}

function atPlace(place: Place, en: string, zhTw: string): Text {
  const where = at(place);
  return { en: `${en} ${where.en}`, "zh-TW": `${zhTw}${where["zh-TW"]}` };
}

export function tooDeep(place: Place): Text {
  return atPlace(place, `is nested deeper than ${DEPTH_MAX} levels`, `巢狀超過 ${DEPTH_MAX} 層`);
}

export function twice(place: Place): Text {
  return atPlace(place, "is there twice; keep one", "重複出現；請保留一個");
}

export function forbiddenName(place: Place): Text {
  return atPlace(place, "is no name that a field may have", "不可作為欄位名稱");
}

export function aliased(place: Place): Text {
  return atPlace(
    place,
    "has an anchor or alias (& or *), which is not read here; write the value itself",
    "使用了錨點或別名（& 或 *），這裡不支援；請直接寫出內容",
  );
}

export function tagged(place: Place, tag: string): Text {
  return atPlace(place, `has the tag ${tag}, which is not read here; write the value without it`, `使用了標籤 ${tag}，這裡不支援；請移除`);
}

export function merged(place: Place): Text {
  return atPlace(
    place,
    "is a merge key (<<), which is not read here; write the fields themselves",
    "是合併鍵（<<），這裡不支援；請直接寫出欄位",
  );
}

export function wrongKey(place: Place): Text {
  return atPlace(place, "has a key that is no plain name", "有不是單純名稱的鍵");
}

export function severalDocuments(place: Place): Text {
  return atPlace(
    place,
    "holds several YAML documents; keep one per file, with its bots under bots",
    "含有多份 YAML 文件；每個檔案請保留一份，並將機器人列於 bots 之下",
  );
}

export function otherYaml(version: string): Text {
  return { en: `asks for YAML ${version}; only 1.2 is read`, "zh-TW": `要求 YAML ${version}；僅支援 1.2` };
}

export function noYaml(place: Place, what: string): Text {
  return {
    en: `is no YAML: line ${place.line}, column ${place.column}: ${what}`,
    "zh-TW": `不是正確的 YAML：第 ${place.line} 行第 ${place.column} 字：${what}`,
  };
}

export function numberTooLong(length: number): Text {
  return {
    en: `holds a number of ${length} characters; at most ${NUMBER_LENGTH_MAX} are read`,
    "zh-TW": `含有 ${length} 個字元的數字；最多 ${NUMBER_LENGTH_MAX} 個`,
  };
}

export function noPlainNumber(place: Place): Text {
  return atPlace(place, "must be a plain decimal number, or stand in quotes if it is text", "必須是一般的十進位數字；若為文字請加上引號");
}
