// Judges the keys of an old file that are no trading: its description, the daemon around the process, variables, leftovers.

import { isSecretVariable } from "../../core/config-secrets.ts";
import type { Text } from "../../core/text.ts";
import { ASTER_KEYS, IGNORED, PROXIES, SEED_SETS } from "../account-seed-sets.ts";
import type { SeedBook } from "./book.ts";
import { isAddressName, judgeAddress } from "./hosts.ts";
import type { Leaf } from "./leaves.ts";
import { OLD_DEFAULT, SECRET_INSIDE } from "./words.ts";

/** First pause after a crash and attempts, as the old daemon had them. */
const OLD_ATTEMPTS = 3;
const OLD_DELAY_S = 60;

const HISTORY: Text = {
  en: "every version of a bot is kept with its author and time (config history)",
  "zh-TW": "機器人的每個版本都會保留作者與時間（config history）",
};
const PROGRAM: Text = { en: "Botswain is one program and runs no scripts", "zh-TW": "Botswain 是單一程式，不執行腳本" };
const LOGS: Text = {
  en: "logs lie in the data folder (BOTSWAIN_HOME), with a view per bot (logs); old ones are cleared away by themselves",
  "zh-TW": "日誌位於資料夾（BOTSWAIN_HOME），可依機器人檢視（logs）；舊日誌會自動清除",
};
const DATABASE: Text = { en: "all bots share one database (DATABASE_URL)", "zh-TW": "所有機器人共用一個資料庫（DATABASE_URL）" };
const GATEWAY: Text = {
  en: "there is one way in for all bots, so no port can collide",
  "zh-TW": "所有機器人共用同一個入口，連接埠不會衝突",
};
const LEASE: Text = {
  en: "no process id is trusted: a bot belongs to the worker that holds its lease",
  "zh-TW": "不使用行程編號檔：機器人屬於持有其租約的 worker",
};
const HEALTH: Text = { en: "health is watched all the time, not at an interval", "zh-TW": "健康狀態會持續監看，沒有固定間隔" };
const CPU: Text = {
  en: "was only reported there; here quotas.cycleMs bounds the time of one decision",
  "zh-TW": "舊系統只會顯示；這裡以 quotas.cycleMs 限制每次決策的時間",
};
const STOPPING: Text = {
  en: "a stop is a request that waits for nothing: no new order goes out from then on",
  "zh-TW": "停止請求立即生效：之後不會再送出新委託",
};

const ELSEWHERE: ReadonlyMap<string, Text> = new Map([
  ...["author", "created_by", "created_at", "updated_at", "version"].map((name): [string, Text] => [`metadata ${name}`, HISTORY]),
  ...["python_path", "script_path", "working_dir"].map((name): [string, Text] => [`daemon ${name}`, PROGRAM]),
  ...["log_dir", "log_cleanup_interval", "log_retention_days"].map((name): [string, Text] => [`daemon ${name}`, LOGS]),
  ["daemon health_check_interval", HEALTH],
  ["daemon cpu_limit_percent", CPU],
  ["daemon db_path", DATABASE],
  ["daemon web_port", GATEWAY],
  ...["bot_stop_timeout", "bot_kill_timeout"].map((name): [string, Text] => [`daemon ${name}`, STOPPING]),
  ["instance pid_file", LEASE],
  ["instance log_dir", LOGS],
  ["instance port", GATEWAY],
]);

/** Keys that are done elsewhere here; the description, tags, restarts and the memory that a bot may use are its own. */
export function readHousekeeping(book: SeedBook): void {
  readDescription(book);
  readRestart(book);
  const memory = {
    en: "was only reported there; here it is the ceiling of the bot's process",
    "zh-TW": "舊系統只會顯示；這裡是機器人行程的記憶體上限",
  };
  book.carry(["daemon"], { names: ["memory_limit_mb"], to: "quotas.memoryMb", kind: "whole", reason: memory });
  for (const group of ["metadata", "daemon", "instance"] as const)
    for (const leaf of book.left(group)) {
      const why = ELSEWHERE.get(`${group} ${leaf.name}`);
      if (why !== undefined) book.ignore(leaf, why);
    }
}

function readDescription(book: SeedBook): void {
  const name = book.find(["metadata"], ["name"], "description");
  const words = book.find(["metadata"], ["description"], "description");
  const parts = [name, words].flatMap((found) => (found === null ? [] : [found]));
  const texts = parts.flatMap(({ leaf, value }) => {
    if (typeof value === "string") return value.trim();
    book.refuse(leaf, NO_WORDS, "description");
    return [];
  });
  const description = texts.filter((text) => text !== "").join(": ");
  for (const { leaf, value } of parts) if (typeof value === "string") book.map(leaf, "description", description);
  book.carry(["metadata"], { names: ["tags"], to: "tags", kind: "texts" });
}

const NO_WORDS: Text = { en: "must be text", "zh-TW": "必須是文字" };

function readRestart(book: SeedBook): void {
  const isAutomatic = book.find(["daemon"], ["auto_restart"], "restart.maxAttempts");
  if (isAutomatic !== null && isAutomatic.value !== true && isAutomatic.value !== false)
    book.refuse(isAutomatic.leaf, { en: "must be true or false", "zh-TW": "必須是 true 或 false" }, "restart.maxAttempts");
  if (isAutomatic?.value === false) {
    book.map(isAutomatic.leaf, "restart.maxAttempts", 0, { en: "no attempt at all", "zh-TW": "完全不重新啟動" });
    const attempts = book.find(["daemon"], ["max_restart_attempts"], null);
    if (attempts !== null) book.ignore(attempts.leaf, { en: "auto_restart is false", "zh-TW": "auto_restart 為 false" });
  } else {
    if (isAutomatic?.value === true)
      book.ignore(isAutomatic.leaf, { en: "restart.maxAttempts says how often", "zh-TW": "次數由 restart.maxAttempts 決定" });
    book.carry(["daemon"], { names: ["max_restart_attempts"], to: "restart.maxAttempts", kind: "whole", preset: OLD_ATTEMPTS });
  }
  const delay = book.find(["daemon"], ["restart_delay"], "restart.delayMs");
  if (delay === null) return book.add("restart.delayMs", OLD_DELAY_S * 1_000, OLD_DEFAULT);
  const seconds = typeof delay.value === "string" && delay.value.trim() !== "" ? Number(delay.value) : delay.value;
  if (typeof seconds === "number" && Number.isFinite(seconds) && seconds >= 0)
    book.map(delay.leaf, "restart.delayMs", Math.round(seconds * 1_000), { en: "seconds → milliseconds", "zh-TW": "秒 → 毫秒" });
  else book.refuse(delay.leaf, { en: "must be a number of seconds", "zh-TW": "必須是秒數" }, "restart.delayMs");
}

const BY_IMPORT_ENV: Text = {
  en: "makes an account: botswain account import-env --file .env",
  "zh-TW": "會成為帳戶：botswain account import-env --file .env",
};
const PYTHON: Text = { en: "concerns Python only", "zh-TW": "僅與 Python 有關" };
const NO_VARIABLE: Text = {
  en: "is no variable of the old system; take it out (its value is not shown, since it may be a secret)",
  "zh-TW": "不是舊系統的變數；請移除（可能是機密，因此不顯示內容）",
};

const ACCOUNT_VARIABLES: ReadonlySet<string> = new Set([
  ...SEED_SETS.flatMap(({ fields }) => fields.flatMap(({ variables }) => variables)),
  ...ASTER_KEYS.names,
]);

/** The variables that the old daemon gave its process. */
export function readEnvironment(book: SeedBook, exchange: string | null): void {
  for (const leaf of book.left("environment")) judgeVariable(book, leaf, exchange);
}

function judgeVariable(book: SeedBook, leaf: Leaf, exchange: string | null): void {
  const { name, value } = leaf;
  const isReference = typeof value === "string" && /^\$\{\w+\}$/.test(value);
  const isEmpty = value === null || value === "";
  const why = IGNORED.find(([names]) => names.includes(name))?.[1];
  const isProxy = PROXIES.includes(name);
  if ((ACCOUNT_VARIABLES.has(name) || isSecretVariable(name)) && !isReference && !isEmpty) return book.refuse(leaf, SECRET_INSIDE);
  if (ACCOUNT_VARIABLES.has(name) || isProxy) return book.ignore(leaf, BY_IMPORT_ENV);
  if (isAddressName(name) && why !== undefined && !name.startsWith("WEB_") && !isEmpty) return judgeAddress(book, leaf, exchange);
  if (why !== undefined) return book.ignore(leaf, why);
  if (/^(PYTHON\w*|VIRTUAL_ENV|PATH|TZ|LANG|LC_\w+)$/.test(name)) return book.ignore(leaf, PYTHON);
  book.refuse(leaf, NO_VARIABLE);
}

const CHAT: Text = { en: "the chat is connected with botswain setup", "zh-TW": "聊天以 botswain setup 連接" };

const FLAGS_ELSEWHERE: ReadonlyMap<string, Text> = new Map([
  ["enable_db", DATABASE],
  ["tui", { en: "the fleet is watched with botswain ps, the chat and the web", "zh-TW": "以 botswain ps、聊天與網頁檢視" }],
  ["confirm_live_testnet", { en: "the mode and an armed account say where orders go", "zh-TW": "由 mode 與已啟用的帳戶決定下單去向" }],
  ["close_on_exit", { en: "each /stop says whether the position is kept or closed", "zh-TW": "每次 /stop 時決定保留或平倉" }],
  ["enable_telegram", CHAT],
]);

const NO_BOT: Text = {
  en: "is for a menu or a page in which somebody chose the bot, so there is none in this command line",
  "zh-TW": "會啟動選單或網頁再由人選擇機器人，因此這行指令中沒有機器人",
};
const OTHER_FILE: Text = {
  en: "is the name of another file, which belonged to tri_hedge; that strategy has no counterpart here",
  "zh-TW": "指向 tri_hedge 的另一個檔案；這裡沒有對應的策略",
};
/** Flags with which the old command line ran no bot that could be imported. */
const FLAGS_REFUSED: ReadonlyMap<string, Text> = new Map([
  ["cli", NO_BOT],
  ["web", NO_BOT],
  ["strategy_config", OTHER_FILE],
]);

/** Flags of the old command line that are no trading. */
export function readFlags(book: SeedBook): void {
  for (const leaf of book.left("arguments")) {
    const refused = FLAGS_REFUSED.get(leaf.name);
    const elsewhere = FLAGS_ELSEWHERE.get(leaf.name);
    if (refused !== undefined) book.refuse(leaf, refused);
    else if (elsewhere !== undefined) book.ignore(leaf, elsewhere);
  }
}
