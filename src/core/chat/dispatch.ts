// The only path from a line, form or button to a command: who may, what was meant, is it sure, run it, say how it ended.

import type { Alert } from "../alert.ts";
import type {
  Actor,
  AnyCommand,
  AuditEntry,
  Button,
  CommandContext,
  Confirmations,
  Fleet,
  Invocation,
  Question,
  Reply,
  UserRow,
  Users,
} from "../command.ts";
import type { Clock } from "../ports.ts";
import { type Text, UserError } from "../text.ts";
import { judgeAccess } from "./access.ts";
import { type Attempts, COMMAND_LIMIT, REFUSAL_LIMIT, STRANGER_ALERT_LIMIT } from "./attempts.ts";
import { cleanLine } from "./clean-text.ts";
import { fieldsOf } from "./command-argument.ts";
import {
  badReply,
  internalFault,
  pressFault,
  refusal,
  roleRefusal,
  SILENT_REPLY,
  secretReply,
  strangerText,
  tooFast,
  unknownCommand,
} from "./dispatch-replies.ts";
import { type ParsedLine, parseArguments, parseLine, wordsOf } from "./parse-line.ts";
import { looksLikeSecret, SECRET_LINE } from "./secret-words.ts";

/** How long a question or a button waits for its press. */
export const CONFIRMATION_TTL_MS = 60_000;
const AUDIT_LINE_MAX = 200;
const NAME_MAX = 64;

export interface DispatchServices {
  readonly commands: readonly AnyCommand[];
  readonly fleet: Fleet;
  readonly users: Users;
  readonly confirmations: Confirmations;
  readonly audit: { append(entry: AuditEntry, at: number): Promise<void> };
  /** Tells the admins' chats; a refusal of it is logged. */
  readonly alert?: (alert: Alert) => Promise<void>;
  /** One for the life of the process: `createAttempts()`. */
  readonly attempts: Attempts;
  readonly clock: Clock;
  /** Called with the id that the user was told. */
  readonly log: (id: string, error: unknown) => void;
  readonly newId: () => string;
}

interface Caller {
  readonly services: DispatchServices;
  readonly invocation: Invocation;
  /** Null for somebody who is not on the list. */
  readonly user: UserRow | null;
  readonly isChatAllowed: boolean;
}

/** What a line means, before anybody decided whether it may happen. */
interface Asked extends ParsedLine {
  readonly command: AnyCommand | undefined;
  /** As the audit keeps it: short, one line, without secrets. */
  readonly line: string;
  /** It looks as if it held a key: nothing of it is kept. */
  readonly isKey?: boolean;
  /** Set when the line cannot be read. */
  readonly fault: UserError | null;
}

/** Answers one invocation. Never throws: what goes wrong becomes a reply, with an id when it is our fault. */
export async function dispatch(services: DispatchServices, invocation: Invocation): Promise<Reply> {
  try {
    return await answer(services, { ...invocation, ...safeProgress(services, invocation) });
  } catch (error) {
    return faultReply(services, error);
  }
}

/** A frontend that fails to show progress must not fail the command. */
function safeProgress(services: DispatchServices, invocation: Invocation): Pick<Invocation, "onProgress"> {
  const onProgress = invocation.onProgress;
  if (onProgress === undefined) return {};
  return {
    onProgress: (reply) => {
      try {
        onProgress(reply);
      } catch (error) {
        services.log(services.newId(), error);
      }
    },
  };
}

function faultReply(services: DispatchServices, error: unknown): Reply {
  if (error instanceof UserError) return badReply(error.text, error.code);
  const id = services.newId();
  services.log(id, error);
  return internalFault(id);
}

async function answer(services: DispatchServices, invocation: Invocation): Promise<Reply> {
  const { frontend, chat, input } = invocation;
  const user = (await services.users.find(frontend, invocation.user.id)) ?? null;
  const isChatAllowed = frontend === "terminal" || chat.isPrivate || (await services.users.isChatAllowed(frontend, chat.id));
  const caller: Caller = { services, invocation, user, isChatAllowed };
  if (input.type === "press") return overLimit(caller, undefined) ?? press(caller, input.token);
  const asked = understand(services, input);
  return overLimit(caller, asked.command) ?? run(caller, asked, false);
}

function understand(services: DispatchServices, input: Exclude<Invocation["input"], { readonly type: "press" }>): Asked {
  const isLine = input.type === "line";
  const raw = isLine
    ? input.line
    : `/${input.command} ${Object.entries(input.args)
        .map((pair) => pair.join("="))
        .join(" ")}`;
  let parsed: ParsedLine = { name: "", words: [] };
  let fault: UserError | null = null;
  try {
    parsed = isLine ? parseLine(input.line) : { name: input.command.toLowerCase(), words: wordsOf(input.args) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    fault = error;
  }
  const command = services.commands.find(({ name, aliases }) => name === parsed.name || aliases?.includes(parsed.name) === true);
  const isSecret = command !== undefined && fieldsOf(command).some((field) => field.words.isSecret === true);
  // Of a line that cannot be read only the first word is kept: it may hold a secret that we did not recognise.
  const shown = fault === null ? raw : `${raw.trim().split(/\s/u)[0]} …`;
  if (!isSecret && looksLikeSecret(raw)) return { name: "", words: [], command: undefined, fault: null, line: SECRET_LINE, isKey: true };
  return { ...parsed, command, fault, line: isSecret ? `/${command.name} [redacted]` : cleanLine(shown, AUDIT_LINE_MAX) };
}

/**
 * The reply to somebody who is too fast, or null. Never holds back an urgent command or a button (each works once) of
 * somebody on the list; people who are not on it get silence.
 */
function overLimit({ services, invocation, user }: Caller, command: AnyCommand | undefined): Reply | null {
  const { frontend, input } = invocation;
  // The local terminal is where scripts poll from; whoever holds its socket can do worse than ask often.
  if (user !== null && (frontend === "terminal" || input.type === "press" || command?.urgent === true)) return null;
  const now = services.clock.monotonic();
  const key = `${frontend}:${invocation.user.id}`;
  const waitMs = services.attempts.take(`all:${key}`, COMMAND_LIMIT, now);
  if (waitMs > 0) return user === null ? SILENT_REPLY : tooFast(COMMAND_LIMIT, waitMs);
  if (command?.limit === undefined) return null;
  const ownWaitMs = services.attempts.take(`${command.name}:${key}`, command.limit, now);
  return ownWaitMs > 0 ? tooFast(command.limit, ownWaitMs) : null;
}

/** Redeems a button and runs its line without asking again. */
async function press(caller: Caller, token: string): Promise<Reply> {
  const { services, invocation, user, isChatAllowed } = caller;
  if (user === null) return refuse(caller, null, refusal("stranger"));
  if (!isChatAllowed) return refuse(caller, null, refusal("foreignChat"));
  const redeemed = await services.confirmations.redeem(token, invocation);
  if (redeemed.ok) return run(caller, understand(services, { type: "line", line: redeemed.line }), true);
  if (redeemed.why === "notYours") await audit(caller, null, "refused", "a button of somebody else");
  return pressFault(redeemed.why);
}

/** Decides whether the caller may, then executes. A confirmed line is not asked about again. */
async function run(caller: Caller, asked: Asked, isConfirmed: boolean): Promise<Reply> {
  const { services, user, isChatAllowed } = caller;
  const { command } = asked;
  if (asked.isKey === true) return refuse(caller, asked, secretReply());
  const access = judgeAccess({ command, isBare: asked.words.length === 0, role: user?.role ?? null, isChatAllowed });
  if (access === "stranger" || access === "foreignChat") return refuse(caller, asked, refusal(access));
  if (asked.fault !== null) return badReply(asked.fault.text, asked.fault.code);
  const role = user?.role ?? "viewer";
  if (command === undefined) return unknownCommand(services.commands, role, asked.name);
  if (access === "role") {
    await audit(caller, asked, "refused", `needs the role ${command.role}`);
    return roleRefusal(command, role);
  }
  return execute(caller, asked, command, isConfirmed);
}

/** Audits a refusal and says it in one short sentence; to somebody refused five times within an hour it says nothing. */
async function refuse(caller: Caller, asked: Asked | null, reply: Reply): Promise<Reply> {
  const { services, invocation } = caller;
  await audit(caller, asked, "refused", reply.title.en);
  const key = `refused:${invocation.frontend}:${invocation.user.id}`;
  if (services.attempts.take(key, REFUSAL_LIMIT, services.clock.monotonic()) === 0) return reply;
  if (caller.user === null) await tellOfStranger(caller);
  return SILENT_REPLY;
}

/** Once an hour per person: somebody keeps trying who is not on the list. */
async function tellOfStranger({ services, invocation }: Caller): Promise<void> {
  const { attempts, clock, alert, log, newId } = services;
  const { frontend, user } = invocation;
  if (attempts.take(`stranger:${frontend}:${user.id}`, STRANGER_ALERT_LIMIT, clock.monotonic()) > 0) return;
  try {
    await alert?.({ type: "note", message: strangerText(invocation), botId: null, mode: "live", at: clock.now() });
  } catch (error) {
    log(newId(), error);
  }
}

/** Parses, asks when something is at stake, audits, runs. */
async function execute(caller: Caller, asked: Asked, command: AnyCommand, isConfirmed: boolean): Promise<Reply> {
  const { services, invocation } = caller;
  try {
    const args = parseArguments(command, asked.words);
    const context = contextOf(caller, actorOf(caller, asked));
    const question = isConfirmed ? null : ((await command.confirm?.(args, context)) ?? null);
    if (question !== null) {
      const safe = question.choices[0];
      if (invocation.yes !== true || safe === undefined) return await ask(caller, question);
      return await run(caller, understand(services, { type: "line", line: safe.line }), true);
    }
    await auditAllowed(caller, asked, command, isConfirmed);
    return await command.run(args, context);
  } catch (error) {
    if (error instanceof UserError && error.code === "refused")
      return refuse(caller, asked, badReply(error.text, error.code, { refused: true }));
    await auditFailure(caller, asked, error);
    return faultReply(services, error);
  }
}

function contextOf({ services, invocation, user }: Caller, actor: Actor): CommandContext {
  const { frontend } = invocation;
  const row: UserRow = user ?? { frontend, id: invocation.user.id, name: actor.userName, role: "viewer" };
  return {
    fleet: services.fleet,
    users: services.users,
    invocation,
    user: { ...row, name: cleanLine(row.name, NAME_MAX) },
    role: row.role,
    isStranger: user === null,
    actor,
    commands: services.commands,
    now: services.clock.now(),
    button: async (label: Text, line: string, style: Button["style"] = "neutral"): Promise<Button> => ({
      label,
      style,
      token: await services.confirmations.ask(line, invocation, CONFIRMATION_TTL_MS),
    }),
  };
}

/** The choices of a question are one: pressing one of them uses up the others. */
async function ask({ services, invocation }: Caller, question: Question): Promise<Reply> {
  const lines = question.choices.map(({ line }) => line);
  const tokens = await services.confirmations.askAll(lines, invocation, CONFIRMATION_TTL_MS);
  const buttons = question.choices.map(({ label, style = "neutral" }, index): Button => ({ label, style, token: tokens[index] ?? "" }));
  return {
    tone: "neutral",
    title: question.text,
    blocks: [...(question.blocks ?? []), { type: "buttons", buttons }],
    data: { question: question.text.en, choices: question.choices.map((choice) => ({ label: choice.label.en, line: choice.line })) },
    asks: true,
  };
}

/** Who asked. A button's key is its token, so that a double press is one command. */
function actorOf({ invocation, user }: Caller, asked: Asked | null): Actor {
  const { frontend, chat, input, messageId } = invocation;
  return {
    frontend,
    userId: invocation.user.id,
    userName: cleanLine(user?.name ?? invocation.user.name, NAME_MAX),
    chatId: chat.id,
    key: input.type === "press" ? `press:${input.token}` : `${frontend}:${chat.id}:${messageId}`,
    line: asked?.line ?? "[button]",
  };
}

async function audit(caller: Caller, asked: Asked | null, outcome: AuditEntry["outcome"], detail: string): Promise<void> {
  const { services } = caller;
  const command = cleanLine(asked?.command?.name ?? asked?.name ?? "", NAME_MAX);
  const entry: AuditEntry = { actor: actorOf(caller, asked), command, outcome, detail: cleanLine(detail, AUDIT_LINE_MAX) };
  await services.audit.append(entry, services.clock.now());
}

/** The row is written before the command runs; only an urgent command goes on when it cannot be. */
async function auditAllowed(caller: Caller, asked: Asked, command: AnyCommand, isConfirmed: boolean): Promise<void> {
  try {
    await audit(caller, asked, "allowed", isConfirmed ? "confirmed" : "");
  } catch (error) {
    if (command.urgent !== true) throw error;
    caller.services.log(caller.services.newId(), error);
  }
}

/** A failure that cannot be audited is logged; the answer about the failure itself matters more. */
async function auditFailure(caller: Caller, asked: Asked, error: unknown): Promise<void> {
  try {
    await audit(caller, asked, "failed", error instanceof UserError ? error.text.en : "internal error");
  } catch (auditError) {
    caller.services.log(caller.services.newId(), auditError);
  }
}
