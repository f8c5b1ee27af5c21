// `/users`: who may use the bots, by numeric id; for admins.

import { z } from "zod";
import { cleanLine } from "../core/chat/clean-text.ts";
import { argument } from "../core/chat/command-argument.ts";
import { roleWord } from "../core/chat/words.ts";
import { type CommandContext, defineCommand, type Frontend, type Reply, type Role, type UserRow } from "../core/command.ts";
import { plain, type Text, UserError } from "../core/text.ts";

const NAME_MAX = 64;
/** Telegram's ids have at most 16 digits, Discord's at most 20. Names can be changed by their owners, so they never count. */
const USER = /^(?:(telegram|discord):)?([1-9]\d{0,19})$/;

interface Wish {
  readonly user?: string | undefined;
  readonly role?: Role | undefined;
  readonly name?: string | undefined;
}

export default defineCommand({
  name: "users",
  summary: { en: "List, add or remove people, or change their role", "zh-TW": "列出、新增、移除使用者，或變更權限" },
  args: z.object({
    action: argument(z.enum(["list", "add", "remove", "role"]).optional(), {
      description: { en: "list, add, remove or role", "zh-TW": "list 列出、add 新增、remove 移除、role 變更權限" },
      right: { en: "list, add, remove or role", "zh-TW": " list、add、remove 或 role" },
    }),
    user: argument(z.string().trim().toLowerCase().regex(USER).optional(), {
      description: {
        en: "Numeric id, as in telegram:123456 or discord:123456",
        "zh-TW": "數字 ID，例如 telegram:123456 或 discord:123456",
      },
      right: { en: "a numeric id such as telegram:123456", "zh-TW": "數字 ID，例如 telegram:123456" },
    }),
    role: argument(z.enum(["viewer", "operator", "admin"]).optional(), {
      description: { en: "viewer, operator or admin", "zh-TW": "viewer 檢視、operator 操作、admin 管理" },
      right: { en: "viewer, operator or admin", "zh-TW": " viewer、operator 或 admin" },
    }),
    name: argument(z.string().max(200).optional(), {
      description: { en: "How to call a new user", "zh-TW": "新使用者的稱呼" },
      right: { en: "a name of at most 200 characters", "zh-TW": "最多 200 個字元的名稱" },
      takesRest: true,
    }),
  }),
  role: "admin",
  async run({ action = "list", ...wish }, context) {
    switch (action) {
      case "list":
        return list(await context.users.list(), { en: "People who may use me", "zh-TW": "授權名單" }, context);
      case "add":
        return add(wish, context);
      case "remove":
        return remove(wish, context);
      case "role":
        return changeRole(wish, context);
    }
  },
});

function list(users: readonly UserRow[], title: Text, { invocation }: CommandContext): Reply {
  return {
    tone: "neutral",
    title,
    blocks: [
      {
        type: "table",
        columns: [
          { en: "user", "zh-TW": "使用者" },
          { en: "role", "zh-TW": "權限" },
          { en: "name", "zh-TW": "稱呼" },
        ],
        rows: users.map((user) => [idOf(user), roleWord(user.role)[invocation.language], cleanLine(user.name, NAME_MAX)]),
      },
    ],
    data: { users },
  };
}

function idOf({ frontend, id }: Pick<UserRow, "frontend" | "id">): string {
  return `${frontend}:${id}`;
}

/** The person that a wish names; without a platform it is one of the platform where the command was typed. */
function named({ user }: Wish, { invocation }: CommandContext): { readonly frontend: Frontend; readonly id: string } {
  const match = USER.exec(user ?? "");
  if (match === null)
    throw new UserError({
      en: "/users: user is missing (give a numeric id such as telegram:123456; /whoami shows it).",
      "zh-TW": "/users：缺少 user（請輸入數字 ID，例如 telegram:123456；可用 /whoami 查詢）。",
    });
  const [, platform, id = ""] = match;
  if (platform === "telegram" || platform === "discord") return { frontend: platform, id };
  if (invocation.frontend === "telegram" || invocation.frontend === "discord") return { frontend: invocation.frontend, id };
  throw new UserError({
    en: `/users: user "${id}" lacks its platform (give telegram:${id} or discord:${id}).`,
    "zh-TW": `/users：user「${id}」缺少平台（請輸入 telegram:${id} 或 discord:${id}）。`,
  });
}

async function known(wish: Wish, context: CommandContext): Promise<UserRow> {
  const who = named(wish, context);
  const user = await context.users.find(who.frontend, who.id);
  if (user !== undefined) return user;
  throw new UserError({ en: `${idOf(who)} is not on the list; /users shows it.`, "zh-TW": `${idOf(who)} 不在名單中；可用 /users 查看。` });
}

/** Throws when nobody would be left who could let anyone in again. */
async function keepOneAdmin(user: UserRow, { users }: CommandContext): Promise<void> {
  if (user.role !== "admin") return;
  const admins = (await users.list()).filter(({ role }) => role === "admin");
  if (admins.some((admin) => admin.frontend !== user.frontend || admin.id !== user.id)) return;
  throw new UserError(
    {
      en: `${idOf(user)} is the last admin; make somebody else admin first.`,
      "zh-TW": `${idOf(user)} 是最後一位管理員；請先指定其他管理員。`,
    },
    "lastAdmin",
  );
}

async function add(wish: Wish, context: CommandContext): Promise<Reply> {
  const who = named(wish, context);
  if ((await context.users.find(who.frontend, who.id)) !== undefined)
    throw new UserError({
      en: `${idOf(who)} is on the list already; change the role with /users role ${idOf(who)} ROLE.`,
      "zh-TW": `${idOf(who)} 已在名單中；可用 /users role ${idOf(who)} ROLE 變更權限。`,
    });
  const row: UserRow = { ...who, name: cleanLine(wish.name ?? who.id, NAME_MAX), role: wish.role ?? "viewer" };
  await context.users.put(row);
  return changed(row, { en: `${idOf(row)} added as ${row.role}.`, "zh-TW": `已新增 ${idOf(row)}，權限為${roleWord(row.role)["zh-TW"]}。` });
}

async function remove(wish: Wish, context: CommandContext): Promise<Reply> {
  const user = await known(wish, context);
  await keepOneAdmin(user, context);
  await context.users.remove(user.frontend, user.id);
  return changed(user, { en: `${idOf(user)} removed.`, "zh-TW": `已移除 ${idOf(user)}。` });
}

async function changeRole(wish: Wish, context: CommandContext): Promise<Reply> {
  const user = await known(wish, context);
  if (wish.role === undefined)
    throw new UserError({
      en: "/users: role is missing (give viewer, operator or admin).",
      "zh-TW": "/users：缺少 role（請輸入 viewer、operator 或 admin）。",
    });
  if (wish.role !== "admin") await keepOneAdmin(user, context);
  const row: UserRow = { ...user, role: wish.role };
  await context.users.put(row);
  return changed(row, { en: `${idOf(row)} is ${row.role} now.`, "zh-TW": `${idOf(row)} 的權限已改為${roleWord(row.role)["zh-TW"]}。` });
}

function changed(user: UserRow, title: Text): Reply {
  return { tone: "good", title, blocks: [{ type: "text", text: plain(user.name) }], data: { user } };
}
