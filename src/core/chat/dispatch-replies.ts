// The sentences of dispatch itself: refusals, limits, buttons that cannot be pressed, commands that do not exist.

import type { AnyCommand, Confirmations, Invocation, Reply, Role } from "../command.ts";
import { plain, type Text } from "../text.ts";
import { type Limit, REFUSAL_LIMIT } from "./attempts.ts";
import { cleanLine } from "./clean-text.ts";
import { nearestNames } from "./nearest-names.ts";
import { SECRET_ADVICE, SECRET_WARNING } from "./secret-words.ts";
import { isRoleEnough, roleWord } from "./words.ts";

const NAME_SHOWN_MAX = 32;

/** An answer without words, given to people who were refused too often: frontends send nothing. */
export const SILENT_REPLY: Reply = { tone: "neutral", title: plain(""), blocks: [], data: { refused: true } };

/** True for a reply that a frontend must not send. */
export function isSilent(reply: Reply): boolean {
  return reply.title.en === "" && reply.blocks.length === 0;
}

/** A sentence about what went wrong; `code` is for programs. */
export function badReply(text: Text, code: string, extra: Readonly<Record<string, unknown>> = {}): Reply {
  return { tone: "bad", title: text, blocks: [], data: { error: { code, message: text.en }, ...extra } };
}

/** A fault of ours, which the log has under this id. */
export function internalFault(id: string): Reply {
  return badReply(
    { en: `Something went wrong on our side; the log has it under the id ${id}.`, "zh-TW": `系統內部發生錯誤，日誌中的編號是 ${id}。` },
    "internal",
    { id },
  );
}

const REFUSALS: Readonly<Record<"stranger" | "foreignChat", Text>> = {
  stranger: { en: "You are not on the list of people I answer.", "zh-TW": "你不在授權名單中。" },
  foreignChat: { en: "Commands are not allowed in this chat.", "zh-TW": "這個聊天室不允許使用指令。" },
};

/** The one sentence for a person or chat that is not on the list: the same for every line, so it tells nothing. */
export function refusal(why: "stranger" | "foreignChat"): Reply {
  return badReply(REFUSALS[why], "refused", { refused: true });
}

/** To somebody who typed what looks like a key; `done` says what became of the message. */
export function secretReply(done?: Text): Reply {
  const words = done === undefined ? [SECRET_ADVICE] : [SECRET_ADVICE, done];
  const reply = badReply(SECRET_WARNING, "secret", { refused: true });
  return { ...reply, blocks: words.map((text) => ({ type: "text", text })) };
}

/** Told to the admins when somebody who is not on the list keeps trying. */
export function strangerText({ frontend, user, chat }: Invocation): Text {
  const who = `${frontend}:${cleanLine(user.id, NAME_SHOWN_MAX)}`;
  const name = cleanLine(user.name, NAME_SHOWN_MAX);
  const where = cleanLine(chat.id, NAME_SHOWN_MAX);
  const { count, windowMs } = REFUSAL_LIMIT;
  return {
    en: `a stranger was refused more than ${count} times within ${windowMs / 60_000} min and is not answered any more: ${who} (${name}) in chat ${where}`,
    "zh-TW": `有陌生人在 ${windowMs / 60_000} 分鐘內被拒絕超過 ${count} 次，不再回應：${who}（${name}），聊天室 ${where}`,
  };
}

export function roleRefusal(command: AnyCommand, role: Role): Reply {
  const needed = roleWord(command.role);
  const has = roleWord(role);
  return badReply(
    {
      en: `/${command.name} needs the role ${needed.en}; yours is ${has.en}. An admin can change it with /users.`,
      "zh-TW": `/${command.name} 需要「${needed["zh-TW"]}」權限；你目前是「${has["zh-TW"]}」。管理員可用 /users 調整。`,
    },
    "role",
    { refused: true },
  );
}

export function tooFast(limit: Limit, waitMs: number): Reply {
  const seconds = Math.ceil(waitMs / 1000);
  return badReply(
    {
      en: `Too fast: at most ${limit.count} in ${limit.windowMs / 1000} s are taken; try again in ${seconds} s.`,
      "zh-TW": `太快了：${limit.windowMs / 1000} 秒內最多 ${limit.count} 次，請在 ${seconds} 秒後再試。`,
    },
    "rateLimited",
  );
}

type PressFault = Exclude<Awaited<ReturnType<Confirmations["redeem"]>>, { readonly ok: true }>["why"];

const PRESS_FAULTS: Readonly<Record<PressFault, Text>> = {
  unknown: { en: "This button is not known any more; send the command again.", "zh-TW": "這個按鈕已失效，請重新輸入指令。" },
  used: { en: "This button has been used already; nothing was done twice.", "zh-TW": "這個按鈕已經用過，沒有重複執行。" },
  expired: { en: "This button has expired; send the command again.", "zh-TW": "這個按鈕已過期，請重新輸入指令。" },
  notYours: {
    en: "This button waits for the person who was asked, in the chat where it was asked.",
    "zh-TW": "這個按鈕只限當初被詢問的人在原聊天室使用。",
  },
};

export function pressFault(why: PressFault): Reply {
  return badReply(PRESS_FAULTS[why], why);
}

/** Names only what this role may use. */
export function unknownCommand(commands: readonly AnyCommand[], role: Role, name: string): Reply {
  const usable = commands.filter((command) => isRoleEnough(role, command.role));
  const names = usable.flatMap((command) => [command.name, ...(command.aliases ?? [])]);
  const near = nearestNames(name, names).map((known) => `/${known}`);
  const shown = cleanLine(name, NAME_SHOWN_MAX);
  if (near.length === 0)
    return badReply(
      { en: `There is no command /${shown}; /help lists all.`, "zh-TW": `沒有 /${shown} 這個指令；輸入 /help 可列出所有指令。` },
      "unknownCommand",
    );
  return badReply(
    {
      en: `There is no command /${shown}; did you mean ${near.join(" or ")}? /help lists all.`,
      "zh-TW": `沒有 /${shown} 這個指令；你是指 ${near.join(" 或 ")} 嗎？輸入 /help 可列出所有指令。`,
    },
    "unknownCommand",
  );
}
