// The doors of dispatch in memory: a fleet, people, confirmations and an audit that tests can look into.

import type { BotConfig } from "../src/core/bot-config.ts";
import { botConfigSchema } from "../src/core/bot-config.ts";
import { createAttempts } from "../src/core/chat/attempts.ts";
import { type DispatchServices, dispatch } from "../src/core/chat/dispatch.ts";
import type {
  Actor,
  AnyCommand,
  AuditEntry,
  Block,
  BotOverview,
  ChangeOutcome,
  Confirmations,
  Fleet,
  FleetChange,
  Frontend,
  Invocation,
  Reply,
  UserRow,
  Users,
} from "../src/core/command.ts";
import type { ActualState, Desired } from "../src/core/events.ts";
import type { Clock, FillRow, OrderRow } from "../src/core/ports.ts";
import type { PnlReport } from "../src/core/statistics.ts";
import { type BotStatus, NO_NUMBERS } from "../src/core/status.ts";
import type { Preview } from "../src/core/strategy.ts";
import { type Language, plain, UserError } from "../src/core/text.ts";

/** A clock that stands until it is moved. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function createManualClock(start = Date.UTC(2025, 4, 4, 12, 0, 0)): ManualClock {
  let now = start;
  return {
    now: () => now,
    monotonic: () => now - start,
    advance(ms) {
      now += ms;
    },
  };
}

/** A bot's configuration with every field that a test does not care about. */
export function botConfig(id: string, overrides: Partial<BotConfig> = {}): BotConfig {
  const base = { id, strategy: "grid", params: {}, exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", mode: "sim" };
  return botConfigSchema.parse({ ...base, risk: { maxPosition: "10" }, ...overrides });
}

/** A stopped bot's status. */
export function botStatus(config: BotConfig, overrides: Partial<BotStatus> = {}): BotStatus {
  const { id, mode, strategy, exchange, account, symbol } = config;
  return {
    id,
    mode,
    strategy,
    exchange,
    account,
    symbol,
    state: "stopped",
    desired: "stopped",
    epoch: 0,
    ...NO_NUMBERS,
    lastPrice: "1800",
    currency: "USDC",
    lastError: null,
    haltReason: null,
    host: null,
    pid: null,
    startedAt: null,
    updatedAt: Date.UTC(2025, 4, 4, 12, 0, 0),
    note: null,
    ...overrides,
  };
}

export interface MemoryFleet extends Fleet {
  add(config: BotConfig, status?: Partial<BotStatus>): void;
  setStatus(id: string, status: Partial<BotStatus>): void;
  setOrders(id: string, orders: readonly OrderRow[]): void;
  setFills(id: string, fills: readonly FillRow[]): void;
  /** What the next questions for profit are answered with; the questions are in `pnlAsked`. */
  setPnl(report: PnlReport): void;
  readonly pnlAsked: readonly { readonly botId: string | null; readonly days: number }[];
  setPreview(preview: Preview | null): void;
  /** Replaces how the next changes end; null brings the usual success back. */
  answerWith(answer: ((change: FleetChange, botId: string) => ChangeOutcome | Promise<ChangeOutcome>) | null): void;
  readonly changes: readonly { readonly change: FleetChange; readonly by: Actor }[];
}

interface Bot {
  readonly config: BotConfig;
  status: BotStatus;
}

function overview({ config, status }: Bot): BotOverview {
  return {
    id: config.id,
    desired: status.desired,
    halted: status.haltReason?.en ?? null,
    strategy: config.strategy,
    symbol: config.symbol,
    config,
    status,
  };
}

/** What a change that succeeds makes of a bot. */
function afterChange(change: FleetChange, status: BotStatus): Partial<BotStatus> {
  const set = (desired: Desired, state: ActualState): Partial<BotStatus> => ({ desired, state });
  switch (change.type) {
    case "start":
    case "resume":
      return { ...set("running", "running"), epoch: status.epoch + 1, pid: 4242, host: "test", lastTickAgeMs: 120 };
    case "restart":
      return { epoch: status.epoch + 1 };
    case "adjust":
      return {};
    case "pause":
      return set("paused", "paused");
    case "stop":
      return { ...set("stopped", "stopped"), openOrders: 0, ...(change.flatten ? { position: "0" } : {}) };
    case "panic":
      return { ...set("stopped", "halted"), openOrders: 0, haltReason: plain("panic"), ...(change.flatten ? { position: "0" } : {}) };
    case "panicClear":
      return { ...set("stopped", "stopped"), haltReason: null };
  }
}

export function createMemoryFleet(clock: Clock): MemoryFleet {
  const bots = new Map<string, Bot>();
  const orders = new Map<string, readonly OrderRow[]>();
  const fills = new Map<string, readonly FillRow[]>();
  const changes: { readonly change: FleetChange; readonly by: Actor }[] = [];
  const outcomes = new Map<string, readonly ChangeOutcome[]>();
  const pnlAsked: { readonly botId: string | null; readonly days: number }[] = [];
  let pnl: PnlReport = { timezone: "UTC", days: [], totals: [] };
  let panic: { readonly at: number; readonly by: string } | null = null;
  let preview: Preview | null = null;
  let answer: ((change: FleetChange, botId: string) => ChangeOutcome | Promise<ChangeOutcome>) | null = null;

  const carryOut = async (change: FleetChange, bot: Bot): Promise<ChangeOutcome> => {
    if (answer !== null) return answer(change, bot.config.id);
    bot.status = { ...bot.status, ...afterChange(change, bot.status) };
    return { botId: bot.config.id, outcome: "done", message: plain(""), status: bot.status };
  };

  return {
    changes,
    add: (config, status = {}) => void bots.set(config.id, { config, status: botStatus(config, status) }),
    setStatus(id, status) {
      const bot = bots.get(id);
      if (bot !== undefined) bot.status = { ...bot.status, ...status };
    },
    setOrders: (id, rows) => void orders.set(id, rows),
    setFills: (id, rows) => void fills.set(id, rows),
    setPnl(report) {
      pnl = report;
    },
    pnlAsked,
    setPreview(value) {
      preview = value;
    },
    answerWith(value) {
      answer = value;
    },
    bots: async () => [...bots.values()].map(overview),
    bot: async (id) => {
      const bot = bots.get(id);
      return bot === undefined ? undefined : overview(bot);
    },
    async change(change, by, onProgress) {
      const key = `${by.key}|${change.botId}`;
      const known = outcomes.get(key);
      if (known !== undefined) return known;
      if (change.type === "start" && panic !== null)
        throw new UserError({ en: "A panic stands; /panic clear ends it.", "zh-TW": "緊急停機中；請先輸入 /panic clear。" }, "panic");
      changes.push({ change, by });
      if (change.type === "panic" && change.botId === null) panic = { at: clock.now(), by: by.userName };
      if (change.type === "panicClear" && change.botId === null) panic = null;
      const concerned = [...bots.values()].filter(({ config }) => change.botId === null || config.id === change.botId);
      const ended: ChangeOutcome[] = [];
      for (const bot of concerned) {
        ended.push(await carryOut(change, bot));
        onProgress?.([...ended]);
      }
      outcomes.set(key, ended);
      return ended;
    },
    openOrders: async (id) => orders.get(id) ?? [],
    fills: async (id, limit) => (fills.get(id) ?? []).slice(0, limit),
    pnl: async (botId, days) => {
      pnlAsked.push({ botId, days });
      return pnl;
    },
    preview: async () => preview,
    panicked: async () => panic,
  };
}

export interface MemoryUsers extends Users {
  /** Codes that `pair` takes once. */
  readonly codes: Set<string>;
  readonly chats: Set<string>;
}

export function createMemoryUsers(rows: readonly UserRow[]): MemoryUsers {
  const users = new Map(rows.map((row) => [`${row.frontend}:${row.id}`, row]));
  const codes = new Set<string>();
  const chats = new Set<string>();
  return {
    codes,
    chats,
    list: async () => [...users.values()],
    find: async (frontend, id) => users.get(`${frontend}:${id}`),
    put: async (user) => void users.set(`${user.frontend}:${user.id}`, user),
    remove: async (frontend, id) => users.delete(`${frontend}:${id}`),
    async pair(code, user, chatId) {
      if (!codes.delete(code)) return false;
      users.set(`${user.frontend}:${user.id}`, { ...user, role: "admin" });
      chats.add(`${user.frontend}:${chatId}`);
      return true;
    },
    isChatAllowed: async (frontend, chatId) => chats.has(`${frontend}:${chatId}`),
  };
}

export function createMemoryConfirmations(clock: Clock): Confirmations {
  interface Waiting {
    readonly line: string;
    readonly question: number;
    readonly owner: string;
    readonly expiresAt: number;
    isUsed: boolean;
  }
  const waiting = new Map<string, Waiting>();
  let questions = 0;
  const ownerOf = ({ frontend, user, chat }: Invocation): string => `${frontend}:${user.id}:${chat.id}`;
  const askAll: Confirmations["askAll"] = async (lines, invocation, ttlMs) => {
    const question = ++questions;
    return lines.map((line) => {
      const token = `token${waiting.size + 1}`;
      waiting.set(token, { line, question, owner: ownerOf(invocation), expiresAt: clock.now() + ttlMs, isUsed: false });
      return token;
    });
  };
  return {
    askAll,
    ask: async (line, invocation, ttlMs) => (await askAll([line], invocation, ttlMs))[0] ?? "",
    async redeem(token, invocation) {
      const found = waiting.get(token);
      if (found === undefined) return { ok: false, why: "unknown" };
      if (found.owner !== ownerOf(invocation)) return { ok: false, why: "notYours" };
      if (found.isUsed) return { ok: false, why: "used" };
      if (clock.now() >= found.expiresAt) return { ok: false, why: "expired" };
      for (const choice of waiting.values()) if (choice.question === found.question) choice.isUsed = true;
      return { ok: true, line: found.line };
    },
  };
}

export interface Harness {
  readonly services: DispatchServices;
  readonly fleet: MemoryFleet;
  readonly users: MemoryUsers;
  readonly clock: ManualClock;
  readonly audited: readonly AuditEntry[];
  readonly logged: readonly { readonly id: string; readonly error: unknown }[];
  /** Types a line as the terminal's user unless told otherwise. */
  type(line: string, overrides?: Partial<Invocation>): Promise<Reply>;
  /** Presses a button of a reply by its number, from 0. */
  press(reply: Reply, index: number, overrides?: Partial<Invocation>): Promise<Reply>;
}

export const ADMIN: UserRow = { frontend: "terminal", id: "local", name: "local", role: "admin" };

/** The preset fleet, the local admin and everything dispatch needs, in memory. */
export function createHarness(commands: readonly AnyCommand[], users: readonly UserRow[] = [ADMIN]): Harness {
  const clock = createManualClock();
  const fleet = createMemoryFleet(clock);
  for (const [id, symbol] of [
    ["eth_grid", "ETH/USDC:USDC"],
    ["btc_grid", "BTC/USDC:USDC"],
    ["sol_grid", "SOL/USDC:USDC"],
  ] as const)
    fleet.add(botConfig(id, { symbol }));
  const memoryUsers = createMemoryUsers(users);
  const audited: AuditEntry[] = [];
  const logged: { readonly id: string; readonly error: unknown }[] = [];
  let ids = 0;
  let messages = 0;
  const services: DispatchServices = {
    commands,
    fleet,
    users: memoryUsers,
    confirmations: createMemoryConfirmations(clock),
    audit: { append: async (entry) => void audited.push(entry) },
    attempts: createAttempts(),
    clock,
    log: (id, error) => void logged.push({ id, error }),
    newId: () => `e${++ids}`,
  };
  const invoke = (input: Invocation["input"], overrides: Partial<Invocation>): Promise<Reply> =>
    dispatch(services, { ...invocationOf(input, String(++messages)), ...overrides });
  return {
    services,
    fleet,
    users: memoryUsers,
    clock,
    audited,
    logged,
    type: (line, overrides = {}) => invoke({ type: "line", line }, overrides),
    press: (reply, index, overrides = {}) => {
      const button = reply.blocks.flatMap((block) => (block.type === "buttons" ? block.buttons : []))[index];
      if (button === undefined) throw new Error(`the reply has no button ${index}`);
      return invoke({ type: "press", token: button.token }, overrides);
    },
  };
}

function invocationOf(input: Invocation["input"], messageId: string): Invocation {
  return {
    frontend: "terminal",
    user: { id: "local", name: "local" },
    chat: { id: "local", isPrivate: true },
    messageId,
    input,
    language: "en",
  };
}

/** Who and where, as overrides for `type` and `press`. */
export function as(frontend: Frontend, userId: string, chat?: { readonly id: string; readonly isPrivate: boolean }): Partial<Invocation> {
  return { frontend, user: { id: userId, name: `user ${userId}` }, chat: chat ?? { id: userId, isPrivate: true } };
}

/** Everything that a reply says in one language, one line per part. */
export function wordsOf(reply: Reply, language: Language = "en"): string {
  return [reply.title[language], ...reply.blocks.flatMap((block) => linesOf(block, language))].join("\n");
}

function linesOf(block: Block, language: Language): readonly string[] {
  switch (block.type) {
    case "text":
      return [block.text[language]];
    case "fields":
      return block.fields.map((field) => `${field.label[language]}: ${field.value[language]}`);
    case "table":
      return [block.columns.map((column) => column[language]).join(" | "), ...block.rows.map((row) => row.join(" | "))];
    case "buttons":
      return block.buttons.map((button) => `[${button.label[language]}]`);
  }
}
