// What a worker and its instances say to each other over Node's IPC channel.

import type { Mode } from "../core/alert.ts";
import type { BotConfig } from "../core/bot-config.ts";
import type { CredentialValues } from "../core/credentials.ts";
import type { Desired } from "../core/events.ts";
import type { EndRow, LedgerRow, RowResult, StoredBot } from "../core/ports.ts";
import type { BotStatus } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import type { BucketLimit } from "../exchanges/limits.ts";

/** Life of a lease without a renewal; an instance renews each second. */
export const LEASE_TTL_MS = 5_000;
export const LEASE_RENEW_MS = 1_000;
/** Longest time that a signed request stays valid at an exchange. */
export const REQUEST_WINDOW_MS = 2_000;

/** Credentials of one account, handed over IPC only: never in arguments, environment, queue or log. */
export interface AccountAccess {
  readonly exchange: string;
  readonly account: string;
  readonly mode: Mode;
  readonly credentials: CredentialValues;
  readonly url?: string;
  readonly wsUrl?: string;
  /** With user and password, where it asks for them. */
  readonly proxy?: string;
}

/** What the operator wants of a bot right now; a new one replaces the old. */
export interface Directive {
  /** Grows with each change, so that an answer names the directive that it answers. */
  readonly sequence: number;
  readonly desired: Desired;
  readonly halt: Text | null;
  readonly flatten: boolean;
  /** A person reset the peak of the drawdown at this time, epoch ms. */
  readonly drawdownSince?: number;
  /** Why the bot does not run although it is wanted to: its hours. */
  readonly outside?: Text;
}

export interface Begin {
  readonly type: "begin";
  readonly config: BotConfig;
  readonly configVersion: number;
  /** 1..255, unique on the bot's own account. */
  readonly number: number;
  /** Its number on each account that it trades on, by `exchange:account`. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly epoch: number;
  /** Name of the holder in the lease. */
  readonly holder: string;
  readonly host: string;
  readonly stored: StoredBot;
  readonly firstStartedAt: number | null;
  readonly directive: Directive;
  readonly accounts: readonly AccountAccess[];
  readonly redisUrl: string;
  readonly limits: Readonly<Record<string, readonly BucketLimit[]>>;
  /** Folders of the user's own strategies. */
  readonly strategyFolders: readonly string[];
  /** Zone whose midnight begins the risk day. */
  readonly timezone: string;
  readonly logLevel: string;
}

export type ToInstance =
  | Begin
  | { readonly type: "directive"; readonly directive: Directive }
  /** Other parameters, as a version of the configuration holds them; answered by `adjusted`. */
  | { readonly type: "adjust"; readonly version: number; readonly params: Readonly<Record<string, unknown>> }
  /** Answer to `rows`: one result per row after their commit, or why nothing of the batch was stored. */
  | { readonly type: "committed"; readonly batch: number; readonly results: readonly RowResult[] }
  | { readonly type: "refusedRows"; readonly batch: number; readonly message: string }
  /** True while the database does not take rows: no new openings. */
  | { readonly type: "ledgerTrouble"; readonly isInTrouble: boolean }
  /** Leave: `cancel` takes opening orders off first, `keep` leaves them to the next instance. */
  | { readonly type: "shutdown"; readonly orders: "cancel" | "keep" };

/** The bot rests: nothing of it can fill any more, proven by a read of the exchange. */
export interface Settled {
  readonly sequence: number;
  readonly at: number;
  /** Decimal string of the first leg's position, base units; null when the state could not be read. */
  readonly position: string | null;
  readonly isFlat: boolean;
}

export type FromInstance =
  /** `rss`: resident memory of the process, bytes. */
  | { readonly type: "heartbeat"; readonly rss?: number }
  | { readonly type: "status"; readonly status: BotStatus }
  | { readonly type: "rows"; readonly batch: number; readonly rows: readonly LedgerRow[] }
  /** Recovery is done; the directive has been given to the kernel. */
  | { readonly type: "recovered"; readonly openOrders: number }
  /** What the directive asked for has been requested and answered: no place or cancel is under way. */
  | { readonly type: "followed"; readonly sequence: number }
  | { readonly type: "settled"; readonly settled: Settled }
  /** The bot halted itself or has finished; that is stored. */
  | { readonly type: "ended"; readonly end: EndRow }
  /** The parameters of this version are in force (null), or were refused and everything is as it was. */
  | { readonly type: "adjusted"; readonly version: number; readonly refusal: Text | null }
  /** Why the instance is about to exit without having been asked. */
  | { readonly type: "fault"; readonly message: string }
  /** The bot cannot run as it is configured; trying again would not help. */
  | { readonly type: "refused"; readonly reason: Text };

/** Exit codes of an instance. */
export const EXIT = {
  asked: 0,
  /** A programmer error: the kernel threw. Restarted from the stored state. */
  fault: 70,
  /** The lease names another epoch: somebody else owns the bot. */
  fenced: 71,
  refused: 72,
  /** Its worker is gone. */
  orphaned: 73,
  /** The worker could not store a fact. Restarted from the stored state, which reads it again. */
  ledger: 74,
} as const;

export type ExitReason = keyof typeof EXIT;
