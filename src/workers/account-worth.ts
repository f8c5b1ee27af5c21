// What accounts are worth by their exchanges' own count: read by each instance for its symbols, put together by the worker.

import type { AccountEquity } from "../core/fleet-risk.ts";
import { type Instrument, toQuantity } from "../core/instrument.ts";
import { type Money, money, text, ZERO } from "../core/money.ts";
import type { AccountSnapshot } from "../core/ports.ts";
import type { AccountPart, AccountReading, BotStatus } from "../core/status.ts";

/** A reading older than this tells nothing any more. */
export const READING_MAX_MS = 120_000;
const PLAIN_DECIMAL = /^-?\d+(\.\d+)?$/;

/** A leg on the account of a snapshot, with the price at which it is valued; null without one. */
export interface PricedLeg {
  readonly instrument: Instrument;
  readonly price: string | null;
}

/** What a snapshot of one account says of the currencies in which these legs settle; one that it does not list is not told. */
export function readingsOf(legs: readonly PricedLeg[], snapshot: AccountSnapshot, at: number): AccountReading[] {
  const currencies = new Set(legs.map(({ instrument }) => currencyOf(instrument)));
  return [...currencies].flatMap((currency): AccountReading[] => {
    const here = legs.filter(({ instrument }) => currencyOf(instrument) === currency);
    const ref = here[0]?.instrument.ref;
    const whole = snapshot.equity?.[currency];
    const balance = whole ?? snapshot.balances.find((held) => held.currency === currency)?.total;
    if (ref === undefined || balance === undefined) return [];
    const parts = whole === undefined ? here.map((leg) => partOf(leg, snapshot)) : null;
    return [{ exchange: ref.exchange, account: ref.account, currency, balance, parts, at }];
  });
}

function currencyOf({ kind, quote, settle }: Instrument): string {
  return kind === "spot" ? quote : settle;
}

/** Beside the balance: the unrealized result of a perpetual's position, the worth of a spot instrument's base. */
function partOf({ instrument, price }: PricedLeg, snapshot: AccountSnapshot): AccountPart {
  const { symbol } = instrument.ref;
  const part = (value: Money | null): AccountPart => ({ symbol, value: value === null ? null : text(value) });
  if (instrument.kind === "spot") {
    const base = money(snapshot.balances.find(({ currency }) => currency === instrument.base)?.total ?? "0");
    return part(base.eq(0) ? ZERO : price === null ? null : base.times(price));
  }
  const position = snapshot.positions.find((held) => held.symbol === symbol);
  if (position === undefined || position.quantity === 0) return part(ZERO);
  const { quantity, averageEntryPrice } = position;
  if (price === null || averageEntryPrice === null) return part(null);
  return part(money(price).minus(averageEntryPrice).times(toQuantity(instrument, quantity)));
}

interface Known {
  readonly account: string;
  readonly mode: AccountEquity["mode"];
  readonly currency: string;
  reading: AccountReading;
  readonly parts: Map<string, AccountPart & { readonly at: number }>;
}

export interface AccountWorth {
  /** Takes in what these statuses tell of their accounts; older readings never replace newer ones. */
  take(statuses: readonly BotStatus[]): void;
  /**
   * The accounts whose worth is known now. One whose balance is older than two minutes is not, nor one of which a bot's position
   * there cannot be valued, or was told longer ago: unknown is never taken for nothing.
   */
  equity(now: number): readonly AccountEquity[];
}

/** Each bot sees its own symbols alone: the newest balance counts once, and what each symbol adds to it is summed. */
export function createAccountWorth(): AccountWorth {
  const known = new Map<string, Known>();

  function takeReading({ mode }: BotStatus, reading: AccountReading): void {
    const account = `${reading.exchange}/${reading.account}`;
    const key = `${account}|${mode}|${reading.currency}`;
    const before = known.get(key) ?? { account, mode, currency: reading.currency, reading, parts: new Map() };
    known.set(key, before);
    if (reading.at > before.reading.at) before.reading = reading;
    for (const part of reading.parts ?? []) {
      const older = before.parts.get(part.symbol);
      if (older === undefined || reading.at > older.at) before.parts.set(part.symbol, { ...part, at: reading.at });
    }
  }

  function worthOf({ account, mode, currency, reading, parts }: Known, now: number): AccountEquity[] {
    const isOld = (at: number): boolean => now - at > READING_MAX_MS;
    if (isOld(reading.at)) return [];
    let amount = money(reading.balance);
    for (const { value, at } of reading.parts === null ? [] : parts.values()) {
      if (value === null || (isOld(at) && !money(value).eq(0))) return [];
      amount = amount.plus(value);
    }
    return [{ account, mode, currency, amount: text(amount) }];
  }

  return {
    take(statuses) {
      for (const status of statuses) {
        const told = Array.isArray(status.accounts) ? status.accounts : [];
        for (const reading of told) if (isReadable(reading)) takeReading(status, reading);
      }
    },
    equity: (now) => [...known.values()].flatMap((one) => worthOf(one, now)),
  };
}

/** What came over Redis or from an older version may be anything; a reading that cannot be read is passed over. */
function isReadable({ balance, parts, at }: AccountReading): boolean {
  const isDecimal = (value: unknown): boolean => typeof value === "string" && PLAIN_DECIMAL.test(value);
  const areParts = parts === null || (Array.isArray(parts) && parts.every(({ value }) => value === null || isDecimal(value)));
  return isDecimal(balance) && Number.isFinite(at) && areParts;
}
