// Daily statistics of bots, from the ledger: fills, funding and equity merged by time and added up.

import type { Mode } from "../core/alert.ts";
import type { LocalTime } from "../core/local-time.ts";
import { createStatistics, type Grouping, type PnlReport, type StatisticsEvent } from "../core/statistics.ts";
import type { Database } from "./database.ts";
import { createHistory, type HistoryFilter } from "./history.ts";

/** A bot whose history is read: its mode, and its own account for what the ledger does not place elsewhere. */
export interface CountedBot {
  readonly id: string;
  readonly mode: Mode;
  readonly exchange: string;
  readonly account: string;
}

export interface PnlQuery extends Omit<HistoryFilter, "botIds"> {
  readonly bots: readonly CountedBot[];
  readonly calendar: LocalTime;
  readonly grouping: Grouping;
}

/** What bots earned per day and in all, exactly as the ledger has it. Memory grows with days, not with rows. */
export async function readPnl(db: Database, query: PnlQuery): Promise<PnlReport> {
  const statistics = createStatistics(query.calendar, query.grouping);
  for await (const event of eventsOf(db, query)) statistics.add(event);
  return statistics.report();
}

async function* eventsOf(db: Database, { bots, from, to, accounts, grouping }: PnlQuery): AsyncIterable<StatisticsEvent> {
  const known = new Map(bots.map((bot) => [bot.id, bot]));
  const filter = { botIds: [...known.keys()], from, to, accounts };
  const history = createHistory(db);
  const modeOf = (botId: string): Mode => known.get(botId)?.mode ?? "sim";
  const sources: AsyncIterable<StatisticsEvent>[] = [
    mapped(history.fills(filter), (fill) => ({ type: "fill", mode: modeOf(fill.botId), ...fill })),
    mapped(history.funding(filter), (payment) => ({ type: "funding", mode: modeOf(payment.botId), ...payment })),
  ];
  // A bot's equity is one number over all its accounts: it says nothing about one of them.
  if (grouping === "bot" && accounts === null)
    sources.push(
      mapped(history.equity(filter), ({ botId, at, currency, netPnl }) => {
        const { mode = "sim", exchange = "", account = "" } = known.get(botId) ?? {};
        return { type: "equity", botId, mode, exchange, account, at, currency, netPnl };
      }),
    );
  yield* merged(sources);
}

async function* mapped<From, To>(source: AsyncIterable<From>, map: (item: From) => To): AsyncIterable<To> {
  for await (const item of source) yield map(item);
}

/** Several sources, each in the order of time, as one. */
async function* merged(sources: readonly AsyncIterable<StatisticsEvent>[]): AsyncIterable<StatisticsEvent> {
  const readers = sources.map((source) => source[Symbol.asyncIterator]());
  const heads = await Promise.all(readers.map((reader) => reader.next()));
  for (;;) {
    let best = -1;
    let bestAt = Number.POSITIVE_INFINITY;
    for (const [index, head] of heads.entries()) {
      if (head.done === true || head.value.at >= bestAt) continue;
      best = index;
      bestAt = head.value.at;
    }
    const [head, reader] = [heads[best], readers[best]];
    if (head === undefined || head.done === true || reader === undefined) return;
    yield head.value;
    heads[best] = await reader.next();
  }
}
