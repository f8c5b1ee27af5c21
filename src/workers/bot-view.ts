// How a bot is as its worker sees it, for those who judge how a change ended.

import type { BotStatus } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import type { BotRecord } from "../storage/bots.ts";

/** What a change needs to know to say how it ended. */
export interface BotView {
  readonly record: BotRecord;
  /** Another worker holds the bot. */
  readonly isElsewhere: boolean;
  readonly status: BotStatus;
  /** Epoch of the process here once it has recovered, else null. */
  readonly recoveredEpoch: number | null;
  /** No request that what is wanted now led to is under way any more. */
  readonly isFollowed: boolean;
  /** Nothing of the bot can fill any more, under what is wanted now. */
  readonly rest: { readonly isFlat: boolean } | null;
  /** Why the last start was refused. */
  readonly refusal: Text | null;
  readonly lastError: string | null;
  /** Version of the configuration that the process here runs under once it has recovered, else null. */
  readonly appliedVersion: number | null;
  /** The version whose parameters the process refused last. */
  readonly refusedVersion: { readonly version: number; readonly reason: Text } | null;
  /** The bot's hours keep it from running although a person wants it to; says until when. */
  readonly outside?: Text | null;
  /** Nothing runs here, and nothing is wanted to. */
  readonly isIdle: boolean;
}
