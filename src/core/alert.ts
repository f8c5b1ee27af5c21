// What must be told to people, as data; the frontends word it.

import type { Side } from "./order.ts";
import type { Text } from "./text.ts";

export type Mode = "sim" | "paper" | "testnet" | "live";
export type Severity = "info" | "warning" | "critical";

export type AlertBody =
  | {
      readonly type: "filled";
      readonly symbol: string;
      readonly side: Side;
      /** Decimal strings. */
      readonly price: string;
      readonly quantity: string;
      readonly fee: string;
      readonly feeCurrency: string;
      readonly liquidity: "maker" | "taker";
      readonly position: string;
      readonly realizedPnl: string;
      readonly currency: string;
      readonly tradeId: string;
    }
  | {
      readonly type: "orderRejected";
      readonly symbol: string;
      readonly code: string;
      readonly message: string;
      readonly clientOrderId: string;
    }
  | { readonly type: "orderDenied"; readonly symbol: string; readonly code: string; readonly message: string }
  | { readonly type: "crashed"; readonly cause: string; readonly pid: number; readonly epoch: number; readonly restartInMs: number | null }
  | { readonly type: "restarted"; readonly pid: number; readonly epoch: number; readonly openOrders: number }
  | { readonly type: "failed"; readonly attempts: number; readonly cause: string }
  | { readonly type: "halted"; readonly reason: Text }
  | { readonly type: "riskBreached"; readonly code: string; readonly message: Text }
  | { readonly type: "feedStale"; readonly symbol: string; readonly ageMs: number }
  | { readonly type: "rateLimited"; readonly exchange: string; readonly account: string; readonly untilMs: number }
  | { readonly type: "mismatch"; readonly symbol: string; readonly ours: string; readonly theirs: string }
  | { readonly type: "boundary"; readonly symbol: string; readonly message: Text }
  | { readonly type: "residual"; readonly symbol: string; readonly quantity: string }
  | { readonly type: "resource"; readonly message: Text }
  | { readonly type: "note"; readonly message: Text };

/** `botId` is null for what concerns the fleet. `at` is epoch ms, UTC. */
export type Alert = AlertBody & { readonly botId: string | null; readonly mode: Mode; readonly at: number };

/** How loud an alert is; critical ones are never coalesced away. */
export function severityOf(alert: AlertBody): Severity {
  switch (alert.type) {
    case "crashed":
    case "failed":
    case "halted":
    case "riskBreached":
    case "mismatch":
      return "critical";
    case "orderRejected":
    case "orderDenied":
    case "feedStale":
    case "rateLimited":
    case "boundary":
    case "residual":
    case "resource":
      return "warning";
    case "filled":
    case "restarted":
    case "note":
      return "info";
  }
}

/** One stored alert; `sequence` grows. */
export interface StoredAlert {
  readonly sequence: number;
  readonly alert: Alert;
  /** How loudly its bot wants it told when it is read; `on` when absent. */
  readonly level?: "on" | "silent" | "off";
}

/** The stored alerts as delivery reads them: one cursor per target, so delivery is in order and at least once. */
export interface AlertOutbox {
  /** Alerts after a sequence, oldest first. */
  after(sequence: number, limit: number): Promise<readonly StoredAlert[]>;
  /** Where delivery to a target (`discord:channel:123`, `telegram:-100…`) stands; a new target starts at the newest alert. */
  cursor(target: string): Promise<number>;
  advance(target: string, sequence: number): Promise<void>;
  /** Chats enrolled for alerts. */
  targets(): Promise<readonly { readonly frontend: "telegram" | "discord"; readonly chatId: string }[]>;
  /** Calls back soon after new alerts are stored (a hint; delivery also looks every second). Returns an unsubscribe. */
  onRaised(callback: () => void): () => void;
}
