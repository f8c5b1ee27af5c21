// The commands about people: what each may use, who they are, and who may use the bots.

import { beforeAll, describe, expect, test } from "vitest";
import { loadCommands } from "../../src/commands/index.ts";
import { usageOf } from "../../src/core/chat/command-argument.ts";
import type { AnyCommand, Role, UserRow } from "../../src/core/command.ts";
import { ADMIN, as, createHarness, wordsOf } from "../memory-fleet.ts";

let commands: readonly AnyCommand[];
beforeAll(async () => {
  commands = await loadCommands();
});

describe("/help", () => {
  const people: readonly UserRow[] = [ADMIN, { frontend: "telegram", id: "1", name: "v", role: "viewer" }];

  test.each<[Role, boolean]>([
    ["viewer", false],
    ["operator", false],
    ["admin", true],
  ])("for a %s it shows what that role may use", async (role, seesUsers) => {
    const { type } = createHarness(commands, [{ frontend: "telegram", id: "1", name: "x", role }]);
    const words = wordsOf(await type("/help", as("telegram", "1")));
    expect(words.includes("/users")).toBe(seesUsers);
    expect(words.includes("/stop bot")).toBe(role !== "viewer");
    expect(words).toContain("/status [bot]");
    expect(words).toContain("/whoami");
  });

  test("of one command, by name, alias or with its slash", async () => {
    const { type } = createHarness(commands, people);
    for (const word of ["bots", "list", "/bots"]) expect((await type(`/help ${word}`)).title.en).toBe("/bots");
    expect(wordsOf(await type("/help stop"))).toContain("[position]: keep or flatten the position");
    expect((await type("/help users", as("telegram", "1"))).title.en).toMatch(/^You may use no such command; there is \/bots/);
  });

  test("usage shows what may be left out", () => {
    expect(commands.map(usageOf)).toContain("/fills bot [limit]");
  });
});

describe("/whoami and /users", () => {
  const anna: UserRow = { frontend: "telegram", id: "11", name: "anna", role: "admin" };

  test("/whoami tells ids and nothing else, in private chats only", async () => {
    const { type } = createHarness(commands);
    const reply = await type("/whoami", as("telegram", "4711", { id: "4711", isPrivate: true }));
    expect(reply.data).toEqual({ frontend: "telegram", userId: "4711", chatId: "4711" });
    expect(wordsOf(reply)).toBe("Your ids\nPlatform: telegram\nUser id: 4711\nChat id: 4711");
  });

  test("add, role, remove, list", async () => {
    const { type, users } = createHarness(commands, [ADMIN, anna]);
    expect((await type("/users add telegram:22 operator Bob the Builder")).title.en).toBe("telegram:22 added as operator.");
    expect((await type("/users add 33", as("telegram", "11"))).title.en).toBe("telegram:33 added as viewer.");
    expect(await users.find("telegram", "22")).toEqual({ frontend: "telegram", id: "22", name: "Bob the Builder", role: "operator" });
    expect((await type("/users role telegram:22 admin")).title.en).toBe("telegram:22 is admin now.");
    expect(wordsOf(await type("/users"))).toContain("telegram:22 | admin | Bob the Builder");
    expect((await type("/users remove telegram:22")).tone).toBe("good");
    expect(await users.find("telegram", "22")).toBeUndefined();
  });

  test.each([
    ["/users add @bob", '/users: user "@bob" is not right (give a numeric id such as telegram:123456).'],
    ["/users add 22", '/users: user "22" lacks its platform (give telegram:22 or discord:22).'],
    ["/users add telegram:11", "telegram:11 is on the list already; change the role with /users role telegram:11 ROLE."],
    ["/users add telegram:22 boss", '/users: role "boss" is not right (give viewer, operator or admin).'],
    ["/users remove telegram:22", "telegram:22 is not on the list; /users shows it."],
    ["/users role telegram:11", "/users: role is missing (give viewer, operator or admin)."],
    ["/users remove", "/users: user is missing (give a numeric id such as telegram:123456; /whoami shows it)."],
    ["/users drop telegram:11", '/users: action "drop" is not right (give list, add, remove or role).'],
  ])("%s", async (line, sentence) => {
    const { type, users } = createHarness(commands, [ADMIN, anna]);
    expect((await type(line)).title.en).toBe(sentence);
    expect(await users.list()).toEqual([ADMIN, anna]);
  });

  test("the last admin can neither remove nor demote himself", async () => {
    const { type, users } = createHarness(commands, [anna]);
    for (const line of ["/users remove telegram:11", "/users role telegram:11 viewer"])
      expect((await type(line, as("telegram", "11"))).title.en).toBe("telegram:11 is the last admin; make somebody else admin first.");
    expect(await users.list()).toEqual([anna]);
    await type("/users add 22 admin", as("telegram", "11"));
    expect((await type("/users remove 11", as("telegram", "11"))).tone).toBe("good");
  });
});
