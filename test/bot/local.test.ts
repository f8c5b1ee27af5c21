// The server of the local socket: whose it is, what it takes, and who hears alerts.

import { rename, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LocalAnswer, LocalRequest } from "../../src/bot/local-protocol.ts";
import { execLine } from "../../src/cli/client.ts";
import { type LocalFixture, noteOf, openLocalFixture, until } from "./local-fixture.ts";

interface RawClient {
  readonly socket: Socket;
  readonly answers: LocalAnswer[];
  send(request: LocalRequest | string): void;
}

async function rawClient(path: string): Promise<RawClient> {
  const socket = connect(path);
  const answers: LocalAnswer[] = [];
  let rest = "";
  socket.on("data", (piece) => {
    const lines = (rest + piece.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    answers.push(...lines.map((line) => JSON.parse(line)));
  });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return { socket, answers, send: (request) => void socket.write(typeof request === "string" ? request : `${JSON.stringify(request)}\n`) };
}

let local: LocalFixture;
beforeEach(async () => {
  local = await openLocalFixture();
});
afterEach(() => local.remove());

describe("the server", () => {
  test("its socket belongs to the user alone and goes away with it", async () => {
    const entry = await stat(local.path);
    expect(entry.isSocket()).toBe(true);
    expect(entry.mode & 0o777).toBe(0o600);
    await local.stop();
    await expect(stat(local.path)).rejects.toThrow("ENOENT");
  });

  test("a second server is refused while the first answers", async () => {
    await expect(local.start()).rejects.toThrow(/^Another Botswain answers on .*front\.sock; stop it first\.$/);
    expect((await execLine(local.path, "/status", { language: "en" })).ok).toBe(true);
  });

  test("a socket file that a killed process left behind is replaced; a plain file is not", async () => {
    await local.stop();
    // A server whose file is moved away cannot remove it when it closes: what is left is a dead socket file.
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(local.folder, "dead.sock"), resolve));
    await rename(join(local.folder, "dead.sock"), local.path);
    await new Promise<void>((resolve) => dead.close(() => resolve()));
    expect((await stat(local.path)).isSocket()).toBe(true);
    await local.start();
    expect((await execLine(local.path, "/bots", { language: "en" })).ok).toBe(true);
    await local.stop();
    await writeFile(local.path, "precious");
    await expect(local.start()).rejects.toThrow(/is in the way of the local socket and is no socket; move it\.$/);
  });

  test("answers lines, forms and presses as the local admin, with progress on the way", async () => {
    local.harness.fleet.setStatus("eth_grid", { position: "1" });
    const client = await rawClient(local.path);
    client.send({ id: "a", type: "invoke", input: { type: "line", line: "/stop eth_grid" } });
    await until(
      () => client.answers.length > 0,
      () => JSON.stringify(client.answers),
    );
    const [question] = client.answers;
    if (question?.type !== "reply") throw new Error("not a reply");
    const buttons = question.reply.blocks.flatMap((block) => (block.type === "buttons" ? block.buttons : []));
    client.send({ id: "b", type: "invoke", input: { type: "press", token: buttons[1]?.token ?? "" } });
    await until(
      () => client.answers.some((answer) => answer.type === "reply" && answer.id === "b"),
      () => JSON.stringify(client.answers),
    );
    expect(client.answers.map((answer) => answer.type)).toEqual(["reply", "progress", "progress", "reply"]);
    expect(local.harness.fleet.changes[0]).toMatchObject({ change: { flatten: true }, by: { frontend: "terminal", userId: "local" } });
    client.send({ id: "c", type: "invoke", input: { type: "call", command: "status", args: { bot: "eth_grid" } }, language: "zh-TW" });
    await until(
      () => client.answers.length === 5,
      () => JSON.stringify(client.answers),
    );
    expect(client.answers[4]).toMatchObject({ id: "c", type: "reply", reply: { title: { "zh-TW": "eth_grid［模擬］：已停止" } } });
    client.socket.destroy();
  });

  test("what is no request is answered with a sentence; the connection goes on", async () => {
    const client = await rawClient(local.path);
    client.send('nonsense\n\n{"id":"x","type":"dance"}\n{"id":"ok","type":"invoke","inp');
    client.send('ut":{"type":"line","line":"/bots"}}\n');
    await until(
      () => client.answers.length === 3,
      () => JSON.stringify(client.answers),
    );
    expect(client.answers).toMatchObject([
      { id: null, type: "error" },
      { id: "x", type: "error" },
      { id: "ok", type: "reply" },
    ]);
    client.socket.destroy();
  });

  test("an endless line ends the connection", async () => {
    const client = await rawClient(local.path);
    const closed = new Promise<void>((resolve) => client.socket.once("close", () => resolve()));
    client.send("x".repeat(70_000));
    await closed;
    expect(client.answers).toMatchObject([{ type: "error", message: { en: "A request may have at most 65536 bytes." } }]);
  });

  test("the thirty-third client is told that there are too many", async () => {
    const clients = await Promise.all(Array.from({ length: 32 }, () => rawClient(local.path)));
    await execLine(local.path, "/bots", { language: "en" }).then(
      () => expect.unreachable("a client too many was served"),
      (error: Error) => expect(error.message).toMatch(/^Too many terminals are connected; 32 is the limit\.$|^The connection ended/),
    );
    for (const { socket } of clients) socket.destroy();
  });

  test("subscribers get alerts as they are stored, others do not, and none twice", async () => {
    local.outbox.raise(noteOf("before"));
    const subscriber = await rawClient(local.path);
    const other = await rawClient(local.path);
    subscriber.send({ type: "subscribe" });
    subscriber.send({ id: "1", type: "invoke", input: { type: "line", line: "/bots" } });
    await until(
      () => subscriber.answers.length === 1,
      () => JSON.stringify(subscriber.answers),
    );
    local.outbox.raise(noteOf("first"));
    local.outbox.raise(noteOf("second"));
    await until(
      () => subscriber.answers.length === 3,
      () => JSON.stringify(subscriber.answers),
    );
    expect(subscriber.answers.slice(1)).toMatchObject([
      { type: "alert", sequence: 2, text: { en: "eth_grid [sim]: first" } },
      { type: "alert", sequence: 3, text: { en: "eth_grid [sim]: second" } },
    ]);
    await until(
      () => local.outbox.cursors.get("terminal:local") === 3,
      () => JSON.stringify([...local.outbox.cursors]),
    );
    expect(other.answers).toEqual([]);
    subscriber.socket.destroy();
    other.socket.destroy();
  });
});
