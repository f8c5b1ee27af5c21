// Judges by the exchange's own books alone: limits, slots, identities and rows, at every order, trade and step.

import type { ExchangeFill } from "../../core/events.ts";
import type { Kernel, RiskLimits } from "../../core/kernel.ts";
import { leavesQuantity, signOf } from "../../core/order.ts";
import { TAKE_SLOT } from "../../core/strategy.ts";
import { type BotOrder, newest } from "./bot-order.ts";
import type { Market } from "./market.ts";
import type { Scenario } from "./scenario.ts";
import type { Schedule } from "./schedule.ts";
import type { Store } from "./store.ts";
import type { FundingPayment } from "./surroundings.ts";

const MINUTE_MS = 60_000;
/**
 * Refusals right after the acceptance that one slot may draw in a minute. Told in time, pauses double from one second, which makes
 * seven; one that is told too late to be known for what it is took two seconds at least, and lives forget pauses they did not store.
 */
const LATE_REFUSALS_MAX = 37;
/** A take is tried again every second until the position is reached, and once at once by each new life. */
const LATE_TAKES_MAX = 75;
/** One broken rule often breaks others; these many tell enough. */
const FAULTS_MAX = 12;

export interface Ask {
  readonly leg: string;
  readonly slot: string;
  /** Which life of the process asked. */
  readonly life: number;
}

export class Judge {
  readonly faults: string[] = [];
  /** Where each order that the kernel asked for belongs. */
  readonly asks = new Map<string, Ask>();
  readonly #risk: RiskLimits;
  readonly #schedule: Schedule;
  readonly #store: Store;
  readonly #markets: () => readonly Market[];
  readonly #positions = new Map<string, number>();
  /** Legs whose position the strategy holds for protection, which it may work on while the bot is paused. */
  readonly protectedLegs = new Set<string>();
  /** Orders that the exchange took and would not keep. */
  readonly doomed = new Set<string>();
  /** Legs on which a person traded beside the bot, which has not said so yet. */
  readonly unnoticed = new Set<string>();
  readonly #lateRefusals = new Map<string, number[]>();
  orders = 0;
  trades = 0;

  constructor(scenario: Scenario, schedule: Schedule, store: Store, markets: () => readonly Market[]) {
    this.#risk = scenario.risk;
    this.#schedule = schedule;
    this.#store = store;
    this.#markets = markets;
  }

  fault(text: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(`at ${this.#schedule.now}: ${text}`);
  }

  /** The bot's position on a leg by the exchange's trades, signed lots. */
  position(leg: string): number {
    return this.#positions.get(leg) ?? 0;
  }

  openOrders(): BotOrder[] {
    return this.#markets().flatMap((market) => [...market.open]);
  }

  // ---- what happens at the exchange ---------------------------------------------------------------------------------

  /** An order came to rest or to trade, or was changed in place. */
  opened(order: BotOrder): void {
    this.orders += 1;
    const { clientOrderId } = order;
    const ask = this.asks.get(clientOrderId);
    if (ask === undefined) return this.fault(`order ${clientOrderId} was asked for by nobody`);
    if (!this.#store.rows.has(clientOrderId)) this.fault(`order ${clientOrderId} is at the exchange and in no stored row`);
    const open = this.openOrders();
    for (const other of open) {
      const place = this.asks.get(other.clientOrderId);
      if (other === order || place?.leg !== ask.leg || place.slot !== ask.slot) continue;
      this.fault(`slot ${ask.leg}/${ask.slot} holds ${other.clientOrderId} and ${clientOrderId}`);
    }
    if (open.length > this.#risk.maxOpenOrders) this.fault(`${open.length} orders are open, the limit is ${this.#risk.maxOpenOrders}`);
    this.checkExposure();
  }

  /** The exchange took an order in vain: a slot that draws many of these does not wait in between. */
  refusesLate(order: BotOrder): void {
    const { clientOrderId } = order;
    this.doomed.add(clientOrderId);
    const ask = this.asks.get(clientOrderId);
    if (ask === undefined) return;
    const slot = `${ask.leg}/${ask.slot}`;
    const { now } = this.#schedule;
    const times = [...(this.#lateRefusals.get(slot) ?? []).filter((at) => at > now - MINUTE_MS), now];
    this.#lateRefusals.set(slot, times);
    if (times.length > (ask.slot === TAKE_SLOT ? LATE_TAKES_MAX : LATE_REFUSALS_MAX))
      this.fault(`slot ${slot} was refused ${times.length} times within a minute`);
  }

  traded(order: BotOrder, fill: ExchangeFill): void {
    this.trades += 1;
    const leg = this.asks.get(order.clientOrderId)?.leg ?? "";
    const before = this.position(leg);
    const after = before + signOf(order.side) * fill.quantity;
    this.#positions.set(leg, after);
    if (order.reduceOnly && (Math.abs(after) > Math.abs(before) || before * after < 0))
      this.fault(`reduce-only order ${order.clientOrderId} took the position of ${leg} from ${before} to ${after} lots`);
  }

  /** The position and all that may still fill stay within the limit, on both sides. */
  checkExposure(): void {
    const open = this.openOrders();
    for (const [leg, most] of Object.entries(this.#risk.maxPosition)) {
      let long = this.position(leg);
      let short = -long;
      for (const order of open) {
        if (this.asks.get(order.clientOrderId)?.leg !== leg) continue;
        const { quantity, filled } = newest(order);
        if (order.side === "buy") long += quantity - filled;
        else short += quantity - filled;
      }
      const worst = Math.max(long, short);
      if (worst > most) this.fault(`${leg}: worst case ${worst} lots exceeds the limit of ${most}`);
    }
  }

  /** What the kernel reckons may still fill of an order is never less than what may, however a change of it stands. */
  checkReckoning(kernel: Kernel): void {
    for (const order of this.openOrders()) {
      const { quantity, filled } = newest(order);
      const known = kernel.order(order.clientOrderId);
      const reckoned = known === undefined ? 0 : leavesQuantity(known);
      if (reckoned < quantity - filled && !this.doomed.has(order.clientOrderId))
        this.fault(`order ${order.clientOrderId} may fill ${quantity - filled} lots more, the kernel reckons with ${reckoned}`);
    }
  }

  /** True when every trade is in the store, and every payment that the exchange has booked. */
  isRecorded(payments: readonly FundingPayment[]): boolean {
    const traded = this.#markets().reduce((sum, market) => sum + market.fills.length, 0);
    return this.#store.fills.size >= traded && this.#store.fundings.length >= payments.length;
  }

  /** Every trade and payment of the exchange is recorded once, and nothing else is. */
  checkRecords(payments: readonly FundingPayment[]): void {
    for (const { leg, id } of payments) {
      const times = this.#store.fundings.filter((funding) => funding.leg === leg && funding.id === id).length;
      if (times !== 1) this.fault(`funding ${id} of ${leg} is recorded ${times} times`);
    }
    const recorded = this.#store.fills;
    let traded = 0;
    for (const market of this.#markets()) {
      for (const fill of market.fills) {
        traded += 1;
        const leg = this.asks.get(fill.clientOrderId ?? "")?.leg ?? "";
        const times = recorded.get(keyOf(leg, fill))?.times ?? 0;
        if (times !== 1) this.fault(`trade ${fill.tradeId} of ${fill.symbol} is recorded ${times} times`);
      }
    }
    if (recorded.size !== traded) this.fault(`${recorded.size} fills are recorded, ${traded} trades happened`);
  }
}

/** What names a fill: trade ids are unique per account and symbol only. */
export function keyOf(leg: string, fill: ExchangeFill): string {
  return `${leg} ${fill.tradeId} ${fill.exchangeOrderId}`;
}
