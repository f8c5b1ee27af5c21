// Proves that a bot that was told to rest has nothing left at the exchange: the kernel says so, then a read confirms it.

import { type Instrument, refKey, toLots } from "../core/instrument.ts";
import type { KernelStatus } from "../core/kernel.ts";
import type { Clock } from "../core/ports.ts";
import { wantsRest } from "./directive-feed.ts";
import type { Directive, Settled } from "./protocol.ts";
import type { Reconciler } from "./reconciler.ts";

const VERIFY_EVERY_MS = 1_000;

export interface SettlingOptions {
  readonly clock: Clock;
  readonly instruments: readonly Instrument[];
  readonly directive: () => Directive;
  readonly status: () => KernelStatus;
  readonly liveOrders: () => number;
  readonly reconciler: Pick<Reconciler, "ownOpenOrders" | "run">;
  readonly isIdle: () => boolean;
  readonly onSettled: (settled: Settled) => void;
  readonly onError: (message: string) => void;
}

export interface Settling {
  /** Looks whether the bot rests and proves it at most once a second; says so once per directive. */
  check(): Promise<void>;
}

export function createSettling(options: SettlingOptions): Settling {
  const { clock } = options;
  let saidFor = -1;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let isChecking = false;

  function rests(directive: Directive): boolean {
    const { state } = options.status();
    const isThrough = state === "stopped" || (state === "halted" && options.liveOrders() === 0);
    const isAsked = wantsRest(directive) || state === "halted" || (directive.desired === "draining" && state === "stopped");
    return isAsked && isThrough && options.isIdle() && (!directive.flatten || isFlat());
  }

  /** On every leg; what the exchange does not let us close counts as flat. */
  function isFlat(): boolean {
    const { legs, position } = options.status();
    return options.instruments.every((instrument, index) => {
      const held = legs?.find((leg) => refKey(leg) === refKey(instrument.ref))?.position ?? (index === 0 ? position : "0");
      return Math.abs(toLots(instrument, held, "nearest")) < Math.max(1, instrument.minQuantity);
    });
  }

  async function verify(directive: Directive): Promise<void> {
    const left = await options.reconciler.ownOpenOrders();
    if (left.length > 0) {
      // Ours, and the kernel does not know: told about them it adopts and cancels them.
      options.onError(`${left.length} own orders are still at the exchange`);
      await options.reconciler.run(true);
      return;
    }
    if (options.directive().sequence !== directive.sequence || !rests(directive)) return;
    saidFor = directive.sequence;
    const { position } = options.status();
    options.onSettled({ sequence: directive.sequence, at: clock.now(), position, isFlat: isFlat() });
  }

  return {
    async check() {
      const directive = options.directive();
      const isDue = clock.monotonic() - checkedAt >= VERIFY_EVERY_MS;
      if (isChecking || !isDue || saidFor === directive.sequence || !rests(directive)) return;
      isChecking = true;
      checkedAt = clock.monotonic();
      try {
        await verify(directive);
      } catch (error) {
        options.onError(`could not prove that nothing is left: ${String(error)}`);
      } finally {
        isChecking = false;
      }
    },
  };
}
