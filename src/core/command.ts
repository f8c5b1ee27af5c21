// A command is declared once and rendered by every frontend; `dispatch` is the only path to it.

import type { z } from "zod";
import type { BotConfig, ConfigFields } from "./bot-config.ts";
import type { Desired } from "./events.ts";
import type { FillRow, OrderRow } from "./ports.ts";
import type { PnlReport } from "./statistics.ts";
import type { BotStatus } from "./status.ts";
import type { Preview } from "./strategy.ts";
import type { Language, Text } from "./text.ts";

export type Role = "viewer" | "operator" | "admin";
export type Frontend = "terminal" | "telegram" | "discord" | "web";

export interface Button {
  readonly label: Text;
  /** Opaque, single use, bound to user and chat; the line waits on the server. */
  readonly token: string;
  readonly style: "primary" | "danger" | "neutral";
}

export type Block =
  | { readonly type: "text"; readonly text: Text }
  | { readonly type: "fields"; readonly fields: readonly { readonly label: Text; readonly value: Text }[] }
  | { readonly type: "table"; readonly columns: readonly Text[]; readonly rows: readonly (readonly string[])[] }
  | { readonly type: "buttons"; readonly buttons: readonly Button[] };

export interface Reply {
  readonly tone: "neutral" | "good" | "bad";
  readonly title: Text;
  readonly blocks: readonly Block[];
  /** For `--json` and programs; decimals are strings. */
  readonly data: unknown;
  /** True when the answer is a question that waits for a button. */
  readonly asks?: boolean;
}

/** Who typed what, where. Ids are the platform's numeric ids as strings; the local terminal's user is `local`. */
export interface Invocation {
  readonly frontend: Frontend;
  readonly user: { readonly id: string; readonly name: string };
  readonly chat: { readonly id: string; readonly isPrivate: boolean };
  /** Unique within (frontend, chat): makes a redelivered message one command. */
  readonly messageId: string;
  readonly input:
    | { readonly type: "line"; readonly line: string }
    | { readonly type: "call"; readonly command: string; readonly args: Readonly<Record<string, string>> }
    | { readonly type: "press"; readonly token: string };
  readonly language: Language;
  /** Skip the question, taking its safe answer (`exec --yes`). */
  readonly yes?: boolean;
  /** Called with intermediate replies while a command runs. */
  readonly onProgress?: (reply: Reply) => void;
}

/** Something a person asked of a bot (or of the fleet), stored before it is queued. */
export type FleetChange =
  | { readonly type: "start"; readonly botId: string }
  | { readonly type: "stop"; readonly botId: string; readonly flatten: boolean }
  | { readonly type: "pause"; readonly botId: string }
  /** `resetPeak`: the drawdown counts from now on, so that it does not halt the bot again at once. */
  | { readonly type: "resume"; readonly botId: string; readonly resetPeak?: boolean }
  | { readonly type: "restart"; readonly botId: string }
  /** All parameters of the bot, and those other fields that change, as its configuration will keep them; already valid. */
  | {
      readonly type: "adjust";
      readonly botId: string;
      readonly params: Readonly<Record<string, unknown>>;
      readonly fields?: ConfigFields;
    }
  | { readonly type: "panic"; readonly botId: string | null; readonly flatten: boolean }
  | { readonly type: "panicClear"; readonly botId: string | null };

/** How a change ended. `unconfirmed`: it is stored and goes on, but nobody could prove its end in time. */
export interface ChangeOutcome {
  readonly botId: string;
  readonly outcome: "done" | "failed" | "unconfirmed" | "expired";
  readonly message: Text;
  readonly status: BotStatus | null;
}

export interface BotOverview {
  readonly id: string;
  readonly desired: Desired;
  readonly halted: string | null;
  readonly strategy: string;
  readonly symbol: string;
  readonly config: BotConfig;
  /** Last known status, already marked `unreachable` when it is too old for a bot that should run. */
  readonly status: BotStatus;
}

export interface UserRow {
  readonly frontend: Frontend;
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

/** The fleet as commands see it. Implemented by storage; changes are committed before they are queued. */
export interface Fleet {
  bots(): Promise<readonly BotOverview[]>;
  bot(id: string): Promise<BotOverview | undefined>;
  /** Commits the command row and the desired state, enqueues, waits for outcomes (one per bot concerned) up to its deadline. */
  change(change: FleetChange, by: Actor, onProgress?: (outcomes: readonly ChangeOutcome[]) => void): Promise<readonly ChangeOutcome[]>;
  openOrders(botId: string): Promise<readonly OrderRow[]>;
  fills(botId: string, limit: number): Promise<readonly FillRow[]>;
  /** What a bot (all bots per currency: null) earned on the last days of the operator's calendar, today included. */
  pnl(botId: string | null, days: number): Promise<PnlReport>;
  /** What a start would mean; under `params` instead of the configured parameters when given. Null when it cannot be told now. */
  preview(botId: string, params?: Readonly<Record<string, unknown>>): Promise<Preview | null>;
  panicked(): Promise<{ readonly at: number; readonly by: string } | null>;
}

export interface Users {
  list(): Promise<readonly UserRow[]>;
  find(frontend: Frontend, id: string): Promise<UserRow | undefined>;
  put(user: UserRow): Promise<void>;
  remove(frontend: Frontend, id: string): Promise<boolean>;
  /** Redeems a one-time pairing code: enrols the user as admin and the chat for commands and alerts. */
  pair(code: string, user: { readonly frontend: Frontend; readonly id: string; readonly name: string }, chatId: string): Promise<boolean>;
  /** True when commands from this chat are allowed (private chats of allowed users always are). */
  isChatAllowed(frontend: Frontend, chatId: string): Promise<boolean>;
}

/** Who asked, as the audit keeps it; `key` makes a redelivered request one command. */
export interface Actor {
  readonly frontend: Frontend;
  readonly userId: string;
  readonly userName: string;
  readonly chatId: string;
  readonly key: string;
  readonly line: string;
}

export interface AuditEntry {
  readonly actor: Actor;
  readonly command: string;
  readonly outcome: "allowed" | "refused" | "failed";
  readonly detail: string;
}

export interface Confirmations {
  /** Stores a line that waits for one user in one chat; returns the token. */
  ask(line: string, invocation: Invocation, ttlMs: number): Promise<string>;
  /** Tokens for the choices of one question, in their order: when one is redeemed, the others are used up too. */
  askAll(lines: readonly string[], invocation: Invocation, ttlMs: number): Promise<readonly string[]>;
  /** The line, once, for the same user and chat before it expires. */
  redeem(
    token: string,
    invocation: Invocation,
  ): Promise<
    { readonly ok: true; readonly line: string } | { readonly ok: false; readonly why: "unknown" | "used" | "expired" | "notYours" }
  >;
}

export interface CommandContext {
  readonly fleet: Fleet;
  readonly users: Users;
  readonly invocation: Invocation;
  readonly user: UserRow;
  readonly role: Role;
  /** True for people who are not on the list: they reach open commands only, with the least role. */
  readonly isStranger: boolean;
  readonly actor: Actor;
  readonly commands: readonly AnyCommand[];
  /** Makes a button that runs `line` when this user presses it in this chat. */
  button(label: Text, line: string, style?: Button["style"]): Promise<Button>;
  readonly now: number;
}

export interface Question {
  readonly text: Text;
  readonly blocks?: readonly Block[];
  /** Each choice runs its own line; the first is what `--yes` takes. */
  readonly choices: readonly { readonly label: Text; readonly line: string; readonly style?: Button["style"] }[];
}

export interface Command<Args extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: Text;
  /** Positional in this order; every field described for help. Its last field may take the rest of the line. */
  readonly args: Args;
  readonly role: Role;
  /** Answered to people who are not on the list: always (`/whoami`, `/pair`), or only when typed without arguments (`/start`). */
  readonly open?: boolean | "bare";
  /** True for `/panic`: outranks the command rate limit, and a broken audit does not hold it back. */
  readonly urgent?: boolean;
  /** A tighter rate per user than everyone's, e.g. against guessing codes. */
  readonly limit?: { readonly count: number; readonly windowMs: number };
  /** The question to ask first; null when nothing is at stake. Never asked again for a confirmed line. */
  confirm?(args: z.infer<Args>, context: CommandContext): Promise<Question | null>;
  run(args: z.infer<Args>, context: CommandContext): Promise<Reply>;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of commands forgets their argument types; dispatch parses before it calls.
export type AnyCommand = Command<any>;

/** Keeps the argument types of a command file tied together; its default export. */
export function defineCommand<Args extends z.ZodObject>(command: Command<Args>): Command<Args> {
  return command;
}
