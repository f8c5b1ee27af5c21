// When a bot tells an exchange to cancel its orders unless it is told again, and when it takes that back: a pure state machine.

/** The exchange cancels this long after the last word, where it allows so little. */
export const DEAD_MAN_TIMEOUT_MS = 60_000;
/** The word is given again three times in that: one that is lost does no harm. */
const WORDS_PER_TIMEOUT = 3;
/** Pause after a word that nobody answered, and after one that the exchange refused. */
export const DEAD_MAN_RETRY_MS = 5_000;
export const DEAD_MAN_REFUSED_MS = 300_000;

/** `on`: renew. `off`: take it back. `lapse`: neither; if it goes off, it takes off what should be gone anyway. */
export type DeadManWish = "on" | "off" | "lapse";

export interface DeadManFacts {
  /** The configuration wants the switch, and there is one. */
  readonly isEnabled: boolean;
  /** The bot may open: wanted to run, not halted. */
  readonly isTrading: boolean;
  /** Nothing of the bot shall stay: halted or stopped. */
  readonly isResting: boolean;
  /** Requests under way, cancels without an answer, or orders whose fate is unknown. */
  readonly isInDoubt: boolean;
  readonly liveOrders: number;
  /** The process ends and leaves orders at the exchange as they are. */
  readonly keepsOrders: boolean;
}

/**
 * What a bot wants of its switch. Closing orders that a paused bot leaves resting reduce its risk: the switch would take off just
 * those, so it goes off as soon as no opening order can be left.
 */
export function deadManWish(facts: DeadManFacts): DeadManWish {
  const { isEnabled, isTrading, isResting, isInDoubt, liveOrders, keepsOrders } = facts;
  if (!isEnabled) return "off";
  if (isResting) return isInDoubt || liveOrders > 0 ? "lapse" : "off";
  if (keepsOrders) return "off";
  if (isTrading) return "on";
  return isInDoubt ? "lapse" : "off";
}

export type DeadManStep = "arm" | "disarm" | "nothing";

export interface DeadManState {
  /** What the exchange was told last. `unknown`: an earlier life may have told it, or nobody answered. */
  readonly told: "on" | "off" | "unknown";
  /** When the newest word that arrived was sent, monotonic ms. */
  readonly armedAt: number | null;
  /** A step that failed, and when it may be tried again, monotonic ms. */
  readonly failed: { readonly step: DeadManStep; readonly retryAt: number } | null;
}

export function newDeadMan(told: DeadManState["told"]): DeadManState {
  return { told, armedAt: null, failed: null };
}

/** What to tell the exchange now (monotonic ms). */
export function deadManStep(state: DeadManState, wish: DeadManWish, timeoutMs: number, now: number): DeadManStep {
  const { told, armedAt, failed } = state;
  if (wish === "lapse") return "nothing";
  const isDue = armedAt === null || told !== "on" || now - armedAt >= timeoutMs / WORDS_PER_TIMEOUT;
  const step = wish === "off" ? (told === "off" ? "nothing" : "disarm") : isDue ? "arm" : "nothing";
  return failed !== null && failed.step === step && now < failed.retryAt ? "nothing" : step;
}

/** The state after a step that was sent at `sentAt` and ended at `now`. */
export function afterDeadManStep(
  state: DeadManState,
  step: Exclude<DeadManStep, "nothing">,
  answer: "done" | "unanswered" | "refused",
  sentAt: number,
  now: number,
): DeadManState {
  if (answer === "done") return step === "arm" ? { told: "on", armedAt: sentAt, failed: null } : newDeadMan("off");
  // What was refused changed nothing; what was not answered may have.
  if (answer === "refused") return { ...state, failed: { step, retryAt: now + DEAD_MAN_REFUSED_MS } };
  return { ...state, told: "unknown", failed: { step, retryAt: now + DEAD_MAN_RETRY_MS } };
}

/** A running bot's word about the switch of its whole account. */
export interface DeadManVote {
  /** Its configuration allows the switch, which hits the orders of every bot there. */
  readonly agrees: boolean;
  /** It has orders to guard. */
  readonly wants: boolean;
}

/** What the one holder of an account's switch does, from its own wish and the words of the other running bots there. */
export function accountWish(own: DeadManWish, others: readonly DeadManVote[]): DeadManWish {
  if (others.some(({ agrees }) => !agrees)) return "off";
  return others.some(({ wants }) => wants) ? "on" : own;
}
