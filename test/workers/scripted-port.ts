// An exchange that answers what a test tells it to, and remembers what it was asked.

import type { PlaceOrder } from "../../src/core/effects.ts";
import type { OpenOrder } from "../../src/core/events.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import type {
  AccountSnapshot,
  CancelOutcome,
  Capabilities,
  ExchangeEvent,
  ExchangePort,
  FillPage,
  FundingPage,
  OrderLookup,
  OrderRef,
  PlaceOutcome,
  Touch,
} from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { ETH_PERP } from "../core/instruments.ts";

export class ScriptedPort implements ExchangePort {
  readonly name = "backpack";
  readonly account: string;
  capabilities: Capabilities = {
    amend: false,
    batchPlace: false,
    lookupByClientOrderId: true,
    deadManSwitch: false,
    fundingHistory: false,
  };
  /** What happened, in order: `place 1`, `cancel 1`, `lookup 1`, `fills`, `snapshot`, `touch`. */
  readonly calls: string[] = [];
  placeOutcome: (order: PlaceOrder) => PlaceOutcome | Promise<PlaceOutcome> = (order) => ({
    outcome: "accepted",
    exchangeOrderId: `x${order.clientOrderId}`,
    filledQuantity: lots(0),
    closed: false,
  });
  cancelOutcome: (order: OrderRef) => CancelOutcome = () => ({ outcome: "canceled", filledQuantity: lots(0) });
  lookupOutcome: (order: OrderRef) => OrderLookup = () => ({ found: "notFound" });
  fillPage: FillPage | Error = { fills: [], complete: true };
  openOrders: OpenOrder[] = [];
  position = lots(0);
  liquidationPrice: string | null = null;
  balances: AccountSnapshot["balances"] = [];
  funding: FundingPage | Error = { entries: [], complete: true };
  readonly fundingAskedFrom: number[] = [];
  described: Instrument;
  /** Present where a test says what becomes of amends. */
  amend?: NonNullable<ExchangePort["amend"]>;
  snapshotFault: Error | null = null;
  touchFault: Error | null = null;
  isClosed = false;
  #events: ExchangeEvent[] = [];
  #wake: () => void = () => undefined;

  constructor(account = "sim", instrument: Instrument = ETH_PERP) {
    this.account = account;
    this.described = { ...instrument, ref: { ...instrument.ref, account } };
  }

  async instrument(): Promise<Instrument> {
    return this.described;
  }

  async place(_symbol: string, order: PlaceOrder, _urgency: "close" | "open", ready: Promise<boolean>): Promise<PlaceOutcome> {
    if (!(await ready)) {
      this.calls.push(`not stored ${order.clientOrderId}`);
      return { outcome: "denied", code: "intentNotStored", message: "the intent was not stored" };
    }
    this.calls.push(`place ${order.clientOrderId}`);
    return await this.placeOutcome(order);
  }

  async cancel(order: OrderRef, urgency: "panic" | "cancel"): Promise<CancelOutcome> {
    this.calls.push(`${urgency} ${order.clientOrderId}`);
    return this.cancelOutcome(order);
  }

  async lookup(order: OrderRef): Promise<OrderLookup> {
    this.calls.push(`lookup ${order.clientOrderId}`);
    return this.lookupOutcome(order);
  }

  async snapshot(): Promise<AccountSnapshot> {
    this.calls.push("snapshot");
    if (this.snapshotFault !== null) throw this.snapshotFault;
    const { symbol } = this.described.ref;
    const { liquidationPrice } = this;
    const positions = this.position === 0 ? [] : [{ symbol, quantity: this.position, averageEntryPrice: null, liquidationPrice }];
    return { at: 0, openOrders: [...this.openOrders], positions, balances: this.balances };
  }

  async fillsSince(): Promise<FillPage> {
    this.calls.push("fills");
    if (this.fillPage instanceof Error) throw this.fillPage;
    return this.fillPage;
  }

  async fundingSince(_symbol: string, since: number): Promise<FundingPage> {
    this.fundingAskedFrom.push(since);
    if (this.funding instanceof Error) throw this.funding;
    return this.funding;
  }

  async touch(): Promise<Touch> {
    this.calls.push("touch");
    if (this.touchFault !== null) throw this.touchFault;
    return { bestBid: ticks(250_000), bestAsk: ticks(250_010), at: 0 };
  }

  /** Sends something over the stream. */
  emit(event: ExchangeEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  async *events(_symbols: readonly string[], signal: AbortSignal): AsyncIterable<ExchangeEvent> {
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      const event = this.#events.shift();
      if (event !== undefined) {
        yield event;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

/** An order of ours as the exchange lists it. */
export function openOrder(clientOrderId: string, more: Partial<OpenOrder> = {}): OpenOrder {
  return {
    symbol: ETH_PERP.ref.symbol,
    clientOrderId,
    exchangeOrderId: `x${clientOrderId}`,
    side: "buy",
    price: ticks(249_000),
    quantity: lots(10),
    filledQuantity: lots(0),
    postOnly: true,
    reduceOnly: false,
    at: 0,
    ...more,
  };
}
