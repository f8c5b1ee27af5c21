// Bugs planted on purpose around the kernel: a simulator that finds nothing in them proves nothing.

import type { KernelEvent } from "../../core/events.ts";
import type { Kernel, KernelOptions } from "../../core/kernel.ts";
import type { Order } from "../../core/order.ts";
import type { Text } from "../../core/text.ts";
import { lots } from "../../core/units.ts";
import type { Random } from "../random.ts";

/** Each with what it imitates. */
export const SABOTAGES = {
  reusedIds: { en: "a restart forgets which client order ids were used", "zh-TW": "重啟後忘記已使用過的委託編號" },
  blindGate: { en: "the risk gate works with limits a hundred times too large", "zh-TW": "風控採用放大一百倍的上限" },
  doubledFill: { en: "a fill told twice under two names is folded in twice", "zh-TW": "同一筆成交以兩個名稱回報而被記兩次" },
  lostFills: { en: "some fills are taken for known and never folded in", "zh-TW": "部分成交被當成已知而從未入帳" },
  unknownIsFailure: { en: "silence is read as a rejection", "zh-TW": "把沒有回應當成拒單" },
  earlyCancel: { en: "a cancel that nobody confirmed counts as done", "zh-TW": "未經確認的撤單被當成已完成" },
  forgottenRows: { en: "a restart does not read the stored orders", "zh-TW": "重啟時沒有讀取已儲存的委託" },
  hastyProof: { en: "one look that finds nothing counts as proof", "zh-TW": "查無一次就當成證明" },
  sentBeforeStored: { en: "orders leave before their intent is stored", "zh-TW": "委託在儲存之前就送出" },
  freeTrades: { en: "fees are not booked", "zh-TW": "手續費沒有入帳" },
  doubledFunding: { en: "a funding payment told twice is booked twice", "zh-TW": "重複回報的資金費被記兩次" },
  deafToStop: { en: "the operator's stop does not reach the kernel", "zh-TW": "操作者的停止指令沒有送達" },
  haltIsAdvice: { en: "a halt is lifted at once by nobody", "zh-TW": "停機立即被無故解除" },
  forgottenAmend: {
    en: "a change in place forgets the larger quantity, and silence about it is read as a refusal",
    "zh-TW": "改單後遺忘較大的數量，沒有回應就當成被拒",
  },
  noCoolDown: {
    en: "an order that was taken and ended at once is asked for again at once",
    "zh-TW": "剛被接受就被取消的委託立即重送，沒有冷卻",
  },
  lazyState: { en: "the state is not stored with the fill that changed it", "zh-TW": "狀態沒有與成交一同儲存" },
} as const satisfies Readonly<Record<string, Text>>;

export type Sabotage = keyof typeof SABOTAGES;

export function isSabotage(name: string): name is Sabotage {
  return Object.hasOwn(SABOTAGES, name);
}

const SOME = 0.05;
/** An order that ends later than this has rested, as the kernel sees it. */
const RESTED_MS = 2_001;

/** What stands between the world and its kernel; without a name it changes nothing. */
export class Saboteur {
  readonly name: Sabotage | null;
  readonly #random: Random;

  constructor(name: Sabotage | null, random: Random) {
    this.name = name;
    this.#random = random;
  }

  options(options: KernelOptions): KernelOptions {
    if (this.name === "reusedIds") return { ...options, lastCounter: null };
    if (this.name !== "blindGate") return options;
    const maxPosition = Object.fromEntries(Object.entries(options.risk.maxPosition).map(([leg, most]) => [leg, most * 100]));
    return { ...options, risk: { ...options.risk, maxPosition, maxOpenOrders: options.risk.maxOpenOrders * 100 } };
  }

  orders(rows: Order[]): Order[] {
    return this.name === "forgottenRows" ? [] : rows;
  }

  get sendsEarly(): boolean {
    return this.name === "sentBeforeStored";
  }

  get storesStateLazily(): boolean {
    return this.name === "lazyState";
  }

  /** What the kernel hears instead of an event. */
  told(event: KernelEvent, kernel: Kernel): readonly KernelEvent[] {
    const { at } = event;
    switch (this.name) {
      case "doubledFill":
        if (event.type !== "fill" || this.#random.next() >= SOME) return [event];
        return [event, { ...event, fill: { ...event.fill, tradeId: `${event.fill.tradeId}-again` } }];
      case "lostFills":
        return event.type === "fill" && isChosen(event.fill.tradeId) ? [] : [event];
      case "unknownIsFailure":
        if (event.type !== "unknown") return [event];
        return [{ type: "rejected", leg: event.leg, at, clientOrderId: event.clientOrderId, code: "timeout", message: "no answer" }];
      case "earlyCancel":
        if (event.type !== "cancelRefused") return [event];
        return [{ type: "canceled", leg: event.leg, at, clientOrderId: event.clientOrderId, filledQuantity: lots(0) }];
      case "forgottenAmend":
        return [shrunken(kernel, event)];
      case "noCoolDown":
        return event.type === "canceled" ? [{ ...event, at: at + ageOf(kernel, event.clientOrderId) }] : [event];
      case "hastyProof":
        return event.type === "unknown" ? [event, { ...event, type: "neverArrived" }] : [event];
      case "freeTrades":
        return event.type === "fill" ? [{ ...event, fill: { ...event.fill, fee: "0" } }] : [event];
      case "doubledFunding":
        return event.type === "funding" ? [event, { ...event, id: `${event.id}-again` }] : [event];
      case "deafToStop":
        return event.type === "control" && event.desired === "stopped" ? [] : [event];
      case "haltIsAdvice":
        return event.type === "halt" ? [event, { type: "resume", at }] : [event];
      default:
        return [event];
    }
  }
}

/** A change as a kernel would hear it that forgets what the order has become. */
function shrunken(kernel: Kernel, event: KernelEvent): KernelEvent {
  if (event.type === "amendRefused") return { ...event, isUnknown: false };
  if (event.type !== "amended") return event;
  const before = kernel.order(event.clientOrderId)?.quantity ?? event.quantity;
  return { ...event, quantity: lots(Math.min(before, event.quantity)) };
}

/** What is missing until an order can be said to have rested, ms. */
function ageOf(kernel: Kernel, clientOrderId: string): number {
  return kernel.order(clientOrderId) === undefined ? 0 : RESTED_MS;
}

/** The same trades each time they are told. */
function isChosen(tradeId: string): boolean {
  return Number(tradeId.slice(1)) % 17 === 3;
}
