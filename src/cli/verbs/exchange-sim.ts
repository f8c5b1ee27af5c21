// `botswain exchange-sim`: a simulated exchange in the foreground, in the dialect of one of the exchanges.

import type { Command } from "commander";
import type { Text } from "../../core/text.ts";
import type { SimAddress, SimChoice } from "../exchange-sim.ts";
import { inWords, print } from "../language.ts";
import { runRole } from "../role-main.ts";
import { environment } from "../settings.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface SimFlags extends SimChoice {
  readonly data?: string;
  readonly speed?: string;
  readonly seed?: string;
  readonly port?: string;
  readonly json?: boolean;
}

const VARIABLES = {
  data: "BOTSWAIN_SIM_DATA",
  speed: "BOTSWAIN_SIM_SPEED",
  seed: "BOTSWAIN_SIM_SEED",
  port: "BOTSWAIN_SIM_PORT",
} as const;

const OPTIONS: readonly (readonly [flags: string, summary: Text])[] = [
  ["--dialect <exchange>", { en: "backpack (default), aster, paradex or lighter", "zh-TW": "backpack（預設）、aster、paradex 或 lighter" }],
  [
    "--data <files>",
    { en: "recorded markets, comma separated (BOTSWAIN_SIM_DATA)", "zh-TW": "以逗號分隔的行情錄製檔（BOTSWAIN_SIM_DATA）" },
  ],
  ["--speed <factor>", { en: "how many times faster (BOTSWAIN_SIM_SPEED)", "zh-TW": "播放倍速（BOTSWAIN_SIM_SPEED）" }],
  ["--seed <number>", { en: "of the generated market (BOTSWAIN_SIM_SEED)", "zh-TW": "產生行情的種子（BOTSWAIN_SIM_SEED）" }],
  ["--port <port>", { en: "port on 127.0.0.1 (BOTSWAIN_SIM_PORT)", "zh-TW": "127.0.0.1 的埠號（BOTSWAIN_SIM_PORT）" }],
  ["--faults <file>", { en: "JSON or YAML list of faults to inject", "zh-TW": "要注入的錯誤清單（JSON 或 YAML）" }],
  [
    "--funding <rate or files>",
    {
      en: "a rate for eight hours (default 0.0001), or recorded rates, comma separated",
      "zh-TW": "每八小時的資金費率（預設 0.0001），或以逗號分隔的費率錄製檔",
    },
  ],
  ["--paused", { en: "begin with the markets standing still", "zh-TW": "啟動時行情靜止不動" }],
  ["--json", { en: "print the address as one JSON line", "zh-TW": "以一行 JSON 印出位址" }],
];

/** Adds the verb. Under a supervisor it prints nothing but its log. */
export function addExchangeSim(program: Command): void {
  const verb = addVerb(
    program,
    "exchange-sim",
    {
      en: "Run a simulated exchange on this machine, in the dialect of a real one.",
      "zh-TW": "在本機執行模擬交易所，介面與指定的真實交易所相同。",
    },
    "exchange-sim --dialect aster --data candles.csv.gz --speed 600 --faults faults.yaml --port 8080",
  );
  withDataFolder(verb);
  for (const [flags, summary] of OPTIONS) verb.option(flags, inWords(summary));
  verb.action(async ({ json, ...flags }: SimFlags) => {
    for (const [flag, name] of Object.entries(VARIABLES)) {
      const value = flags[flag as keyof typeof VARIABLES];
      if (value !== undefined) process.env[name] = value;
    }
    const isSupervised = process.send !== undefined;
    // In a terminal the address is what counts; an explicit LOG_LEVEL brings the log back.
    if (!isSupervised && !environment().LOG_LEVEL) process.env.LOG_LEVEL = "warn";
    await runRole("exchange-sim", async (context) => {
      const role = await (await import("../exchange-sim.ts")).startSimRole(context, flags);
      if (!isSupervised) print(json ? JSON.stringify(role.address) : shown(role.address));
      return role;
    });
  });
}

function shown({ dialect, url, wsUrl, accounts, keysFile }: SimAddress): Text {
  const lines = (title: string, words: readonly [string, string, string, string], end: string): string =>
    `${title}\n  ${words[0]} ${url}\n  ${words[1]} ${wsUrl}\n  ${words[2]} ${accounts.join(", ")}\n  ${words[3]} ${keysFile}\n${end}`;
  return {
    en: lines(`The simulated exchange (${dialect}) is up.`, ["REST      ", "WebSocket ", "accounts  ", "keys      "], "Ctrl+C stops it."),
    "zh-TW": lines(`模擬交易所（${dialect}）已啟動。`, ["REST      ", "WebSocket ", "帳戶      ", "金鑰      "], "按 Ctrl+C 停止。"),
  };
}
