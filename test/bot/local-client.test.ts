// The terminal's side of the local socket: `exec` for one command, `chat` for a conversation.

import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { execLine, runChat } from "../../src/cli/client.ts";
import { connectFront } from "../../src/cli/client-connection.ts";
import { type LocalFixture, noteOf, openLocalFixture, until } from "./local-fixture.ts";

let local: LocalFixture;
beforeEach(async () => {
  local = await openLocalFixture();
});
afterEach(() => local.remove());

describe("exec", () => {
  test("gives ok, command, text and data", async () => {
    const result = await execLine(local.path, "/start eth_grid", { language: "en", yes: true, json: true });
    expect(result).toMatchObject({ ok: true, command: "start", asks: false, data: { outcomes: [{ bot: "eth_grid", outcome: "done" }] } });
    expect(result.text).toContain("eth_grid [sim]: started.");
    const status = await execLine(local.path, "status eth_grid", { language: "en" });
    expect(status.data).toMatchObject({ bots: [{ id: "eth_grid", state: "running", netPnl: "0" }] });
  });

  test("a fault is not ok, nor is a question that waits", async () => {
    const fault = await execLine(local.path, "/start nosuch", { language: "en" });
    expect(fault).toMatchObject({ ok: false, command: "start", data: { error: { code: "unknownBot" } } });
    local.harness.fleet.setStatus("eth_grid", { position: "1" });
    const question = await execLine(local.path, "/stop eth_grid", { language: "en" });
    expect(question).toMatchObject({ ok: false, asks: true });
    expect(question.text).toContain("--yes takes the first one");
    expect(local.harness.fleet.changes).toEqual([]);
    expect((await execLine(local.path, "/stop eth_grid", { language: "en", yes: true })).ok).toBe(true);
    expect((await execLine(local.path, '/status "', { language: "zh-TW" })).text).toContain("引號");
  });

  test("with nothing running it says so in one sentence", async () => {
    await local.stop();
    await expect(execLine(local.path, "/status", { language: "en" })).rejects.toThrow(
      /^Nothing is running here: nobody answers on .*npm start/,
    );
    await expect(runChat(local.path, { language: "en", input: new PassThrough(), output: new PassThrough() })).rejects.toThrow(
      "Nothing is running",
    );
  });

  test("silence ends at the deadline, a front that dies ends it at once", async () => {
    await local.stop();
    await local.start(() => new Promise(() => undefined));
    await expect(execLine(local.path, "/status", { language: "en", timeoutMs: 30 })).rejects.toThrow("No answer within 0.03 s");
    const connection = await connectFront(local.path);
    const pending = connection.invoke({ type: "line", line: "/status" }, { language: "en" });
    const failed = expect(pending).rejects.toThrow("The connection ended before the answer");
    await local.stop();
    await failed;
  });
});

describe("chat", () => {
  interface Terminal {
    readonly input: PassThrough;
    readonly shown: () => string;
    readonly done: Promise<void>;
  }

  function openChat(isTty: boolean): Terminal {
    const input = new PassThrough();
    const output = Object.assign(new PassThrough(), { isTTY: isTty, columns: 100 });
    let text = "";
    output.on("data", (piece) => {
      text += piece.toString("utf8");
    });
    return { input, shown: () => text, done: runChat(local.path, { language: "en", input, output }) };
  }

  const shows = (terminal: Terminal, words: string): Promise<void> => until(() => terminal.shown().includes(words), terminal.shown);

  test("prompts, answers, numbers the choices and takes one", async () => {
    local.harness.fleet.setStatus("eth_grid", { position: "1" });
    const terminal = openChat(true);
    await shows(terminal, "botswain> ");
    terminal.input.write("/stop eth_grid\n");
    await shows(terminal, "[2] Flatten");
    terminal.input.write("7\n");
    await shows(terminal, "There is no such choice");
    terminal.input.write("2\n");
    await shows(terminal, "✓ eth_grid [sim]: stopped.");
    expect(local.harness.fleet.changes.map(({ change }) => change)).toEqual([{ type: "stop", botId: "eth_grid", flatten: true }]);
    terminal.input.write("2\n");
    await until(() => terminal.shown().split("There is no such choice").length === 3, terminal.shown);
    terminal.input.end();
    await terminal.done;
  });

  test("alerts appear between prompts and leave what is being typed alone", async () => {
    const terminal = openChat(true);
    await shows(terminal, "Connected.");
    terminal.input.write("/bo");
    local.outbox.raise(noteOf("the price left the range"));
    await shows(terminal, "* eth_grid [sim]: the price left the range");
    terminal.input.write("ts\n");
    await shows(terminal, "3 bots");
    terminal.input.end();
    await terminal.done;
  });

  test("progress is edited in place: the final reply erases it", async () => {
    const terminal = openChat(true);
    await shows(terminal, "botswain> ");
    terminal.input.write("/start eth_grid\n");
    await shows(terminal, "eth_grid [sim]: started.");
    const shown = terminal.shown();
    const between = shown.slice(shown.lastIndexOf("Starting eth_grid [sim]…"), shown.indexOf("✓ eth_grid [sim]: started."));
    expect(between).toContain("\u001b[1A");
    expect(between).toContain("\u001b[0J");
    terminal.input.end();
    await terminal.done;
  });

  test.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("%s ends the chat and nothing else", async (_name, key) => {
    const terminal = openChat(true);
    await shows(terminal, "Connected.");
    terminal.input.write(key);
    await terminal.done;
    expect((await execLine(local.path, "/status", { language: "en" })).ok).toBe(true);
  });

  test("lines from a pipe are answered in order, without prompts, before the chat ends", async () => {
    const terminal = openChat(false);
    terminal.input.end("/start eth_grid\n/status eth_grid\n/nosuch\n");
    await terminal.done;
    const shown = terminal.shown();
    expect(shown).not.toContain("botswain>");
    expect(shown).not.toContain("Starting");
    expect(shown.indexOf("started.")).toBeLessThan(shown.indexOf("eth_grid [sim]: running"));
    expect(shown.indexOf("eth_grid [sim]: running")).toBeLessThan(shown.indexOf("There is no command /nosuch"));
  });

  test("a front that restarts is found again", async () => {
    const terminal = openChat(true);
    await shows(terminal, "Connected.");
    await local.stop();
    await shows(terminal, "The connection is lost");
    await local.start();
    await shows(terminal, "Connected again.");
    terminal.input.write("/bots\n");
    await shows(terminal, "3 bots");
    local.outbox.raise(noteOf("still heard"));
    await shows(terminal, "still heard");
    terminal.input.end();
    await terminal.done;
  });
});
