// `botswain chat`: the terminal as a chat with a running Botswain.

import type { Command } from "commander";
import { UserError } from "../../core/text.ts";
import { locateDataFolder } from "../data-folder.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, language } from "../language.ts";
import { environment } from "../settings.ts";
import { nothingRuns } from "./nothing-runs.ts";
import { addVerb, withDataFolder } from "./verb.ts";

export function addChat(program: Command): void {
  const verb = addVerb(
    program,
    "chat",
    { en: "Chat with the running Botswain in this terminal.", "zh-TW": "在此終端機與執行中的 Botswain 聊天。" },
    "chat",
  );
  withDataFolder(verb).action(async () => {
    const folder = locateDataFolder(environment());
    try {
      const { runChat } = await import("../client.ts");
      await runChat(folder.frontSocket, { language, input: process.stdin, output: process.stdout });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const isRunning = error.code !== "notRunning";
      complain(inWords(isRunning ? error.text : nothingRuns(folder).text));
      process.exitCode = isRunning ? EXIT.failure : EXIT.notRunning;
    }
  });
}
