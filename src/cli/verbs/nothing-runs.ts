// The sentence for a data folder on which nothing runs.

import { UserError } from "../../core/text.ts";
import type { DataFolder } from "../data-folder.ts";

export function nothingRuns(folder: DataFolder): UserError {
  return new UserError(
    {
      en: `Nothing runs on the data folder ${folder.path}: start it with \`npm start\` or \`bin/botswain up\`.`,
      "zh-TW": `資料夾 ${folder.path} 上沒有執行中的 Botswain：請以 \`npm start\` 或 \`bin/botswain up\` 啟動。`,
    },
    "notRunning",
  );
}
