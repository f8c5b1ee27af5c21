// What the host and its writer thread say to each other.

import type { LedgerRow, RowResult } from "../core/ports.ts";

export type ToWriter =
  | { readonly type: "rows"; readonly id: number; readonly source: string; readonly rows: readonly LedgerRow[] }
  /** Store what waits, then end. */
  | { readonly type: "close" };

export type FromWriter =
  | { readonly type: "ready" }
  | { readonly type: "committed"; readonly id: number; readonly results: readonly RowResult[] }
  | { readonly type: "refused"; readonly id: number; readonly message: string }
  | { readonly type: "trouble"; readonly isInTrouble: boolean; readonly message: string }
  | { readonly type: "closed" };
