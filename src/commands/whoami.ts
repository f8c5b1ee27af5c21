// `/whoami`: answers anyone in a private chat with ids, and with nothing else.

import { z } from "zod";
import { defineCommand } from "../core/command.ts";
import { plain, UserError } from "../core/text.ts";

export default defineCommand({
  name: "whoami",
  summary: { en: "Show your ids (private chat only)", "zh-TW": "顯示你的 ID（僅限私人聊天）" },
  args: z.object({}),
  role: "viewer",
  open: true,
  async run(_args, { invocation }) {
    const { frontend, user, chat } = invocation;
    if (!chat.isPrivate)
      throw new UserError({ en: "/whoami answers in a private chat only.", "zh-TW": "/whoami 只在私人聊天中回答。" }, "refused");
    return {
      tone: "neutral",
      title: { en: "Your ids", "zh-TW": "你的 ID" },
      blocks: [
        {
          type: "fields",
          fields: [
            { label: { en: "Platform", "zh-TW": "平台" }, value: plain(frontend) },
            { label: { en: "User id", "zh-TW": "使用者 ID" }, value: plain(user.id) },
            { label: { en: "Chat id", "zh-TW": "聊天室 ID" }, value: plain(chat.id) },
          ],
        },
      ],
      data: { frontend, userId: user.id, chatId: chat.id },
    };
  },
});
