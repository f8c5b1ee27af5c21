// The words that people read for modes, states, roles and sides.

import type { Mode } from "../alert.ts";
import type { Role } from "../command.ts";
import type { ActualState, Desired } from "../events.ts";
import type { Side } from "../order.ts";
import type { Text } from "../text.ts";

const MODES: Readonly<Record<Mode, Text>> = {
  sim: { en: "sim", "zh-TW": "模擬" },
  paper: { en: "paper", "zh-TW": "紙上交易" },
  testnet: { en: "testnet", "zh-TW": "測試網" },
  live: { en: "LIVE", "zh-TW": "實盤" },
};

const STATES: Readonly<Record<ActualState, Text>> = {
  starting: { en: "starting", "zh-TW": "啟動中" },
  recovering: { en: "recovering", "zh-TW": "恢復中" },
  waiting: { en: "waiting", "zh-TW": "等待觸發" },
  running: { en: "running", "zh-TW": "執行中" },
  draining: { en: "draining", "zh-TW": "收尾中" },
  paused: { en: "paused", "zh-TW": "已暫停" },
  stopping: { en: "stopping", "zh-TW": "停止中" },
  stopped: { en: "stopped", "zh-TW": "已停止" },
  halted: { en: "halted", "zh-TW": "已緊急停機" },
  failed: { en: "failed", "zh-TW": "已失敗" },
  unreachable: { en: "unreachable", "zh-TW": "失聯" },
};

const DESIRED: Readonly<Record<Desired, Text>> = {
  running: { en: "running", "zh-TW": "執行" },
  draining: { en: "draining", "zh-TW": "收尾後停止" },
  paused: { en: "paused", "zh-TW": "暫停" },
  stopped: { en: "stopped", "zh-TW": "停止" },
};

const ROLES: Readonly<Record<Role, Text>> = {
  viewer: { en: "viewer", "zh-TW": "檢視者（viewer）" },
  operator: { en: "operator", "zh-TW": "操作員（operator）" },
  admin: { en: "admin", "zh-TW": "管理員（admin）" },
};

const SIDES: Readonly<Record<Side, Text>> = { buy: { en: "buy", "zh-TW": "買入" }, sell: { en: "sell", "zh-TW": "賣出" } };

/** `live` is shouted: nobody should mistake real money for a rehearsal. */
export function modeWord(mode: Mode): Text {
  return MODES[mode];
}

export function stateWord(state: ActualState): Text {
  return STATES[state];
}

export function desiredWord(desired: Desired): Text {
  return DESIRED[desired];
}

export function roleWord(role: Role): Text {
  return ROLES[role];
}

export function sideWord(side: Side): Text {
  return SIDES[side];
}

/** True when `role` may do what `needed` may do. */
export function isRoleEnough(role: Role, needed: Role): boolean {
  const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };
  return rank[role] >= rank[needed];
}
