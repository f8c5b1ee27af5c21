// `/pair`: redeems a one-time code; enrols the first admin and the chat.

import { z } from "zod";
import { cleanLine } from "../core/chat/clean-text.ts";
import { argument } from "../core/chat/command-argument.ts";
import { defineCommand } from "../core/command.ts";
import { UserError } from "../core/text.ts";

const CODE_MAX = 128;
const NAME_MAX = 64;

export default defineCommand({
  name: "pair",
  summary: { en: "Enrol yourself and this chat with a one-time code", "zh-TW": "以一次性配對碼登記你自己與這個聊天室" },
  args: z.object({
    code: argument(z.string().max(CODE_MAX), {
      description: { en: "The code that botswain setup printed", "zh-TW": "botswain setup 顯示的配對碼" },
      right: { en: "the code that botswain setup printed", "zh-TW": " botswain setup 顯示的配對碼" },
      isSecret: true,
    }),
  }),
  role: "viewer",
  open: true,
  limit: { count: 5, windowMs: 600_000 },
  async run({ code }, { users, invocation }) {
    const { frontend, user, chat } = invocation;
    const isPaired = await users.pair(code, { frontend, id: user.id, name: cleanLine(user.name, NAME_MAX) }, chat.id);
    // One sentence for every reason: a wrong, used or expired code must not be told apart.
    if (!isPaired)
      throw new UserError(
        {
          en: "This code does not open anything; run botswain setup for a new one.",
          "zh-TW": "這個配對碼無效；請執行 botswain setup 取得新的配對碼。",
        },
        "pairing",
      );
    return {
      tone: "good",
      title: { en: "Paired: you are admin, and alerts come to this chat.", "zh-TW": "配對完成：你已成為管理員，警示會傳送到這個聊天室。" },
      blocks: [{ type: "text", text: { en: "Try /start.", "zh-TW": "可以試試 /start。" } }],
      data: { paired: true },
    };
  },
});
