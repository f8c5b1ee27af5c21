// Public market data against three emulated exchanges: whole answers, streams that come back, and REST for what is silent.

import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { type Instrument, toPrice } from "../../src/core/instrument.ts";
import type { MarketDataEvent, MarketDataPort, MarketWatch } from "../../src/core/market-data.ts";
import type { ExchangeEvent } from "../../src/core/ports.ts";
import type { Ticks } from "../../src/core/units.ts";
import { sealCredentials } from "../../src/exchanges/account.ts";
import { connectMarketData } from "../../src/exchanges/market-data.ts";
import { asterDialect } from "../../src/sim/aster/dialect.ts";
import { backpackDialect } from "../../src/sim/backpack/dialect.ts";
import type { Dialect } from "../../src/sim/dialect.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { paradexDialect } from "../../src/sim/paradex/dialect.ts";
import { admin, startSim, until } from "../sim/loopback-exchange.ts";
import { systemClock } from "./clock.ts";
import { connectTo, OpenPermits } from "./stub-exchange.ts";

interface Place {
  readonly exchange: string;
  readonly dialect: Dialect;
  readonly perp: string;
  /** The book's stream as the emulator names it. */
  readonly bookTopic: string;
}

const PLACES: readonly Place[] = [
  { exchange: "backpack", dialect: backpackDialect, perp: "ETH/USDC:USDC", bookTopic: "depth.ETH_USDC_PERP" },
  { exchange: "aster", dialect: asterDialect, perp: "ETH/USDT:USDT", bookTopic: "ethusdt@depth" },
  { exchange: "paradex", dialect: paradexDialect, perp: "ETH/USD:USDC", bookTopic: "order_book.ETH-USD-PERP" },
];

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open({ dialect, exchange }: Place): Promise<{ sim: ExchangeSim; port: MarketDataPort; permits: OpenPermits }> {
  const sim = await startSim({ dialect, limits: dialect.limits.map((limit) => ({ ...limit, limit: 1_000_000 })) });
  closing.push(() => sim.close());
  const { url, wsUrl } = sim;
  const account = { exchange, account: "public", mode: "sim", credentials: {}, url, wsUrl } as const;
  const permits = new OpenPermits();
  const log = pino({ level: "silent" });
  const port = await connectMarketData({ account, permits, fence: () => null, clock: systemClock, log });
  closing.push(() => port.close());
  return { sim, port, permits };
}

function watching(port: MarketDataPort, watches: readonly MarketWatch[]): MarketDataEvent[] {
  const events: MarketDataEvent[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    for await (const event of port.watch(watches, stop.signal)) events.push(event);
  })();
  closing.push(async () => {
    stop.abort();
    await reading;
  });
  return events;
}

const books = (events: readonly MarketDataEvent[]) => events.flatMap((event) => (event.type === "book" ? [event.book] : []));

function bestOf(sim: ExchangeSim, place: Place): { readonly bid: number; readonly ask: number; readonly instrument: Instrument } {
  const { engine, listing } = sim.exchange.state.market(listingOf(sim, place));
  const [bid, ask] = [engine.best("buy")?.price, engine.best("sell")?.price];
  if (bid === undefined || ask === undefined) throw new Error("the emulator's book has an empty side");
  return { bid, ask, instrument: listing.instrument };
}

function listingOf(sim: ExchangeSim, { perp }: Place): string {
  const found = [...sim.exchange.state.listings.values()].find(({ instrument }) => instrument.ref.symbol === perp);
  if (found === undefined) throw new Error(`the emulator lists no ${perp}`);
  return found.id;
}

describe.each(PLACES)("market data of $exchange", (place) => {
  it("answers every question with prices that belong together, by market permits alone", async () => {
    const { sim, port, permits } = await open(place);
    sim.driver.pause();
    const { bid, ask, instrument } = bestOf(sim, place);
    const book = await port.book(place.perp, 5);
    expect([book.bids[0]?.price, book.asks[0]?.price, book.source]).toEqual([bid, ask, "rest"]);
    expect([book.bids.length <= 5, book.asks.length <= 5, book.bids.length > 0]).toEqual([true, true, true]);
    for (const [index, level] of book.bids.slice(1).entries()) expect(level.price).toBeLessThan(book.bids[index]?.price ?? 0);
    expect(Date.now() - (book.at ?? book.receivedAt)).toBeLessThan(60_000);

    const near = Number(toPrice(instrument, bid as Ticks));
    const ticker = await port.ticker(place.perp);
    expect(Math.abs(Number(ticker.last) / near - 1)).toBeLessThan(0.05);
    const mark = await port.mark(place.perp);
    expect(Math.abs(Number(mark.mark) / near - 1)).toBeLessThan(0.05);
    expect(typeof mark.mark).toBe("string");
    const funding = await port.fundingRate(place.perp);
    expect(Math.abs(Number(funding.rate))).toBeLessThan(0.05);
    if (place.exchange !== "paradex") expect(funding.nextAt ?? 0).toBeGreaterThan(Date.now() - 1_000);

    const since = Date.now() - 480_000;
    const klines = await port.klines(place.perp, "1m", since, 10);
    expect(klines.length).toBeGreaterThan(0);
    for (const { high, low, open: first, close } of klines) {
      expect(Number(high)).toBeGreaterThanOrEqual(Math.max(Number(first), Number(close)));
      expect(Number(low)).toBeLessThanOrEqual(Math.min(Number(first), Number(close)));
    }
    expect(new Set(permits.taken.map((permit) => permit.class))).toEqual(new Set(["market"]));
  });

  it("says in one sentence what cannot be asked", async () => {
    const { port } = await open(place);
    await expect(port.book("NO/SUCH:THING", 5)).rejects.toThrow(/lists no symbol NO\/SUCH:THING/);
    await expect(port.book(place.perp, 0)).rejects.toThrow(/depth 0 must be a whole number from 1/);
    await expect(port.klines(place.perp, "7m", 0, 10)).rejects.toThrow(/no timeframe 7m; it has .*1m/);
    if (place.dialect.listings.some(({ instrument }) => instrument.kind === "spot")) {
      const spot = place.perp.split(":")[0] ?? "";
      await expect(port.fundingRate(spot)).rejects.toThrow(/has no funding rate/);
    }
  });

  it("follows books with depth, trades and candles, and measures how old they are", async () => {
    const { sim, port } = await open(place);
    const { perp: symbol } = place;
    const events = watching(port, [
      { type: "book", symbol, depth: 3 },
      { type: "trades", symbol },
      { type: "klines", symbol, timeframe: "1m" },
    ]);
    await until("a book by stream", () => books(events).some(({ source }) => source === "stream"));
    const market = listingOf(sim, place);
    const trades = () => events.filter((event) => event.type === "trade");
    await until("a trade by stream", () => {
      sim.exchange.run((state, at) => {
        const order = { symbol: market, side: "buy", price: null, quantity: bestOf(sim, place).instrument.minQuantity } as const;
        const rest = { quoteQuantity: null, timeInForce: "ioc", postOnly: false, reduceOnly: false } as const;
        return state.place("sim", { ...order, ...rest, clientId: null, selfTrade: "rejectTaker" }, at);
      });
      return trades().length > 0;
    });
    await until("a candle", () => events.some((event) => event.type === "kline"), 20_000);
    const ages = port.ages();
    expect(ages.map(({ watch }) => watch.type)).toEqual(["book", "trades", "klines"]);
    for (const { ageMs } of ages) expect(ageMs).toBeLessThan(20_000);
    expect(books(events).at(-1)?.bids.length).toBeLessThanOrEqual(3);
  }, 40_000);

  it("reads the book by REST while only its topic is lost, and replaces the socket once that proves it dead", async () => {
    const { sim, port } = await open(place);
    const { perp: symbol } = place;
    const events = watching(port, [{ type: "book", symbol, depth: 1 }]);
    await until("a book by stream", () => books(events).some(({ source }) => source === "stream"));
    const fault = { kind: "lose", topic: place.bookTopic, times: "always" };
    await admin(sim, "POST", "/sim/faults", fault);
    await until("a book by REST", () => books(events).some(({ source }) => source === "rest"), 8_000);
    const polled = () => books(events).filter(({ source }) => source === "rest").length;
    await until("a poll each second", () => polled() >= 3, 5_000);
    const step = setInterval(() => sim.driver.moveTo(listingOf(sim, place), (bestOf(sim, place).bid + 7) as Ticks, null), 200);
    try {
      await until("the socket replaced", () => events.some((event) => event.type === "lost"), 20_000);
      await admin(sim, "DELETE", "/sim/faults");
      const count = books(events).length;
      const isBack = () =>
        books(events)
          .slice(count)
          .some(({ source }) => source === "stream");
      await until("the stream again", isBack, 20_000);
    } finally {
      clearInterval(step);
    }
    expect(port.ages()[0]?.streamAgeMs).toBeLessThan(5_000);
  }, 60_000);
});

describe("an adapter's own streams", () => {
  it.each(PLACES)(
    "of $exchange tell last prices, and books by REST while connections are refused",
    async (place) => {
      const { dialect, exchange, perp } = place;
      const accounts = [{ name: "sim" }, { name: "other" }];
      const sim = await startSim({ dialect, accounts, limits: dialect.limits.map((limit) => ({ ...limit, limit: 1_000_000 })) });
      closing.push(() => sim.close());
      const { url, wsUrl } = sim;
      const credentials = sealCredentials(sim.accounts[0]?.credentials ?? {});
      const { port, permits } = await connectTo({ exchange, account: "sim", mode: "sim", credentials, url, wsUrl });
      closing.push(() => port.close());
      const events: ExchangeEvent[] = [];
      const stop = new AbortController();
      const reading = (async () => {
        for await (const event of port.events([perp], stop.signal)) events.push(event);
      })();
      closing.push(async () => {
        stop.abort();
        await reading;
      });
      await until("a book", () => events.some(({ type }) => type === "book"));
      const market = listingOf(sim, place);
      await until("a last price", () => {
        sim.exchange.run((state, at) => {
          const order = { symbol: market, side: "buy", price: null, quantity: bestOf(sim, place).instrument.minQuantity } as const;
          const rest = { quoteQuantity: null, timeInForce: "ioc", postOnly: false, reduceOnly: false } as const;
          return state.place("other", { ...order, ...rest, clientId: null, selfTrade: "rejectTaker" }, at);
        });
        return events.some(({ type }) => type === "last");
      });
      const last = events.findLast((event) => event.type === "last");
      expect(Math.abs((last?.type === "last" ? last.price : 0) / bestOf(sim, place).ask - 1)).toBeLessThan(0.05);

      await admin(sim, "POST", "/sim/disconnect", { refuseMs: 8_000 });
      await until("the loss told", () => events.some((event) => event.type === "disconnected" && event.stream === "public"));
      const lostAt = events.findLastIndex((event) => event.type === "disconnected");
      const backAt = () => events.findIndex((event, index) => index > lostAt && event.type === "resynced" && event.stream === "public");
      await until("the stream again", () => backAt() > 0, 30_000);
      const meanwhile = events.slice(lostAt, backAt()).filter(({ type }) => type === "book");
      expect(meanwhile.length).toBeGreaterThanOrEqual(2);
      expect(permits.taken.map((permit) => permit.class)).toContain("market");
    },
    60_000,
  );
});
