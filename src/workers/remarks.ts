// What a status says beside its numbers, in both languages: why nothing is opened, and what the exchange announces.

import type { Text } from "../core/text.ts";

export const REMARKS = {
  orphan: { en: "the worker is gone; nothing more is placed", "zh-TW": "工作程序已不在；不再送出任何委託" },
  pulled: { en: "Redis does not answer; opening orders are pulled", "zh-TW": "Redis 沒有回應；開倉委託已撤下" },
  ledger: { en: "the database takes no rows; nothing new is opened", "zh-TW": "資料庫無法寫入；不再開新倉" },
} as const satisfies Readonly<Record<string, Text>>;

/** An exchange's own words stay as they are; those of the simulated exchange are known in both languages. */
export function noticeText(notice: string): Text {
  const chinese = notice.replace(/the recording of (.+) has ended; the last price holds/, "$1 的錄製行情已播放完畢，維持最後價格");
  return { en: notice, "zh-TW": chinese };
}
