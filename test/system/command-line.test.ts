// The compiled command line as a person uses it: up, exec, ps, logs, down, bad input, and what survives a kill.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLocalServer } from "../../src/bot/local.ts";
import { locateDataFolder } from "../../src/cli/data-folder.ts";
import { isAlive } from "../../src/cli/process-info.ts";
import { pingRedis } from "../../src/cli/redis-line.ts";
import type { PsRow } from "../../src/cli/verbs/ps.ts";
import { until } from "../cli/until.ts";
import { startFakeDiscord } from "../fakes/discord-server.ts";
import { startFakeTelegram } from "../fakes/telegram-server.ts";

const botswain = fileURLToPath(new URL("../../bin/botswain", import.meta.url));
const START_MS = 60_000;

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(home: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const plain = { ...process.env, BOTSWAIN_HOME: home, BOTSWAIN_ENV_FILE: "", LANG: "C", LC_ALL: "C", ...env };
  return spawn(process.execPath, [botswain, ...args], { env: plain, stdio: ["ignore", "pipe", "pipe"] });
}

function finish(child: ChildProcess): Promise<Run> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

const homes: string[] = [];
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "botswain-cli-"));
  homes.push(home);
  return home;
}

function run(home: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  return finish(start(home, args, env));
}

/** Starts `up` and waits until it says that it is ready. */
async function up(home: string, env: NodeJS.ProcessEnv = {}): Promise<{ readonly child: ChildProcess; readonly ended: Promise<Run> }> {
  const child = start(home, ["up"], env);
  const ended = finish(child);
  let out = "";
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await until(() => out.includes("ready: ") || child.exitCode !== null, START_MS);
  return { child, ended };
}

async function processes(home: string): Promise<readonly PsRow[]> {
  const { out } = await run(home, ["ps", "--json"]);
  return (JSON.parse(out) as { readonly processes: readonly PsRow[] }).processes;
}

afterAll(async () => {
  for (const home of homes) {
    await run(home, ["down"]);
    rmSync(home, { recursive: true, force: true });
  }
});

describe("bad input", () => {
  test("a wrong verb, option or argument is a usage fault with exit code 2, help is none", async () => {
    const home = newHome();
    for (const args of [["nonsense"], ["ps", "--nonsense"], ["logs", "-n", "many"], ["exec"]]) expect((await run(home, args)).code).toBe(2);
    for (const verb of ["up", "down", "ps", "logs", "bot", "worker", "exchange-sim", "chat", "exec", "setup", "doctor"]) {
      const help = await run(home, [verb, "--help"]);
      expect(help.code).toBe(0);
      expect(help.out).toContain(`$ botswain ${verb}`);
    }
  });

  test("with nothing running, exec, ps, down and chat say how to start and exit with 4", async () => {
    const home = newHome();
    for (const args of [["exec", "/status"], ["ps"], ["down"], ["chat"]]) {
      const { code, err } = await run(home, args);
      expect(code).toBe(4);
      expect(err.trim()).toBe(`Nothing runs on the data folder ${home}: start it with \`npm start\` or \`bin/botswain up\`.`);
    }
    const { code, out } = await run(home, ["exec", "/status eth_grid", "--json"]);
    expect(code).toBe(4);
    expect(JSON.parse(out)).toMatchObject({ ok: false, command: "status", data: null });
  });

  test("a port in use, an unreadable data file, Redis away and database away are each one sentence, and nothing stays running", async () => {
    const home = newHome();
    const blocker = createServer().listen(0, "127.0.0.1");
    await until(() => blocker.listening);
    const { port } = blocker.address() as { readonly port: number };
    const broken = join(home, "broken.csv");
    writeFileSync(broken, "this is no market\n");
    const cases: readonly [NodeJS.ProcessEnv, RegExp][] = [
      [{ BOTSWAIN_SIM_PORT: String(port) }, new RegExp(`Port ${port} .*in use`)],
      [{ BOTSWAIN_SIM_DATA: broken }, /broken\.csv/],
      [{ REDIS_URL: "redis://127.0.0.1:1" }, /REDIS_URL \(redis:\/\/127\.0\.0\.1:1\) cannot be used/],
      [{ DATABASE_URL: "postgresql://u:hidden@127.0.0.1:1/x" }, /DATABASE_URL/],
    ];
    for (const [env, sentence] of cases) {
      const { code, err } = await run(home, ["up"], env);
      expect(code, err).toBe(1);
      expect(err).toMatch(sentence);
      expect(err).not.toMatch(/hidden|\n\s+at /);
      expect((await run(home, ["ps"])).code).toBe(4);
    }
    blocker.close();
  });

  test("settings at fault are listed all at once and nothing starts", async () => {
    const { code, err } = await run(newHome(), ["up"], { LOG_LEVEL: "loud", BOTSWAIN_SIM_SPEED: "fast" });
    expect(code).toBe(1);
    expect(err.trim().split("\n")).toHaveLength(2);
  });
});

describe("one machine", () => {
  let home: string;
  beforeAll(async () => {
    home = newHome();
    const { code, out, err } = await run(home, ["up", "--detach"]);
    expect(code, err).toBe(0);
    expect(out).toContain('ready: try bin/botswain exec "/start eth_grid" --yes');
  }, START_MS);

  test("a first start has the three preset bots and a local admin", async () => {
    const { code, out } = await run(home, ["exec", "/status", "--json"]);
    expect(code).toBe(0);
    const { data } = JSON.parse(out) as { readonly data: { readonly bots: readonly { readonly id: string }[] } };
    expect(data.bots.map((bot) => bot.id)).toEqual(["eth_grid", "btc_grid", "sol_grid"]);
  });

  test("a command that fails exits with 1 and names what is wrong", async () => {
    const unknown = await run(home, ["exec", "/status nobody"]);
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain("nobody");
  });

  test("a second up on the same data folder says who holds it and exits with 1", async () => {
    const holder = (await processes(home)).find((row) => row.role === "up")?.pid;
    const { code, err } = await run(home, ["up"]);
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`^The data folder ${home} is in use by process ${holder} on .+ since 20\\d\\d-.+: stop it with`));
    expect((await run(home, ["up", "--detach"])).code).toBe(1);
  });

  test("killed roles and a killed Redis come back by themselves", async () => {
    for (const role of ["bot", "worker", "exchange-sim", "redis"]) {
      const before = (await processes(home)).find((row) => row.role === role)?.pid ?? Number.NaN;
      process.kill(before, "SIGKILL");
      await until(async () => {
        const row = (await processes(home)).find((candidate) => candidate.role === role);
        return role === "redis"
          ? (await pingRedis(locateDataFolder({ BOTSWAIN_HOME: home }).redis.socket)) === "ready"
          : row?.state === "ready" && row.pid !== before;
      }, START_MS);
    }
    await until(async () => (await run(home, ["exec", "/bots"])).code === 0, START_MS);
  });

  test("logs shows lines of everything, of one bot, and as written", async () => {
    const all = await run(home, ["logs"]);
    expect(all.out).toMatch(/info worker: /);
    expect((await run(home, ["logs", "nobody"])).out).toBe("");
    for (const line of (await run(home, ["logs", "--json", "-n", "3"])).out.trim().split("\n"))
      expect(JSON.parse(line)).toHaveProperty("level");
  });

  test("doctor finds nothing wrong", async () => {
    const { code, out } = await run(home, ["doctor", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ ok: true });
    expect(code).toBe(0);
  });

  test("setup --pair-only hands out a code, and setup without a terminal says what to do instead", async () => {
    const paired = await run(home, ["setup", "--pair-only"]);
    expect(paired.out).toMatch(/Send \/pair [A-Z2-9]{5}-[A-Z2-9]{5} to your bot within 15 minutes/);
    const lost = await run(home, ["setup"]);
    expect([lost.code, lost.err.includes("--telegram-token-env")]).toEqual([1, true]);
    const empty = await run(home, ["setup", "--telegram-token-env", "NO_SUCH_VARIABLE"]);
    expect([empty.code, empty.err.includes("NO_SUCH_VARIABLE is empty")]).toEqual([1, true]);
  });

  test("down ends everything and leaves nothing behind", async () => {
    const pids = (await processes(home)).flatMap((row) => row.pid ?? []);
    expect(pids).toHaveLength(5);
    const { code } = await run(home, ["down"]);
    expect(code).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await pingRedis(locateDataFolder({ BOTSWAIN_HOME: home }).redis.socket)).toBe("absent");
    expect((await run(home, ["ps"])).code).toBe(4);
  });
});

test("setup checks tokens, keeps them for the owner alone and shows them to nobody", async () => {
  const home = newHome();
  const telegram = await startFakeTelegram({ token: "123456789:AAExampleExampleExampleExampleExample" });
  const discord = await startFakeDiscord();
  const env = {
    TELEGRAM_API_ROOT: telegram.url,
    DISCORD_API_ROOT: discord.apiRoot,
    MY_TELEGRAM: telegram.token,
    MY_DISCORD: discord.token,
  };
  const { code, out, err } = await run(home, ["setup", "--telegram-token-env", "MY_TELEGRAM", "--discord-token-env", "MY_DISCORD"], env);
  expect(code, err).toBe(0);
  expect(out).toContain(`@${telegram.username}`);
  expect(out).toMatch(/https:\/\/discord\.com\/oauth2\/authorize\?client_id=\d+/);
  expect(out).toMatch(/Send \/pair [A-Z2-9]{5}-[A-Z2-9]{5} to your bot/);
  for (const token of [telegram.token, discord.token]) expect(out + err).not.toContain(token);
  const file = join(home, ".env");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toBe(`TELEGRAM_BOT_TOKEN=${telegram.token}\nDISCORD_BOT_TOKEN=${discord.token}\n`);
  const refused = await run(home, ["setup", "--telegram-token-env", "WRONG"], {
    ...env,
    WRONG: "987654321:BBWrongWrongWrongWrongWrongWrong",
  });
  expect(refused.code).toBe(1);
  expect(refused.err.trim().split("\n")).toHaveLength(1);
  expect(refused.err).not.toContain("BBWrong");
  await telegram.stop();
  await discord.stop();
});

test("a command that waits for an answer exits with 3 and says how to give it", async () => {
  const home = newHome();
  const question = { tone: "neutral", title: { en: "Really?", "zh-TW": "確定嗎？" }, blocks: [], data: null, asks: true } as const;
  const front = await startLocalServer({
    path: locateDataFolder({ BOTSWAIN_HOME: home }).frontSocket,
    dispatch: async () => question,
    outbox: { after: async () => [], cursor: async () => 0, advance: async () => {}, targets: async () => [], onRaised: () => () => {} },
    log: pino({ level: "silent" }),
  });
  const { code, err } = await run(home, ["exec", "/stop eth_grid"]);
  expect(code).toBe(3);
  expect(err).toContain("Really?");
  expect(err).toContain("--yes");
  const asJson = await run(home, ["exec", "/stop eth_grid", "--json"]);
  expect(asJson.code).toBe(3);
  expect(JSON.parse(asJson.out)).toMatchObject({ ok: false, command: "stop" });
  await front.stop();
});

describe("a supervisor that is killed", () => {
  test("leaves no role behind, and the next start adopts its Redis and the data", async () => {
    const home = newHome();
    const first = await up(home);
    const rows = await processes(home);
    const redis = rows.find((row) => row.role === "redis")?.pid;
    first.child.kill("SIGKILL");
    await first.ended;
    const roles = rows.filter((row) => !["up", "redis"].includes(row.role)).flatMap((row) => row.pid ?? []);
    expect(roles).toHaveLength(3);
    const second = await up(home);
    expect(roles.filter(isAlive)).toEqual([]);
    expect((await processes(home)).find((row) => row.role === "redis")?.pid).toBe(redis);
    second.child.kill("SIGINT");
    expect((await second.ended).code).toBe(0);
    expect(redis === null || redis === undefined || isAlive(redis)).toBe(false);
  });

  test("a second signal ends everything at once", async () => {
    const home = newHome();
    const { child, ended } = await up(home);
    const pids = (await processes(home)).flatMap((row) => row.pid ?? []);
    // A worker that does not listen keeps the graceful end from finishing.
    const worker = (await processes(home)).find((row) => row.role === "worker")?.pid ?? Number.NaN;
    process.kill(worker, "SIGSTOP");
    child.kill("SIGTERM");
    await new Promise((resume) => setTimeout(resume, 1_000));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(130);
    await until(() => pids.every((pid) => !isAlive(pid)));
  });
});

test("of many processes that find a dead lock at once, one gets it", async () => {
  const home = newHome();
  const path = join(home, "lock");
  writeFileSync(path, JSON.stringify({ pid: 999_999_999, started: null, since: 1, host: "x" }));
  const lock = new URL("../../dist/cli/lock.js", import.meta.url).href;
  const code = `const { takeLock } = await import(${JSON.stringify(lock)}); console.log("lock" in takeLock(${JSON.stringify(path)})); setTimeout(() => {}, 3000);`;
  writeFileSync(path, readFileSync(path, "utf8").replace('"x"', JSON.stringify((await import("node:os")).hostname())));
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  const answers = await Promise.all(
    children.map(
      (child) => new Promise<string>((resolve) => child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()))),
    ),
  );
  for (const child of children) child.kill();
  expect(answers.sort()).toEqual(["false", "false", "false", "false", "false", "true"]);
});
