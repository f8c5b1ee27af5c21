// Carries alerts from the outbox to every target: in order, at least once, each target at its own pace.

import type { Logger } from "pino";
import type { AlertOutbox } from "../core/alert.ts";
import { alertsReply, nextGroup } from "./alert-reply.ts";
import type { AlertTargets, DeliveryTarget } from "./delivery-targets.ts";
import { pause, within } from "./pause.ts";
import { backOffMs, SendError } from "./send-error.ts";

export interface DeliveryOptions {
  readonly outbox: AlertOutbox;
  readonly targets: AlertTargets;
  readonly log: Logger;
  /** Shortest time between two messages to one target; what is raised meanwhile goes out together. */
  readonly gapMs?: number;
}

const GAP_MS = 1_000;
const LOOK_EVERY_MS = 1_000;
const BATCH = 200;
const FIRST_BACK_OFF_MS = 1_000;
const LONGEST_BACK_OFF_MS = 60_000;
/** A chat that is closed to us waits for a person; asking it often helps nobody. */
const CLOSED_FIRST_BACK_OFF_MS = 10_000;
const CLOSED_LONGEST_BACK_OFF_MS = 5 * 60_000;
const GRACE_MS = 5_000;

interface Course {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

interface Delivery {
  readonly options: DeliveryOptions;
  /** Ended and replaced by every new alert: whoever waits for news waits on this signal. */
  news: AbortController;
}

/** Starts delivering; a target that fails is tried again for ever and holds up no other. `stop` waits for what is on its way. */
export function startDelivery(options: DeliveryOptions): { stop(): Promise<void> } {
  const delivery: Delivery = { options, news: new AbortController() };
  const stopping = new AbortController();
  const unsubscribe = options.outbox.onRaised(() => {
    delivery.news.abort();
    delivery.news = new AbortController();
  });
  const courses = new Map<string, Course>();
  const supervised = superviseTargets(delivery, courses, stopping.signal);
  return {
    async stop() {
      unsubscribe();
      stopping.abort();
      await supervised;
      for (const course of courses.values()) course.stop.abort();
      await within(Promise.all([...courses.values()].map((course) => course.done)), GRACE_MS);
    },
  };
}

/** Keeps one course running per target; chats come and go as people enrol them. */
async function superviseTargets(delivery: Delivery, courses: Map<string, Course>, stop: AbortSignal): Promise<void> {
  const { outbox, targets, log } = delivery.options;
  while (!stop.aborted) {
    try {
      const chats = await outbox.targets();
      const all = [...targets.fixed, ...chats.map((chat) => targets.ofChat(chat)).filter((target) => target !== null)];
      const wanted = new Map(all.map((target) => [target.name, target]));
      for (const [name, course] of courses) {
        if (wanted.has(name)) continue;
        course.stop.abort();
        courses.delete(name);
      }
      for (const [name, target] of wanted) {
        if (courses.has(name)) continue;
        const stopOne = new AbortController();
        courses.set(name, { stop: stopOne, done: runCourse(delivery, target, stopOne.signal) });
        log.info({ target: name }, "alerts are delivered");
      }
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, "the list of alert targets could not be read");
    }
    await pause(LOOK_EVERY_MS, stop);
  }
}

async function runCourse(delivery: Delivery, target: DeliveryTarget, stop: AbortSignal): Promise<void> {
  const { options } = delivery;
  let failures = 0;
  while (!stop.aborted) {
    // Taken before looking, so that an alert raised while we look is not slept through.
    const news = delivery.news.signal;
    try {
      const isDelivered = await deliverNext(options, target);
      failures = 0;
      if (isDelivered) await pause(options.gapMs ?? GAP_MS, stop);
      else await pause(LOOK_EVERY_MS, news, stop);
    } catch (error) {
      failures += 1;
      const waitMs = waitAfter(error, failures);
      options.log.warn({ target: target.name, reason: reasonOf(error), failures, waitMs }, "alerts could not be delivered and wait");
      await pause(waitMs, stop);
    }
  }
}

/** Delivers what may share the next message and then moves the cursor, also past what is not to be told; false when nothing waits. */
async function deliverNext({ outbox, log }: DeliveryOptions, target: DeliveryTarget): Promise<boolean> {
  const cursor = await outbox.cursor(target.name);
  const waiting = await outbox.after(cursor, BATCH);
  const group = nextGroup(waiting.filter(({ level }) => level !== "off"));
  const last = group.at(-1);
  if (last === undefined) {
    const passed = waiting.at(-1);
    if (passed !== undefined) await outbox.advance(target.name, passed.sequence);
    return false;
  }
  // One loud alert makes the message loud.
  const isSilent = group.every(({ level }) => level === "silent");
  try {
    await target.deliver(alertsReply(group.map((stored) => stored.alert)), isSilent);
  } catch (error) {
    if (!(error instanceof SendError) || error.kind !== "refused") throw error;
    // It would be refused for ever and hold up all that follows.
    log.error({ target: target.name, sequence: last.sequence, reason: error.message }, "alerts were refused for good and are passed over");
  }
  await outbox.advance(target.name, last.sequence);
  return true;
}

function waitAfter(error: unknown, failures: number): number {
  if (error instanceof SendError && error.retryInMs !== null) return error.retryInMs;
  return error instanceof SendError && error.kind === "closed"
    ? backOffMs(failures, CLOSED_FIRST_BACK_OFF_MS, CLOSED_LONGEST_BACK_OFF_MS)
    : backOffMs(failures, FIRST_BACK_OFF_MS, LONGEST_BACK_OFF_MS);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
