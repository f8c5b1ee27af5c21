// Dispatch never throws; should it ever, the person still gets an answer and the log the reason.

import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { internalFault } from "../core/chat/dispatch-replies.ts";
import type { Invocation, Reply } from "../core/command.ts";

const ID_LENGTH = 8;

/** The reply to an invocation; a fault of ours becomes a reply with an id that the log has too. */
export async function askDispatch(
  dispatch: (invocation: Invocation) => Promise<Reply>,
  invocation: Invocation,
  log: Logger,
): Promise<Reply> {
  try {
    return await dispatch(invocation);
  } catch (error) {
    const id = randomUUID().slice(0, ID_LENGTH);
    log.error({ id, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }, "dispatch failed");
    return internalFault(id);
  }
}
