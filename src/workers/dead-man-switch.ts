// Tells the exchanges of a bot to cancel its orders should it fall silent, and takes that back when it leaves in order.

import type { BotConfig } from "../core/bot-config.ts";
import {
  accountWish,
  afterDeadManStep,
  DEAD_MAN_TIMEOUT_MS,
  type DeadManFacts,
  type DeadManState,
  type DeadManStep,
  type DeadManVote,
  type DeadManWish,
  deadManStep,
  deadManWish,
  newDeadMan,
} from "../core/dead-man.ts";
import type { Clock, ExchangePort, Fence } from "../core/ports.ts";
import type { DeadManVotes } from "../storage/dead-man-votes.ts";
import type { Legs } from "./order-desk.ts";
import { isRefusal } from "./refusal.ts";

export const DEAD_MAN_LOOK_MS = 1_000;
/** A bot says this often how it stands about the switch of its whole account. */
const VOTE_EVERY_MS = 5_000;

export interface DeadManOptions {
  readonly legs: Legs;
  readonly config: Pick<BotConfig, "id" | "deadMan" | "mode">;
  readonly clock: Clock;
  /** A process that may have been replaced touches no switch: it is its successor's. */
  readonly fence: Fence;
  /** Of accounts whose switch hits every bot there; without it such a switch stays alone. */
  readonly votes?: DeadManVotes;
  /** How the bot is; whether the switch is wanted at all is decided here. */
  readonly facts: () => Omit<DeadManFacts, "isEnabled">;
  readonly onError: (message: string) => void;
}

export interface DeadManSwitch {
  /** Does what is due now. Never throws. */
  look(): Promise<void>;
  /** The last look of a process that leaves in order; the facts say whether its orders stay. */
  leave(): Promise<void>;
}

/** One switch: of an account, or of the bot's perpetuals there. */
interface Unit {
  readonly port: ExchangePort;
  readonly arm: NonNullable<ExchangePort["deadManSwitch"]>;
  readonly scope: "symbol" | "account";
  readonly symbols: readonly string[];
  readonly timeoutMs: number;
  readonly isEnabled: boolean;
  state: DeadManState;
  /** Of an account's switch: the newest answer of the vote. */
  isOwner: boolean;
  others: readonly DeadManVote[];
  votedAt: number;
  working: Promise<void> | null;
}

export function createDeadManSwitch(options: DeadManOptions): DeadManSwitch {
  return new Switches(options);
}

class Switches implements DeadManSwitch {
  readonly #options: DeadManOptions;
  readonly #units: readonly Unit[];
  #hasLeft = false;

  constructor(options: DeadManOptions) {
    this.#options = options;
    this.#units = unitsOf(options);
  }

  async look(): Promise<void> {
    if (this.#hasLeft) return;
    await Promise.all(this.#units.map((unit) => this.#once(unit, () => this.#work(unit, false))));
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    await Promise.all(
      this.#units.map(async (unit) => {
        // A word that is under way must not arrive after the last one.
        await unit.working;
        await this.#once(unit, () => this.#work(unit, true));
      }),
    );
  }

  async #once(unit: Unit, work: () => Promise<void>): Promise<void> {
    if (unit.working !== null) return;
    unit.working = work();
    await unit.working;
    unit.working = null;
  }

  async #work(unit: Unit, isLast: boolean): Promise<void> {
    const { clock, facts, fence } = this.#options;
    if (fence("cancel") !== null) return;
    const own = deadManWish({ ...facts(), isEnabled: unit.isEnabled });
    const wish = unit.scope === "symbol" ? own : await this.#voted(unit, own, isLast);
    const step = deadManStep(unit.state, wish, unit.timeoutMs, clock.monotonic());
    if (step !== "nothing") await this.#take(unit, step);
    if (isLast && unit.scope === "account") await this.#resign(unit);
  }

  async #take(unit: Unit, step: Exclude<DeadManStep, "nothing">): Promise<void> {
    const { clock, onError } = this.#options;
    const sentAt = clock.monotonic();
    let answer: "done" | "unanswered" | "refused" = "done";
    try {
      await unit.arm.call(unit.port, unit.symbols, step === "arm" ? unit.timeoutMs : null);
    } catch (error) {
      answer = isRefusal(error) ? "refused" : "unanswered";
      const what = step === "arm" ? "set" : "switched off";
      onError(`the dead-man switch of ${unit.port.name}:${unit.port.account} could not be ${what}: ${String(error)}`);
    }
    unit.state = afterDeadManStep(unit.state, step, answer, sentAt, clock.monotonic());
  }

  /** What an account's switch is to be; nothing while another bot holds it. */
  async #voted(unit: Unit, own: DeadManWish, isLast: boolean): Promise<DeadManWish> {
    const { clock, config, onError, votes } = this.#options;
    if (votes === undefined) return "lapse";
    const now = clock.monotonic();
    if (isLast || now - unit.votedAt >= VOTE_EVERY_MS) {
      unit.votedAt = now;
      const account = { exchange: unit.port.name, account: unit.port.account };
      try {
        const ballot = await votes.vote(account, config.id, { agrees: unit.isEnabled, wants: own !== "off" });
        // What a former owner told the exchange is not known.
        if (ballot.isOwner && !unit.isOwner) unit.state = newDeadMan("unknown");
        unit.isOwner = ballot.isOwner;
        unit.others = ballot.others;
      } catch (error) {
        unit.isOwner = false;
        onError(`no word about the dead-man switch of ${unit.port.name}:${unit.port.account}: ${String(error)}`);
      }
    }
    if (!unit.isOwner) return "lapse";
    // The next owner takes over a switch that is set.
    if (isLast && unit.others.some(({ agrees, wants }) => agrees && wants)) return "lapse";
    return accountWish(own, unit.others);
  }

  async #resign(unit: Unit): Promise<void> {
    const { config, votes } = this.#options;
    // Its vote ends by itself when Redis does not answer.
    await votes?.leave({ exchange: unit.port.name, account: unit.port.account }, config.id).catch(() => undefined);
  }
}

function unitsOf({ config, legs }: DeadManOptions): Unit[] {
  const ports = [...new Set(Object.values(legs).map(({ port }) => port))];
  return ports.flatMap((port): Unit[] => {
    const { deadManLeastMs = 0, deadManScope: scope = "account" } = port.capabilities;
    // A perpetual's switch does not reach spot orders; and where a spot market has the perpetual's name, those are another bot's.
    const here = Object.values(legs).filter((leg) => leg.port === port && (scope === "account" || leg.instrument.kind === "perp"));
    if (port.deadManSwitch === undefined || here.length === 0 || config.mode === "paper") return [];
    const isEnabled = (config.deadMan ?? (scope === "symbol" ? "on" : "off")) === "on";
    return [
      {
        ...{ port, scope, isEnabled, arm: port.deadManSwitch, symbols: here.map(({ instrument }) => instrument.ref.symbol) },
        timeoutMs: Math.max(DEAD_MAN_TIMEOUT_MS, deadManLeastMs),
        // Of its own symbols, an earlier life may have set it.
        state: newDeadMan(scope === "symbol" ? "unknown" : "off"),
        ...{ isOwner: false, others: [], votedAt: Number.NEGATIVE_INFINITY, working: null },
      },
    ];
  });
}
