// The command menu in Telegram, in both languages, from the registry.

import type { Logger } from "pino";
import type { Telegram } from "telegraf";
import type { AnyCommand } from "../core/command.ts";
import type { Language } from "../core/text.ts";
import { clip } from "./render-text.ts";
import { limited, toSendError } from "./telegram-api.ts";

/** https://core.telegram.org/bots/api#setmycommands and #botcommand */
export const TELEGRAM_COMMAND_LIMITS = { name: /^[a-z0-9_]{1,32}$/, description: 256, commands: 100 } as const;
const REQUEST_TIMEOUT_MS = 20_000;

/** Telegram knows one language code for every kind of Chinese. */
const MENUS: readonly { readonly language: Language; readonly code?: string }[] = [{ language: "en" }, { language: "zh-TW", code: "zh" }];

/** Puts the menu up. A failure is logged only: typed commands work without a menu. */
export async function registerTelegramCommands(
  client: Telegram,
  options: { readonly commands: readonly AnyCommand[]; readonly log: Logger; readonly token: string },
  stop: AbortSignal,
): Promise<void> {
  for (const { language, code } of MENUS) {
    const commands = options.commands.slice(0, TELEGRAM_COMMAND_LIMITS.commands).map((command) => ({
      command: command.name,
      description: clip(command.summary[language], TELEGRAM_COMMAND_LIMITS.description),
    }));
    try {
      const payload = { commands, ...(code === undefined ? {} : { language_code: code }) };
      await limited(REQUEST_TIMEOUT_MS, (limits) => client.callApi("setMyCommands", payload, limits), stop);
    } catch (error) {
      options.log.warn({ reason: toSendError(error, options.token).message, language }, "the command menu could not be put up");
    }
  }
}
