// Dispatch is the one gate: who may, what was meant, is it sure, what went wrong.

import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { loadCommands } from "../../../src/commands/index.ts";
import { judgeAccess } from "../../../src/core/chat/access.ts";
import { fieldsOf } from "../../../src/core/chat/command-argument.ts";
import { dispatch } from "../../../src/core/chat/dispatch.ts";
import { isSilent } from "../../../src/core/chat/dispatch-replies.ts";
import { type AnyCommand, defineCommand, type Invocation, type Role, type UserRow } from "../../../src/core/command.ts";
import { plain } from "../../../src/core/text.ts";
import { ADMIN, as, botConfig, createHarness, wordsOf } from "../../memory-fleet.ts";

let commands: readonly AnyCommand[];
beforeAll(async () => {
  commands = await loadCommands();
});

const ROLES: readonly Role[] = ["viewer", "operator", "admin"];
const PEOPLE: readonly UserRow[] = [ADMIN, ...ROLES.map((role): UserRow => ({ frontend: "telegram", id: role, name: role, role }))];
const GROUP = { id: "-100", isPrivate: false };

/** Arguments that are right enough for a command that only access can refuse it. */
function rightArguments(command: AnyCommand): Readonly<Record<string, string>> {
  const needed = fieldsOf(command).filter(({ isOptional }, index) => !isOptional || (command.open === "bare" && index === 0));
  return Object.fromEntries(needed.map(({ name }) => [name, "eth_grid"]));
}

function isRefused(reply: { readonly data: unknown }): boolean {
  return typeof reply.data === "object" && reply.data !== null && "refused" in reply.data;
}

describe("who may use what where", () => {
  test("every command x role x user allowed x chat allowed x kind of message", async () => {
    const rank = { viewer: 0, operator: 1, admin: 2 };
    let cases = 0;
    for (const command of commands)
      for (const role of [...ROLES, null])
        for (const place of ["private", "allowedGroup", "foreignGroup"] as const)
          for (const kind of ["line", "call", "press"] as const) {
            const harness = createHarness(commands, PEOPLE);
            harness.users.chats.add("telegram:-100");
            const chat =
              place === "private" ? { id: "1", isPrivate: true } : { id: place === "allowedGroup" ? "-100" : "-200", isPrivate: false };
            const who = as("telegram", role ?? "stranger", chat);
            const args = rightArguments(command);
            const line = [`/${command.name}`, ...Object.values(args)].join(" ");
            const invocation: Invocation = {
              frontend: "telegram",
              user: { id: "", name: "" },
              messageId: "1",
              language: "en",
              chat,
              input: { type: "line", line },
              ...who,
            };
            const token = await harness.services.confirmations.ask(line, invocation, 1_000);
            const input: Invocation["input"] =
              kind === "line"
                ? { type: "line", line }
                : kind === "call"
                  ? { type: "call", command: command.name, args }
                  : { type: "press", token };
            const reply = await dispatch(harness.services, { ...invocation, input });
            const isOpen = command.open === true && kind !== "press";
            const isWhoamiInGroup = command.name === "whoami" && place !== "private" && (isOpen || role !== null);
            const isListed = role !== null && place !== "foreignGroup" && rank[role] >= rank[command.role];
            const label = `${kind} ${line} by ${role} in ${place}`;
            expect(isRefused(reply), label).toBe(!(isOpen || isListed) || isWhoamiInGroup);
            expect(harness.audited.at(-1)?.outcome === "refused", label).toBe(isRefused(reply));
            if (isRefused(reply)) expect(harness.fleet.changes, label).toEqual([]);
            cases++;
          }
    expect(cases).toBe(commands.length * 4 * 3 * 3);
  });

  test("access is denied by default", () => {
    expect(judgeAccess({ command: undefined, isBare: true, role: null, isChatAllowed: true })).toBe("stranger");
    expect(judgeAccess({ command: undefined, isBare: true, role: "admin", isChatAllowed: false })).toBe("foreignChat");
  });

  test("a stranger is greeted and told how to be let in, but may not start anything", async () => {
    const { type, fleet, audited } = createHarness(commands, PEOPLE);
    expect(wordsOf(await type("/start", as("telegram", "99")))).toContain("/whoami");
    expect(wordsOf(await type("/start", as("telegram", "99")))).not.toContain("eth_grid");
    const refused = await type("/start eth_grid", as("telegram", "99"));
    expect(refused.title.en).toBe("You are not on the list of people I answer.");
    expect(refused.blocks).toEqual([]);
    expect(fleet.changes).toEqual([]);
    expect(audited.at(-1)).toMatchObject({ outcome: "refused", command: "start", actor: { userId: "99", line: "/start eth_grid" } });
  });

  test("a stranger learns nothing from unknown commands or broken lines", async () => {
    const { type } = createHarness(commands, PEOPLE);
    for (const line of ["/nosuch", '/start "', ""])
      expect((await type(line, as("telegram", "99"))).title.en).toBe("You are not on the list of people I answer.");
  });

  test("after five refusals within an hour there is silence, and each refusal is in the audit", async () => {
    const { type, clock, audited } = createHarness(commands, PEOPLE);
    const answers: boolean[] = [];
    for (let attempt = 0; attempt < 8; attempt++) answers.push(isSilent(await type("/stop eth_grid", as("telegram", "99"))));
    expect(answers).toEqual([false, false, false, false, false, true, true, true]);
    expect(audited.filter(({ outcome }) => outcome === "refused")).toHaveLength(8);
    clock.advance(3_600_001);
    expect(isSilent(await type("/stop eth_grid", as("telegram", "99")))).toBe(false);
  });

  test("a greeting in a group is refused to strangers and counted", async () => {
    const { type } = createHarness(commands, PEOPLE);
    for (let attempt = 0; attempt < 5; attempt++) expect(isRefused(await type("/whoami", as("telegram", "99", GROUP)))).toBe(true);
    expect(isSilent(await type("/start", as("telegram", "99", GROUP)))).toBe(true);
  });

  test("an allowed person is refused in a chat that is not on the list, and heard in one that is", async () => {
    const { type, users } = createHarness(commands, PEOPLE);
    expect((await type("/status", as("telegram", "viewer", GROUP))).title.en).toBe("Commands are not allowed in this chat.");
    users.chats.add("telegram:-100");
    expect((await type("/status", as("telegram", "viewer", GROUP))).title.en).toBe("0 of 3 bots running");
  });

  test("a name is not an id: whoever calls himself like a user is a stranger", async () => {
    const { type } = createHarness(commands, PEOPLE);
    const reply = await type("/status", { ...as("telegram", "99"), user: { id: "99", name: "admin" } });
    expect(isRefused(reply)).toBe(true);
  });
});

describe("how fast", () => {
  test("the local terminal may poll as often as it likes", async () => {
    const { type } = createHarness(commands);
    for (let sent = 0; sent < 100; sent++) expect((await type("/bots")).tone).toBe("neutral");
  });

  test("the twenty-first command within ten seconds waits, /panic does not", async () => {
    const { type: say, fleet, clock } = createHarness(commands, PEOPLE);
    const type = (line: string) => say(line, as("telegram", "operator"));
    for (let sent = 0; sent < 20; sent++) expect((await type("/bots")).tone).toBe("neutral");
    const held = await type("/stop eth_grid");
    expect(held.title.en).toBe("Too fast: at most 20 in 10 s are taken; try again in 10 s.");
    expect(fleet.changes).toEqual([]);
    for (let sent = 0; sent < 100; sent++) expect((await type("/panic")).tone).toBe("good");
    expect(fleet.changes).toHaveLength(100);
    clock.advance(10_000);
    expect((await type("/bots")).tone).toBe("neutral");
  });

  test("a flood of one person holds nobody else back, and a flooding stranger gets silence even for /panic", async () => {
    const { type, fleet } = createHarness(commands, PEOPLE);
    for (let sent = 0; sent < 50; sent++) await type("/whoami", as("telegram", "99"));
    expect(isSilent(await type("/whoami", as("telegram", "99")))).toBe(true);
    expect(isSilent(await type("/panic", as("telegram", "99")))).toBe(true);
    expect(fleet.changes).toEqual([]);
    expect((await type("/status", as("telegram", "viewer"))).tone).toBe("neutral");
  });

  test("pairing codes can be tried five times in ten minutes", async () => {
    const { type, users } = createHarness(commands, PEOPLE);
    users.codes.add("right");
    const failures: string[] = [];
    for (let tried = 0; tried < 5; tried++) failures.push((await type(`/pair wrong${tried}`, as("telegram", "99"))).title.en);
    expect(new Set(failures)).toEqual(new Set(["This code does not open anything; run botswain setup for a new one."]));
    expect((await type("/pair right", as("telegram", "99"))).title.en).toMatch(/^Too fast: at most 5 in 600 s/);
    expect((await type("/pair right", as("telegram", "98"))).tone).toBe("good");
    expect((await type("/status", as("telegram", "98"))).tone).toBe("neutral");
    expect((await type("/pair right", as("telegram", "97"))).title.en).toBe(
      "This code does not open anything; run botswain setup for a new one.",
    );
  });
});

describe("confirmation", () => {
  const live = (id: string) => botConfig(id, { mode: "live", account: "main" });

  test("a live start asks, and runs once when the same person presses", async () => {
    const { type, press, fleet } = createHarness(commands);
    fleet.add(live("real_grid"));
    const question = await type("/start real_grid");
    expect(question.asks).toBe(true);
    expect(question.title.en).toBe("Start real_grid [LIVE] on a real exchange?");
    expect(fleet.changes).toEqual([]);
    expect((await press(question, 0)).title.en).toBe("real_grid [LIVE]: started.");
    const again = await press(question, 0);
    expect(again.title.en).toBe("This button has been used already; nothing was done twice.");
    expect(fleet.changes).toHaveLength(1);
    expect(fleet.changes[0]?.by).toMatchObject({ key: "press:token1", line: "/start real_grid" });
  });

  test("another user's press is refused and audited, and the question still stands", async () => {
    const { type, press, fleet, audited } = createHarness(commands, PEOPLE);
    fleet.add(live("real_grid"));
    const question = await type("/start real_grid", as("telegram", "operator", { id: "7", isPrivate: true }));
    const foreign = await press(question, 0, as("telegram", "admin", { id: "7", isPrivate: true }));
    expect(foreign.title.en).toMatch(/^This button waits for the person who was asked/);
    expect(audited.at(-1)).toMatchObject({ outcome: "refused", actor: { userId: "admin" } });
    expect(isRefused(await press(question, 0, as("telegram", "99", { id: "7", isPrivate: true })))).toBe(true);
    expect((await press(question, 0, as("telegram", "operator", { id: "8", isPrivate: true }))).title.en).toMatch(/^This button waits/);
    expect(fleet.changes).toEqual([]);
    expect((await press(question, 0, as("telegram", "operator", { id: "7", isPrivate: true }))).tone).toBe("good");
  });

  test("a button expires after sixty seconds; an invented one is unknown", async () => {
    const { type, press, fleet, clock, services } = createHarness(commands);
    fleet.add(live("real_grid"));
    const question = await type("/start real_grid");
    clock.advance(60_000);
    expect((await press(question, 0)).title.en).toBe("This button has expired; send the command again.");
    const invented: Invocation = {
      frontend: "terminal",
      user: { id: "local", name: "local" },
      chat: { id: "local", isPrivate: true },
      messageId: "x",
      input: { type: "press", token: "guess" },
      language: "en",
    };
    expect((await dispatch(services, invented)).title.en).toBe("This button is not known any more; send the command again.");
    expect(fleet.changes).toEqual([]);
  });

  test("who lost the role between question and press is refused", async () => {
    const { type, press, fleet, users } = createHarness(commands, PEOPLE);
    fleet.add(live("real_grid"));
    const question = await type("/start real_grid", as("telegram", "operator"));
    await users.put({ frontend: "telegram", id: "operator", name: "operator", role: "viewer" });
    expect(isRefused(await press(question, 0, as("telegram", "operator")))).toBe(true);
    expect(fleet.changes).toEqual([]);
  });

  test("`yes` takes the first choice, which keeps the position", async () => {
    const { type, fleet } = createHarness(commands);
    fleet.setStatus("eth_grid", { position: "0.5", state: "running" });
    const reply = await type("/stop eth_grid", { yes: true });
    expect(reply.tone).toBe("good");
    expect(fleet.changes.map(({ change }) => change)).toEqual([{ type: "stop", botId: "eth_grid", flatten: false }]);
  });

  test("the same message delivered twice is one change", async () => {
    const { type, fleet } = createHarness(commands);
    await type("/start eth_grid", { messageId: "same" });
    await type("/start eth_grid", { messageId: "same" });
    expect(fleet.changes).toHaveLength(1);
    expect(fleet.changes[0]?.by.key).toBe("terminal:local:same");
  });
});

describe("what goes wrong", () => {
  const broken = defineCommand({
    name: "broken",
    summary: plain("breaks"),
    args: z.object({}),
    role: "viewer",
    run: async () => {
      throw new TypeError("secret detail");
    },
  });

  test("a fault of ours is logged under the id that the user is told, and tells nothing else", async () => {
    const { type, logged, audited } = createHarness([broken]);
    const reply = await type("/broken");
    expect(reply.title.en).toBe("Something went wrong on our side; the log has it under the id e1.");
    expect(JSON.stringify(reply)).not.toContain("secret");
    expect(logged).toEqual([{ id: "e1", error: new TypeError("secret detail") }]);
    expect(audited.map(({ outcome }) => outcome)).toEqual(["allowed", "failed"]);
  });

  test("without an audit nothing runs but /panic", async () => {
    const { services, fleet, logged } = createHarness(commands);
    const mute = {
      ...services,
      audit: {
        append: async () => {
          throw new Error("disk full");
        },
      },
    };
    const invocation = (line: string): Invocation => ({
      frontend: "terminal",
      user: { id: "local", name: "local" },
      chat: { id: "local", isPrivate: true },
      messageId: line,
      input: { type: "line", line },
      language: "en",
    });
    expect((await dispatch(mute, invocation("/pause eth_grid"))).tone).toBe("bad");
    expect(fleet.changes).toEqual([]);
    expect((await dispatch(mute, invocation("/panic"))).tone).toBe("good");
    expect(fleet.changes).toHaveLength(1);
    expect(logged.length).toBeGreaterThan(0);
  });

  test("a frontend that cannot show progress does not fail the command", async () => {
    const { type, fleet, logged } = createHarness(commands);
    const reply = await type("/start eth_grid", {
      onProgress: () => {
        throw new Error("message is gone");
      },
    });
    expect(reply.tone).toBe("good");
    expect(fleet.changes).toHaveLength(1);
    expect(logged.length).toBeGreaterThan(0);
  });

  test("an unknown command names the nearest that this role may use", async () => {
    const { type } = createHarness(commands, PEOPLE);
    expect((await type("/statsu")).title.en).toBe("There is no command /statsu; did you mean /status? /help lists all.");
    expect((await type("/user")).title.en).toContain("/users");
    expect((await type("/user", as("telegram", "viewer"))).title.en).not.toContain("/users");
    expect((await type("/xyzzy")).title.en).toBe("There is no command /xyzzy; /help lists all.");
    expect((await type("/start@botswain_bot eth_grid")).tone).toBe("good");
  });

  test("no code or secret reaches the audit", async () => {
    const { type, audited } = createHarness(commands);
    await type("/pair CANARY");
    await type("/pair CANARY and more");
    await type('/pair "CANARY');
    expect(JSON.stringify(audited)).not.toContain("CANARY");
    expect(audited[0]?.actor.line).toBe("/pair [redacted]");
  });

  test("hostile lines and names stay one short line in the audit", async () => {
    const { type, audited } = createHarness(commands, PEOPLE);
    const line = `/status \u202e<b>\u0000\n${"x".repeat(1_900)}`;
    await type(line, { ...as("telegram", "99"), user: { id: "99", name: `\u202e<script>\n${"n".repeat(500)}` } });
    const { actor } = audited[0] ?? {};
    expect(actor?.line.length).toBeLessThanOrEqual(200);
    expect(actor?.userName.length).toBeLessThanOrEqual(64);
    expect(`${actor?.line}${actor?.userName}`).not.toMatch(/[\p{Cc}\u202e]/u);
  });
});
