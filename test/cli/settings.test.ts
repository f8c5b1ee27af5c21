// Settings: every fault at once, one sentence each, secrets never shown; where values come from.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { locateDataFolder, prepareDataFolder } from "../../src/cli/data-folder.ts";
import { readEnvFile, writeEnvValues } from "../../src/cli/env-file.ts";
import { loadSettings, PROJECT_FOLDER } from "../../src/cli/settings.ts";
import { variables } from "../../src/cli/variables.ts";
import { UserError } from "../../src/core/text.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "botswain-settings-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function load(env: NodeJS.ProcessEnv) {
  return loadSettings({ BOTSWAIN_HOME: home, BOTSWAIN_ENV_FILE: "", ...env });
}

/** The sentences of what is wrong. */
function faults(env: NodeJS.ProcessEnv): string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof UserError) {
      expect(error.text["zh-TW"].split("\n")).toHaveLength(error.text.en.split("\n").length);
      return error.text.en.split("\n");
    }
    throw error;
  }
  return [];
}

describe("values", () => {
  test("nothing set means embedded services, a generated market and no chat", () => {
    const settings = load({});
    expect(settings).toMatchObject({
      databaseUrl: `file:${home}/botswain.db`,
      redisUrl: null,
      logLevel: "info",
      limits: {},
      sim: { data: [], speed: 1, seed: null, port: 0, url: null },
      telegram: { token: null, allowedUsers: [], allowedChats: [] },
      discord: { token: null, guildId: null, alertWebhookUrl: null },
    });
  });

  test("everything set is parsed", () => {
    const file = join(home, "a=b.csv");
    writeFileSync(file, "x");
    const settings = load({
      DATABASE_URL: "postgresql://u:p@db/botswain",
      REDIS_URL: "redis://:secret@10.0.0.5:6379",
      LOG_LEVEL: "debug",
      BOTSWAIN_TIMEZONE: "Asia/Taipei",
      BOTSWAIN_LANGUAGE: "zh-TW",
      BOTSWAIN_SIM_DATA: `ETH/USDC:USDC=${file}, ${file}`,
      BOTSWAIN_SIM_SPEED: "0.5",
      BOTSWAIN_SIM_SEED: "7",
      BOTSWAIN_SIM_PORT: "8080",
      BOTSWAIN_LIMITS: '{"backpack":[{"name":"requests","limit":5,"windowMs":1000}]}',
      TELEGRAM_BOT_TOKEN: "123456:ABCDEFGHIJKLMNOPQRSTUVWXYZabc",
      TELEGRAM_ALLOWED_USERS: "1:admin, 2 3:viewer",
      TELEGRAM_ALLOWED_CHATS: "-1001234",
      DISCORD_GUILD_ID: "123456789012345678",
    });
    expect(settings.sim.data).toEqual([
      { symbol: "ETH/USDC:USDC", path: file },
      { symbol: null, path: file },
    ]);
    expect(settings.telegram.allowedUsers).toEqual([
      { id: "1", role: "admin" },
      { id: "2", role: "operator" },
      { id: "3", role: "viewer" },
    ]);
    expect(settings.telegram.allowedChats).toEqual(["-1001234"]);
    expect(settings.sim).toMatchObject({ speed: 0.5, seed: 7, port: 8080 });
    expect(settings.limits.backpack?.[0]?.limit).toBe(5);
    expect(settings.telegram.token?.reveal()).toMatch(/^123456:/);
    expect(JSON.stringify(settings.telegram)).not.toContain("ABCDEF");
  });

  test("the environment wins over the project's file, that over the data folder's, and an empty value counts as not set", () => {
    const project = join(home, "project.env");
    writeFileSync(project, "LOG_LEVEL=warn\nBOTSWAIN_SIM_SEED=1\n");
    writeFileSync(join(home, ".env"), "LOG_LEVEL=error\nBOTSWAIN_SIM_SEED=2\nBOTSWAIN_SIM_PORT=9000\n");
    const settings = load({ BOTSWAIN_ENV_FILE: project, BOTSWAIN_SIM_SEED: "3", BOTSWAIN_SIM_SPEED: "" });
    expect(settings.logLevel).toBe("warn");
    expect(settings.sim).toMatchObject({ seed: 3, port: 9000, speed: 1 });
  });

  test("BOTSWAIN_HOME may stand in the project's file", () => {
    const project = join(home, "project.env");
    writeFileSync(project, `BOTSWAIN_HOME=${home}/elsewhere\n`);
    expect(loadSettings({ BOTSWAIN_ENV_FILE: project }).dataFolder.path).toBe(`${home}/elsewhere`);
  });
});

describe("faults", () => {
  test("all are reported at once, each naming variable, value and what is right", () => {
    const found = faults({
      LOG_LEVEL: "loud",
      BOTSWAIN_TIMEZONE: "Mars/Olympus",
      BOTSWAIN_LANGUAGE: "de",
      BOTSWAIN_SIM_DATA: "/nowhere/data.csv",
      BOTSWAIN_SIM_SPEED: "-1",
      BOTSWAIN_SIM_SEED: "1.5",
      BOTSWAIN_SIM_PORT: "70000",
      BOTSWAIN_SIM_URL: "http://10.0.0.1:80",
      BOTSWAIN_LIMITS: "{",
      TELEGRAM_ALLOWED_USERS: "@alice,5,6:king",
      TELEGRAM_ALLOWED_CHATS: "group",
      TELEGRAM_API_ROOT: "ftp://x",
      DISCORD_GUILD_ID: "12",
      DISCORD_ALERT_CHANNEL_ID: "general",
    });
    expect(found).toHaveLength(14);
    for (const line of found) expect(line).toMatch(/^[A-Z_]+ holds ".+" but should be .+\.$/);
    expect(found.find((line) => line.startsWith("TELEGRAM_ALLOWED_USERS"))).toMatch(/"@alice" and "6:king"/);
  });

  test("limits of the fleet tell every fault by its path", () => {
    expect(faults({ BOTSWAIN_FLEET_RISK: '{"fleet":{"maxDailyLoss":"-5"},"accounts":{"backpack":{},"a/b":{"maxDrawdown":"x"}}}' })).toEqual(
      [
        "BOTSWAIN_FLEET_RISK: fleet.maxDailyLoss -5 must be above 0.",
        'BOTSWAIN_FLEET_RISK: accounts names "backpack" but should name exchange/account, e.g. backpack/sim.',
        "BOTSWAIN_FLEET_RISK: accounts.a/b.maxDrawdown x must be a decimal number such as 0.05.",
      ],
    );
    expect(faults({ BOTSWAIN_FLEET_RISK: "{" })).toEqual([
      expect.stringMatching(/^BOTSWAIN_FLEET_RISK holds "\{" but should be JSON such as /),
    ]);
    expect(load({ BOTSWAIN_FLEET_RISK: '{"fleet":{"maxDailyLoss":5}}' }).fleetRisk).toEqual({ fleet: { maxDailyLoss: "5" }, accounts: {} });
  });

  test("secrets are not shown", () => {
    const found = faults({
      TELEGRAM_BOT_TOKEN: "s3cret",
      DISCORD_BOT_TOKEN: "s3 cret",
      DISCORD_ALERT_WEBHOOK_URL: "https://x/s3cret",
      REDIS_URL: "http://s3cret",
      DATABASE_URL: "mysql://root:s3cret@db/x",
    });
    expect(found).toHaveLength(5);
    expect(found.join("\n")).not.toContain("s3cret");
    for (const line of found) expect(line).toMatch(/^[A-Z_]+ \(value not shown\) should be /);
  });

  test.each(["redis://10.0.0.5:6379", "redis://redis.example.org", "rediss://user@redis.example.org"])(
    "%s is refused: others can reach it without a password",
    (url) => {
      expect(faults({ REDIS_URL: url })).toEqual([expect.stringContaining("needs a password")]);
    },
  );

  test.each([
    "redis://127.0.0.1:6379",
    "redis://localhost",
    "redis://[::1]:6379",
    "unix:///run/redis.sock",
    "rediss://:pw@redis.example.org",
  ])("%s is accepted", (url) => expect(load({ REDIS_URL: url }).redisUrl).toBe(url));

  test("a malformed line and a mistyped name in a file are named with the file", () => {
    const project = join(home, "project.env");
    writeFileSync(project, "# fine\nexport LOG_LEVEL=info\nTELEGRAM_TOKEN=1\nthis is nothing\n");
    const found = faults({ BOTSWAIN_ENV_FILE: project });
    expect(found).toEqual([
      `${project} line 4 is not an assignment: write NAME=value, or put # before a remark.`,
      `${project} sets TELEGRAM_TOKEN, which is no setting of Botswain: see .env.example for the names.`,
    ]);
  });
});

test("every variable is described in .env.example, and nothing else is", () => {
  const example = readFileSync(join(PROJECT_FOLDER, ".env.example"), "utf8");
  const described = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map((match) => match[1]);
  expect([...described].sort()).toEqual(Object.keys(variables).sort());
});

test("the examples of .env.example are valid", () => {
  const example = readFileSync(join(PROJECT_FOLDER, ".env.example"), "utf8");
  const values = Object.fromEntries([...example.matchAll(/^#([A-Z_]+)=(.+)$/gm)].map((match) => [match[1] ?? "", match[2]]));
  const found = faults({ ...values, BOTSWAIN_HOME: home });
  // The token is shortened on purpose, and the recorded file does not exist here.
  expect(found.map((line) => line.split(" ")[0])).toEqual(["TELEGRAM_BOT_TOKEN", "BOTSWAIN_SIM_DATA"]);
});

describe("the data folder", () => {
  test("is BOTSWAIN_HOME, else the platform's usual place", () => {
    expect(locateDataFolder({ BOTSWAIN_HOME: home }).path).toBe(home);
    expect(locateDataFolder({ XDG_DATA_HOME: "/xdg" }).path).toBe(
      process.platform === "darwin" ? `${homedir()}/Library/Application Support/Botswain` : "/xdg/botswain",
    );
  });

  test("keeps sockets in it, or in the temporary folder when their path would be too long", () => {
    expect(locateDataFolder({ BOTSWAIN_HOME: home }).frontSocket).toBe(join(home, "front.sock"));
    const deep = locateDataFolder({ BOTSWAIN_HOME: join(home, "d".repeat(120)) });
    for (const socket of [deep.frontSocket, deep.redis.socket]) {
      expect(socket.startsWith(tmpdir())).toBe(true);
      expect(socket.length).toBeLessThanOrEqual(100);
    }
    expect(locateDataFolder({ BOTSWAIN_HOME: join(home, "e".repeat(120)) }).frontSocket).not.toBe(deep.frontSocket);
  });

  test("belongs to its owner alone", () => {
    const folder = locateDataFolder({ BOTSWAIN_HOME: join(home, "new") });
    prepareDataFolder(folder);
    for (const path of [folder.path, folder.redis.folder, folder.sim.folder, folder.logs]) expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test("that cannot be made is one sentence that names it", () => {
    writeFileSync(join(home, "file"), "");
    expect(() => prepareDataFolder(locateDataFolder({ BOTSWAIN_HOME: join(home, "file", "x") }))).toThrow(
      /data folder .*file\/x cannot be used .*BOTSWAIN_HOME/,
    );
  });
});

test("writing a value keeps the other lines and makes the file private", () => {
  const path = join(home, ".env");
  writeFileSync(path, "# remark\nA=1\nB=2\n", { mode: 0o644 });
  writeEnvValues(path, { B: "with space", C: "3" });
  expect(readFileSync(path, "utf8")).toBe("# remark\nA=1\nB='with space'\nC=3\n");
  expect(readEnvFile(path).values).toEqual({ A: "1", B: "with space", C: "3" });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
