// Says how a change ended, from how its bot is: a pure function that the change runner asks until there is an answer.

import { stateWord } from "../core/chat/words.ts";
import type { FleetChange } from "../core/command.ts";
import type { BotStatus } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import type { BotView } from "./bot-view.ts";

/** The fleet waits 20 s for an outcome; this leaves room for the answer to reach it. */
export const PATIENCE_MS = 18_000;
/** A bot that runs has its first orders within this, or waits for permits or a book. */
const FIRST_ORDERS_MS = 4_000;

export interface RunningChange {
  readonly change: FleetChange;
  /** How long it has been carried out, ms. */
  readonly forMs: number;
  /** Epoch of the bot when it began. */
  readonly epochBefore: number;
  /** A later command that asks for something else. */
  readonly replacedBy: FleetChange["type"] | null;
  /** Version of the configuration that an adjustment made, else null. */
  readonly configVersion: number | null;
}

export type Verdict =
  | { readonly verdict: "wait" }
  /** Another worker holds the bot: it is its to carry out. */
  | { readonly verdict: "forward" }
  | { readonly verdict: "done" | "failed" | "unconfirmed"; readonly message: Text };

/** How a bot is that its hours keep from running. */
const WAITS_FOR_HOURS: ReadonlySet<BotStatus["state"]> = new Set(["paused", "draining", "stopped"]);

const WAIT: Verdict = { verdict: "wait" };

/** True when `later` asks for something that `earlier` does not. A stop and a panic both bring the bot to rest. */
export function replaces(later: FleetChange["type"], earlier: FleetChange["type"]): boolean {
  if (later === earlier || later === "panicClear" || later === "adjust" || earlier === "adjust") return false;
  return !(bringsToRest(later) && bringsToRest(earlier));
}

function bringsToRest(type: FleetChange["type"]): boolean {
  return type === "stop" || type === "panic";
}

export function judgeChange(running: RunningChange, view: BotView): Verdict {
  const ended = judgeNow(running, view);
  if (ended.verdict !== "wait") return ended;
  if (running.replacedBy !== null)
    return {
      verdict: "failed",
      message: {
        en: `a later command (/${running.replacedBy}) replaced it`,
        "zh-TW": `已被之後的指令（/${running.replacedBy}）取代`,
      },
    };
  return running.forMs < PATIENCE_MS ? WAIT : { verdict: "unconfirmed", message: unconfirmed(view) };
}

function judgeNow({ change, epochBefore, forMs, configVersion }: RunningChange, view: BotView): Verdict {
  if (view.isElsewhere) return { verdict: "forward" };
  switch (change.type) {
    case "start":
    case "resume":
      return judgeRun(view, 0, forMs);
    case "restart":
      return judgeRun(view, epochBefore + 1, forMs);
    case "pause":
      return judgePause(view);
    case "adjust":
      return judgeAdjust(view, configVersion ?? 0);
    case "stop":
      return judgeRest(view, change.flatten, { en: "stopped", "zh-TW": "已停止" });
    case "panic":
      return judgeRest(view, change.flatten, { en: "halted", "zh-TW": "已停機" });
    case "panicClear":
      return { verdict: "done", message: { en: "the panic halt is cleared", "zh-TW": "已解除緊急停機" } };
  }
}

/** Runs under an epoch that is at least `fromEpoch`. A restart leaves a paused bot paused. */
function judgeRun(view: BotView, fromEpoch: number, forMs: number): Verdict {
  const { record, status, recoveredEpoch, refusal } = view;
  if (refusal !== null) return { verdict: "failed", message: refusal };
  if (record.halt !== null) return { verdict: "failed", message: JSON.parse(record.halt.reason) as Text };
  if (record.desired === "stopped" && fromEpoch > 0)
    return { verdict: "failed", message: { en: "the bot is stopped; start it instead", "zh-TW": "機器人已停止；請改用 /start" } };
  const isUp = recoveredEpoch !== null && recoveredEpoch >= fromEpoch && status.epoch === recoveredEpoch;
  const isRunning = status.state === "running" || status.state === "waiting" || (fromEpoch > 0 && status.state === "paused");
  const hasBegun = view.isFollowed || forMs >= FIRST_ORDERS_MS;
  if (isUp && view.outside && WAITS_FOR_HOURS.has(status.state)) return { verdict: "done", message: view.outside };
  return isUp && isRunning && hasBegun ? { verdict: "done", message: numbers(status) } : WAIT;
}

function judgePause(view: BotView): Verdict {
  const { record, status, recoveredEpoch, refusal } = view;
  if (refusal !== null) return { verdict: "failed", message: refusal };
  if (record.halt !== null) return { verdict: "failed", message: JSON.parse(record.halt.reason) as Text };
  const isPaused = recoveredEpoch !== null && status.epoch === recoveredEpoch && status.state === "paused";
  return isPaused && view.isFollowed ? { verdict: "done", message: numbers(status) } : WAIT;
}

/** A process that runs takes the parameters over or refuses them; a bot that rests starts under them next time. */
function judgeAdjust(view: BotView, version: number): Verdict {
  const { refusedVersion, appliedVersion } = view;
  if (refusedVersion?.version === version) return { verdict: "failed", message: refusedVersion.reason };
  if (appliedVersion !== null && appliedVersion >= version) return { verdict: "done", message: numbers(view.status) };
  return view.isIdle ? { verdict: "done", message: { en: "kept for the next start", "zh-TW": "下次啟動時生效" } } : WAIT;
}

function judgeRest(view: BotView, flatten: boolean, word: Text): Verdict {
  if (view.rest === null || (flatten && !view.rest.isFlat)) return WAIT;
  const { en, "zh-TW": chinese } = numbers(view.status);
  return { verdict: "done", message: { en: `${word.en}: ${en}`, "zh-TW": `${word["zh-TW"]}：${chinese}` } };
}

function numbers({ openOrders, position, symbol }: BotStatus): Text {
  const base = symbol.split("/")[0] ?? symbol;
  return {
    en: `${openOrders} open ${openOrders === 1 ? "order" : "orders"}, position ${position} ${base}`,
    "zh-TW": `掛單 ${openOrders} 筆，部位 ${position} ${base}`,
  };
}

function unconfirmed({ status, lastError }: BotView): Text {
  const why = lastError ?? status.lastError;
  const state = stateWord(status.state);
  const left = status.openOrders + status.unknownOrders;
  return {
    en: `the bot is ${state.en} with ${left} orders not proven gone${why === null ? "" : `; last error: ${why}`}`,
    "zh-TW": `機器人目前${state["zh-TW"]}，尚有 ${left} 筆委託未確認${why === null ? "" : `；最近的錯誤：${why}`}`,
  };
}
