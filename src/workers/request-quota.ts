// The quota on requests of the bot in this process, which says once in a while that the bot is being slowed down.

import type { BotConfig } from "../core/bot-config.ts";
import type { Clock, LedgerStore } from "../core/ports.ts";
import type { Text } from "../core/text.ts";
import { createRequestQuota, type RequestQuota } from "../exchanges/bot-quota.ts";

const TELL_EVERY_MS = 600_000;

/** One for all accounts of the bot. Its alert is stored at most once in ten minutes. */
export function requestQuotaOf({ id, mode, quotas }: BotConfig, ledger: LedgerStore, clock: Clock): RequestQuota {
  const { requestsPerMinute } = quotas;
  let toldAt = Number.NEGATIVE_INFINITY;
  return createRequestQuota({
    requestsPerMinute,
    clock,
    onThrottled() {
      const now = clock.monotonic();
      if (now - toldAt < TELL_EVERY_MS) return;
      toldAt = now;
      const message = throttledText(id, requestsPerMinute);
      // An alert that cannot be stored is only a slowed bot that nobody was told of; it is told of again later.
      ledger.commit([{ type: "alert", alert: { type: "resource", message, botId: id, mode, at: clock.now() } }]).catch(() => {
        toldAt = Number.NEGATIVE_INFINITY;
      });
    },
  });
}

function throttledText(id: string, requestsPerMinute: number): Text {
  return {
    en: `${id} has used up its quotas.requestsPerMinute ${requestsPerMinute}: its openings wait, and no other bot does; cancels and closings go on`,
    "zh-TW": `${id} 已用完 quotas.requestsPerMinute ${requestsPerMinute}：僅此機器人的開倉需要等待，撤單與平倉不受影響`,
  };
}
