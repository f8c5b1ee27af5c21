// Feeds one kernel with events in order and performs the effects that it asks for.

import type { AlertBody, Mode } from "../core/alert.ts";
import type { Effect } from "../core/effects.ts";
import type { ActualState, ExchangeFill, KernelEvent } from "../core/events.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Clock, Fence, LedgerRow, LedgerStore, RowResult } from "../core/ports.ts";
import { createInbox } from "./inbox.ts";
import { createInquiries, type Inquiries } from "./inquiries.ts";
import { fillRow, intentRow, orderRow, type RowOwner } from "./ledger-rows.ts";
import { createOrderDesk, type Legs, legNamed, type OrderDesk } from "./order-desk.ts";
import type { OwnOrders } from "./own-orders.ts";
import { createStateKeeper } from "./state-keeper.ts";

/** Events applied before the process looks at its sockets again. */
const EVENTS_PER_TURN = 256;
/** A wake far ahead is looked at this often: timers end at 2^31 ms, and the wall clock may jump. */
const WAKE_LOOK_MS = 60_000;

export interface DriverOptions {
  readonly owner: RowOwner;
  readonly mode: Mode;
  readonly strategy: { readonly name: string; readonly version: number };
  readonly kernel: Kernel;
  readonly legs: Legs;
  readonly own: OwnOrders;
  readonly ledger: LedgerStore;
  readonly fence: Fence;
  readonly clock: Clock;
  /** The bot is halted: its cancels may use the reserved permits. */
  readonly isUrgent: () => boolean;
  readonly onState: (state: ActualState) => void;
  readonly onError: (message: string) => void;
  /** Nothing of this driver may be used any more. `stale`: the epoch has moved on. */
  readonly onFatal: (why: "kernel" | "stale" | "ledger", error: unknown) => void;
}

export interface Driver {
  post(event: KernelEvent): void;
  /** Fills from a stream or a list; foreign and known ones are dropped. */
  takeFills(leg: string, fills: readonly ExchangeFill[]): void;
  learn(clientOrderId: string, exchangeOrderId: string): void;
  /** Stores an alert of the driver's own. */
  raise(alert: AlertBody): void;
  /** Stores the state when it is due; called now and then. */
  keepState(): void;
  /** Stores the newest state; resolves when it and everything before it is stored. */
  storeState(): Promise<void>;
  readonly desk: OrderDesk;
  readonly inquiries: Inquiries;
  readonly fillCount: number;
  /** True when every posted event has been applied. */
  readonly isIdle: boolean;
  stop(): void;
}

interface Gathered {
  readonly intents: LedgerRow[];
  readonly facts: LedgerRow[];
  readonly alerts: LedgerRow[];
  readonly sends: ((stored: Promise<readonly RowResult[]>) => void)[];
}

/** One driver per kernel. Rows of one step go to the ledger as one batch, and orders leave only after it is stored. */
export function createDriver(options: DriverOptions): Driver {
  const { kernel, legs, own, clock, owner, ledger } = options;
  const inbox = createInbox();
  const wakes = new Set<number>();
  let wakeTimer: NodeJS.Timeout | undefined;
  let isPumping = false;
  let isStopped = false;
  let fillCount = 0;
  let stored: Promise<unknown> = Promise.resolve();

  const keeper = createStateKeeper({
    ...owner,
    strategy: options.strategy.name,
    strategyVersion: options.strategy.version,
    clock,
    snapshot: () => kernel.snapshot(),
  });
  const inquiries = createInquiries({
    legs,
    clock,
    post,
    learn,
    takeFills,
    order: (clientOrderId) => kernel.order(clientOrderId),
    onError: options.onError,
  });
  const desk = createOrderDesk({
    legs,
    clock,
    post,
    learn,
    fence: options.fence,
    doubt: (clientOrderId) => inquiries.doubt(clientOrderId),
    inquire: (leg, clientOrderId) => inquiries.ask(leg, clientOrderId),
    createdAt: (clientOrderId) => kernel.order(clientOrderId)?.createdAt ?? clock.now(),
    isUrgent: options.isUrgent,
    onError: options.onError,
  });

  function post(event: KernelEvent): void {
    if (isStopped) return;
    inbox.push(event);
    if (isPumping) return;
    isPumping = true;
    queueMicrotask(pump);
  }

  function pump(): void {
    try {
      for (let count = 0; count < EVENTS_PER_TURN && !isStopped; count += 1) {
        const event = inbox.take();
        if (event === undefined) break;
        apply(event);
      }
    } catch (error) {
      isPumping = false;
      fail("kernel", error);
      return;
    }
    if (inbox.size > 0 && !isStopped) setImmediate(pump);
    else isPumping = false;
  }

  function fail(why: "kernel" | "stale" | "ledger", error: unknown): void {
    if (isStopped) return;
    stop();
    options.onFatal(why, error);
  }

  function apply(event: KernelEvent): void {
    const effects = kernel.apply(event);
    keeper.changed(event.type !== "book" || effects.some((effect) => effect.type !== "wake"));
    if (effects.length > 0) perform(effects);
  }

  function perform(effects: readonly Effect[]): void {
    const step: Gathered = { intents: [], facts: [], alerts: [], sends: [] };
    for (const effect of effects) gather(step, effect);
    const hasFill = step.facts.some((row) => row.type === "fill");
    const state: LedgerRow[] = hasFill ? [{ type: "state", state: keeper.row() }] : [];
    // Intents lead, so that a row about an order finds it; a fill, the state it made and its alert are one transaction.
    const rows = [...step.intents, ...step.facts, ...state, ...step.alerts];
    const results = rows.length > 0 ? commit(rows) : Promise.resolve([]);
    for (const send of step.sends) send(results);
  }

  function gather(step: Gathered, effect: Effect): void {
    switch (effect.type) {
      case "place":
        return gatherPlace(step, effect);
      case "cancel":
        step.sends.push(() => desk.cancel(effect));
        return;
      case "inquire":
        step.sends.push(() => inquiries.ask(effect.leg, effect.clientOrderId));
        return;
      case "record":
        step.facts.push({ type: "fill", fill: fillRow(owner, legNamed(legs, effect.fill.leg).instrument, effect) });
        return;
      case "orderChanged":
        step.facts.push({ type: "order", order: orderRow(owner, legNamed(legs, effect.order.leg).instrument, effect.order) });
        return;
      case "alert":
        step.alerts.push(alertRow(effect.alert));
        return;
      case "wake":
        return wakeAt(effect.at);
      case "stateChanged":
        return options.onState(effect.state);
    }
  }

  function gatherPlace(step: Gathered, effect: Extract<Effect, { type: "place" }>): void {
    const refusal = desk.refuses(effect.urgency);
    if (refusal !== null) {
      post({ type: "denied", leg: effect.leg, clientOrderId: effect.order.clientOrderId, at: clock.now(), ...refusal });
      return;
    }
    const index = step.intents.length;
    step.intents.push({ type: "intent", order: intentRow(owner, legNamed(legs, effect.leg).instrument, effect, clock.now()) });
    step.sends.push((results) => {
      const isStored = results.then(
        (list) => list[index] === "stored",
        () => false,
      );
      desk.place(effect, isStored);
    });
  }

  function alertRow(alert: AlertBody): LedgerRow {
    return { type: "alert", alert: { ...alert, botId: owner.botId, mode: options.mode, at: clock.now() } };
  }

  /** Commits and watches what came of it: a stale row means that somebody else owns the bot. */
  function commit(rows: readonly LedgerRow[]): Promise<readonly RowResult[]> {
    const results = ledger.commit(rows);
    stored = results.then(
      (list) => {
        if (list.includes("stale")) fail("stale", new Error(`the ledger refused epoch ${owner.epoch}`));
      },
      (error: unknown) => {
        // An intent alone may be lost: its order is denied. A fact may not: the next life reads it again.
        if (rows.some((row) => row.type !== "intent")) fail("ledger", error);
        else options.onError(`intents not stored: ${String(error)}`);
      },
    );
    return results;
  }

  function wakeAt(at: number): void {
    wakes.add(at);
    armWake();
  }

  function armWake(): void {
    clearTimeout(wakeTimer);
    if (wakes.size === 0 || isStopped) return;
    const next = Math.min(...wakes);
    wakeTimer = setTimeout(
      () => {
        const now = clock.now();
        for (const due of wakes) if (due <= now) wakes.delete(due);
        if (next <= now) post({ type: "time", at: now });
        armWake();
      },
      Math.min(WAKE_LOOK_MS, Math.max(1, next - clock.now())),
    );
  }

  function takeFills(leg: string, fills: readonly ExchangeFill[]): void {
    for (const fill of fills) {
      const owned = own.claim(fill);
      if (owned === null) continue;
      fillCount += 1;
      post({ type: "fill", leg, fill: owned, at: clock.now() });
    }
  }

  function learn(clientOrderId: string, exchangeOrderId: string): void {
    for (const fill of own.learn(clientOrderId, exchangeOrderId)) {
      const leg = Object.keys(legs).find((name) => legs[name]?.instrument.ref.symbol === fill.symbol);
      if (leg === undefined) continue;
      fillCount += 1;
      post({ type: "fill", leg, fill, at: clock.now() });
    }
  }

  function stop(): void {
    isStopped = true;
    clearTimeout(wakeTimer);
    inquiries.stop();
  }

  return {
    post,
    takeFills,
    learn,
    raise(alert) {
      if (!isStopped) void commit([alertRow(alert)]);
    },
    keepState() {
      if (isStopped) return;
      const row = keeper.due();
      if (row !== null) void commit([{ type: "state", state: row }]);
    },
    async storeState() {
      if (!isStopped) void commit([{ type: "state", state: keeper.row() }]);
      await stored;
    },
    desk,
    inquiries,
    get fillCount() {
      return fillCount;
    },
    get isIdle() {
      return inbox.size === 0 && !isPumping;
    },
    stop,
  };
}
