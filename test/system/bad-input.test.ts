// What a person gets wrong around the program: one sentence that names it, an exit code that is not 0, nothing lost.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { botswain, FleetUnderTest } from "./fleet.ts";

const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "botswain-"));
  folders.push(made);
  return made;
}

describe("bad input around the program", () => {
  afterAll(() => {
    for (const each of folders) rmSync(each, { recursive: true, force: true });
  });

  it("exec with nothing running says how to start it", async () => {
    const result = await botswain(["exec", "/status"], { BOTSWAIN_HOME: folder() });
    expect(result.code).toBe(4);
    expect(result.stderr + result.stdout).toMatch(/npm start|botswain up/);
  });

  it("reports every fault of the settings at once and shows no secret", async () => {
    const result = await botswain(["up"], {
      BOTSWAIN_HOME: folder(),
      BOTSWAIN_SIM_SPEED: "fast",
      TELEGRAM_ALLOWED_USERS: "@me",
      TELEGRAM_BOT_TOKEN: "hunter2",
      DATABASE_URL: "mysql://root:hunter3@db/x",
    });
    expect(result.code).not.toBe(0);
    const text = result.stderr + result.stdout;
    for (const name of ["BOTSWAIN_SIM_SPEED", "TELEGRAM_ALLOWED_USERS", "DATABASE_URL"]) expect(text).toContain(name);
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("hunter3");
  });

  it("names the port that is in use", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    const result = await botswain(["exchange-sim", "--port", String(port)], { BOTSWAIN_HOME: folder() });
    server.close();
    expect(result.code).not.toBe(0);
    expect(result.stderr + result.stdout).toContain(String(port));
  });

  it("names the data file that it cannot read, and the line", async () => {
    const home = folder();
    const file = join(home, "binance-usdm_ETHUSDT_1m_broken.csv");
    writeFileSync(file, "ts_ms,open,high,low,close,volume\n1,2,3,1,two,5\n");
    const result = await botswain(["exchange-sim", "--data", file], { BOTSWAIN_HOME: home });
    expect(result.code).not.toBe(0);
    expect(result.stderr + result.stdout).toContain("broken.csv");
  });

  it("refuses a Redis or database that it cannot reach with one sentence each", async () => {
    const redis = await botswain(["bot"], { BOTSWAIN_HOME: folder(), REDIS_URL: "redis://127.0.0.1:1" }, 30_000);
    expect(redis.code).not.toBe(0);
    expect(redis.stderr + redis.stdout).toContain("REDIS_URL");
    const database = await botswain(
      ["bot"],
      { BOTSWAIN_HOME: folder(), DATABASE_URL: "file:/nowhere/at/all.db", REDIS_URL: "redis://127.0.0.1:1" },
      30_000,
    );
    expect(database.code).not.toBe(0);
    expect(database.stderr + database.stdout).toMatch(/DATABASE_URL|REDIS_URL/);
  });
});

describe("bad input in the chat", () => {
  const fleet = new FleetUnderTest();
  beforeAll(() => fleet.up(), 60_000);
  afterAll(() => fleet.destroy(), 60_000);

  it.each([
    ["/strat eth_grid", /start/],
    ["/start nobody_grid", /eth_grid/],
    ["/status eth_grid extra", /extra/],
    ["/fills eth_grid many", /many/],
    ["/users add telegram bob", /bob|number/],
    ["/pause eth_grid", /eth_grid is stopped/],
  ])("%s is answered with one sentence and exit code 1", async (line, expected) => {
    const result = await fleet.exec(line);
    expect(result.code).not.toBe(0);
    expect(result.ok).toBe(false);
    expect(result.text).toMatch(expected);
  });

  it("a second up on the same data folder says who holds it", async () => {
    const result = await botswain(["up"], fleet.env);
    expect(result.code).not.toBe(0);
    expect(result.stderr + result.stdout).toContain(String(fleet.pid));
    expect((await fleet.exec("/bots")).ok).toBe(true);
  });
});
