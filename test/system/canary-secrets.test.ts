// Canary secrets in every credential field of many accounts: after runs, a crash and failed connects none of them is anywhere.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { botConfigSchema } from "../../src/core/bot-config.ts";
import { createBots } from "../../src/storage/bots.ts";
import { openDatabase } from "../../src/storage/database.ts";
import { connectRedis } from "../../src/storage/redis.ts";
import { type FakeTelegram, startFakeTelegram } from "../fakes/telegram-server.ts";
import { botswain, FleetUnderTest, PROJECT, processesOf, until } from "./fleet.ts";

const OPERATOR = 42;

function hex(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}

function base64(): string {
  return randomBytes(32).toString("base64");
}

interface CanaryAccount {
  readonly exchange: string;
  readonly network: "live" | "testnet";
  readonly fields: Readonly<Record<string, string>>;
}

/** Values of the right form, each of them unheard of. */
function canaryAccounts(): readonly CanaryAccount[] {
  const keyAndSecret = () => ({ apiKey: `canary${hex(20)}`, secret: `canary${hex(20)}` });
  return [
    { exchange: "backpack", network: "live", fields: { apiKey: base64(), secret: base64() } },
    {
      exchange: "aster",
      network: "live",
      fields: { walletAddress: `0x${hex(20)}`, signerAddress: `0x${hex(20)}`, privateKey: `0x${hex(32)}` },
    },
    { exchange: "paradex", network: "testnet", fields: { address: `0x${hex(31)}`, publicKey: `0x${hex(31)}`, privateKey: `0x${hex(31)}` } },
    { exchange: "lighter", network: "live", fields: { accountIndex: "12345", apiKeyIndex: "7", apiPrivateKey: hex(40) } },
    {
      exchange: "hyperliquid",
      network: "testnet",
      fields: { walletAddress: `0x${hex(20)}`, privateKey: `0x${hex(32)}`, vaultAddress: `0x${hex(20)}` },
    },
    { exchange: "binance", network: "live", fields: keyAndSecret() },
    { exchange: "okx", network: "live", fields: { ...keyAndSecret(), password: `canary${hex(8)}` } },
    { exchange: "apex", network: "live", fields: { ...keyAndSecret(), password: `canary${hex(8)}`, seeds: hex(65) } },
    { exchange: "standx", network: "live", fields: { token: `canary${hex(20)}`, privateKey: hex(32), sessionId: `canary${hex(8)}` } },
    { exchange: "kucoin", network: "live", fields: { ...keyAndSecret(), password: `canary${hex(8)}` } },
  ];
}

/** What must be found nowhere, by a name to report it under. */
class Canaries {
  readonly #values = new Map<string, readonly Buffer[]>();

  add(name: string, value: string): void {
    if (/^\d+$/.test(value)) return;
    const bare = value.replace(/^0x/, "");
    const forms = [bare, bare.toUpperCase(), encodeURIComponent(bare), Buffer.from(value).toString("base64").replace(/=+$/, "")];
    this.#values.set(
      name,
      [...new Set(forms)].map((form) => Buffer.from(form)),
    );
  }

  get count(): number {
    return this.#values.size;
  }

  /** `where: name` for each one found. */
  in(where: string, content: Buffer | string): readonly string[] {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    return [...this.#values].flatMap(([name, forms]) => (forms.some((form) => bytes.includes(form)) ? [`${where}: ${name}`] : []));
  }
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : [];
  });
}

function logOf(home: string): string {
  return filesIn(join(home, "logs"))
    .map((file) => readFileSync(file, "utf8"))
    .join("");
}

/** Every key of Redis with all that is in it, as text. */
async function wholeRedis(redis: Redis): Promise<string> {
  const found: string[] = [];
  for await (const keys of redis.scanStream({ count: 500 }) as AsyncIterable<string[]>) {
    for (const key of keys) {
      const type = await redis.type(key);
      const read: Readonly<Record<string, () => Promise<unknown>>> = {
        string: () => redis.get(key),
        hash: () => redis.hgetall(key),
        list: () => redis.lrange(key, 0, -1),
        set: () => redis.smembers(key),
        zset: () => redis.zrange(key, "0", "-1"),
        stream: () => redis.xrange(key, "-", "+"),
      };
      found.push(`${key} ${type} ${JSON.stringify(await read[type]?.())}`);
    }
  }
  return found.join("\n");
}

interface ProcessFacts {
  readonly title: string;
  readonly cmdline: Buffer;
  readonly environ: Buffer;
}

function processFacts(home: string): readonly ProcessFacts[] {
  return processesOf(home).flatMap((pid) => {
    try {
      const cmdline = readFileSync(`/proc/${pid}/cmdline`);
      return [{ title: cmdline.toString("latin1").replaceAll("\0", " ").trim(), cmdline, environ: readFileSync(`/proc/${pid}/environ`) }];
    } catch {
      return [];
    }
  });
}

/** Runs a line of the command line with something on its standard input. */
async function piped(args: readonly string[], env: Readonly<Record<string, string>>, input: string): Promise<string> {
  const child = spawn(process.execPath, [join(PROJECT, "bin", "botswain"), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: "pipe",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${args.join(" ")}: ${output}`);
  return output;
}

/** A proxy that hangs up on everybody, so that errors about it arise. */
async function rudeProxy(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => socket.destroy());
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
  );
  return { port, server };
}

function botOf({ exchange, network }: CanaryAccount) {
  return botConfigSchema.parse({
    id: `${exchange}_bot`,
    strategy: "grid",
    params: { gridType: "neutral", gridMode: "geometric", gridNum: 4, priceRangePercent: "3", orderQuantity: "0.05" },
    ...{ exchange, account: "canary", symbol: "ETH/USDC:USDC", mode: network, risk: { maxPosition: "1", maxOpenOrders: 10 } },
  });
}

async function addBots(home: string, accounts: readonly CanaryAccount[]): Promise<void> {
  const db = await openDatabase(`file:${join(home, "botswain.db")}`);
  for (const account of accounts) await createBots(db).create(botOf(account));
  await db.close();
}

/** Everything that the fleet wrote or said, searched. */
async function searchEverything(fleet: FleetUnderTest, telegram: FakeTelegram, canaries: Canaries): Promise<readonly string[]> {
  const found: string[] = [];
  const redis = connectRedis(`unix://${join(fleet.home, "redis", "redis.sock")}`, "command");
  const keys = await wholeRedis(redis);
  redis.disconnect();
  expect(keys).toContain("{botswain}");
  found.push(...canaries.in("redis", keys));
  for (const file of filesIn(fleet.home)) found.push(...canaries.in(file.slice(fleet.home.length), readFileSync(file)));
  found.push(...canaries.in("output", fleet.output));
  const chat = JSON.stringify(telegram.messages());
  expect(chat).toContain("eth_grid");
  found.push(...canaries.in("chat", chat), ...canaries.in("requests to the chat", JSON.stringify(telegram.requests)));
  return found;
}

/** Which of the fleet's processes hold a canary in their arguments, or in their environment where they must not. */
function searchProcesses(home: string, canaries: Canaries, mayHold: RegExp | null): readonly string[] {
  return processFacts(home).flatMap(({ title, cmdline, environ }) => [
    ...canaries.in(`arguments of ${title}`, cmdline),
    ...(mayHold?.test(title) === true ? [] : canaries.in(`environment of ${title}`, environ)),
  ]);
}

function instancesOf(home: string): readonly string[] {
  return processFacts(home).flatMap(({ title }) => /botswain instance (\S+)/.exec(title)?.[1] ?? []);
}

/** Starts bots without waiting for them to come up, since none of them can reach its exchange. */
async function startAll(fleet: FleetUnderTest, ids: readonly string[]): Promise<void> {
  for (const id of ids) void fleet.exec(`/start ${id}`).catch(() => undefined);
  await until(
    `${ids.join(", ")} were tried`,
    async () => {
      const { data } = await fleet.exec("/status");
      const rows = (data as { bots: readonly { id: string; pid: number | null; lastError: string | null }[] }).bots;
      return ids.every((id) => rows.some((row) => row.id === id && (row.pid !== null || row.lastError !== null)));
    },
    90_000,
  );
}

describe("accounts that are stored", () => {
  const accounts = canaryAccounts();
  const canaries = new Canaries();
  let telegram: FakeTelegram;
  let fleet: FleetUnderTest;
  let proxy: Awaited<ReturnType<typeof rudeProxy>>;
  let said = "";

  beforeAll(async () => {
    telegram = await startFakeTelegram();
    proxy = await rudeProxy();
    fleet = new FleetUnderTest({
      TELEGRAM_BOT_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.url,
      TELEGRAM_ALLOWED_USERS: `${OPERATOR}:admin`,
      LOG_LEVEL: "trace",
      // What a person may have turned on for all programs; a report would hold everything.
      NODE_OPTIONS: "--report-on-fatalerror --report-on-signal --report-uncaught-exception",
    });
    for (const [index, { exchange, network, fields }] of accounts.entries()) {
      for (const [name, value] of Object.entries(fields)) canaries.add(`${exchange} ${name}`, value);
      const password = hex(12);
      canaries.add(`${exchange} proxy password`, password);
      const protocol = ["socks5", "http", "https"][index % 3];
      const input = JSON.stringify({ ...fields, network, proxy: `${protocol}://user:${password}@127.0.0.1:${proxy.port}` });
      said += await piped(["account", "add", exchange, "canary", "--from-stdin", "--json"], fleet.env, input);
      if (network === "live") said += await piped(["account", "arm", exchange, "canary", "--yes"], fleet.env, "");
    }
    await addBots(fleet.home, accounts);
    await fleet.up();
  }, 180_000);

  afterAll(async () => {
    await fleet?.destroy();
    await telegram?.stop();
    proxy?.server.close();
  }, 60_000);

  it("lists and shows them without a secret", async () => {
    expect(canaries.count).toBeGreaterThan(30);
    for (const args of [["list"], ["list", "--json"], ["show", "backpack", "canary"], ["show", "okx", "canary", "--json"]]) {
      const { stdout, stderr, code } = await botswain(["account", ...args], fleet.env);
      expect(code).toBe(0);
      expect(stdout).toContain("canary");
      said += stdout + stderr;
    }
    expect(canaries.in("account verbs", said)).toEqual([]);
  }, 60_000);

  it("runs one bot, fails to connect others, crashes some: no process holds a canary where others can read it", async () => {
    await fleet.start("eth_grid");
    await startAll(fleet, ["backpack_bot", "hyperliquid_bot", "binance_bot"]);
    await until("an instance with real keys runs", async () => instancesOf(fleet.home).includes("backpack_bot"), 60_000);
    expect(searchProcesses(fleet.home, canaries, null)).toEqual([]);
    for (const id of ["eth_grid", "backpack_bot"]) {
      const { pid } = await until(`${id} has a process`, async () => {
        const status = await fleet.status(id);
        return status.pid === null ? undefined : status;
      });
      // With reports turned on, this signal asks for one.
      process.kill(pid ?? -1, "SIGUSR2");
    }
    await until(
      "the chat hears of a crash",
      async () => telegram.messages(OPERATOR).some(({ text }) => /eth_grid[\s\S]*crash/i.test(text)),
      60_000,
    );
    await until("eth_grid runs again", async () => (await fleet.status("eth_grid")).state === "running", 60_000);
    await until("a connect failed", async () => logOf(fleet.home).includes("connecting backpack:canary failed"), 60_000);
    telegram.say("/status", { from: OPERATOR });
    await until("the chat shows the bots", async () => telegram.messages(OPERATOR).some(({ text }) => /backpack_bot/.test(text)));
  }, 240_000);

  it("the worker says why an account does not fit", async () => {
    await piped(["account", "disarm", "okx", "canary"], fleet.env, "");
    const refused = await fleet.exec("/start okx_bot");
    expect(refused.ok).toBe(false);
    expect(refused.text + refused.stdout).toContain("okx:canary is not armed for real money");
  }, 60_000);

  it("nothing that was written, stored, queued or said holds one", async () => {
    // The search itself is proven by what must be there.
    const planted = new Canaries();
    planted.add("a bot's name", "backpack_bot");
    const places = (await searchEverything(fleet, telegram, planted)).join("\n");
    for (const place of ["/botswain.db", "/logs/", "redis", "chat"]) expect(places).toContain(place);
    expect(await searchEverything(fleet, telegram, canaries)).toEqual([]);
    expect(searchProcesses(fleet.home, canaries, null)).toEqual([]);
  }, 60_000);

  it("no report and no core file was left", () => {
    // Node writes reports into the working directory.
    const names = [fleet.home, PROJECT, process.cwd()].flatMap((folder) => readdirSync(folder));
    expect(names.filter((name) => /^report\..*\.json$|^core(\.\d+)?$/.test(name))).toEqual([]);
  });
});

describe("accounts of the environment", () => {
  const canaries = new Canaries();
  const account: CanaryAccount = { exchange: "backpack", network: "live", fields: { apiKey: base64(), secret: base64() } };
  const wallet: CanaryAccount = {
    exchange: "hyperliquid",
    network: "testnet",
    fields: { walletAddress: `0x${hex(20)}`, privateKey: `0x${hex(32)}` },
  };
  const password = hex(12);
  let telegram: FakeTelegram;
  let fleet: FleetUnderTest;
  let proxy: Awaited<ReturnType<typeof rudeProxy>>;

  beforeAll(async () => {
    telegram = await startFakeTelegram();
    proxy = await rudeProxy();
    for (const { exchange, fields } of [account, wallet])
      for (const [name, value] of Object.entries(fields)) canaries.add(`${exchange} ${name}`, value);
    canaries.add("proxy password", password);
    fleet = new FleetUnderTest({
      TELEGRAM_BOT_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.url,
      TELEGRAM_ALLOWED_USERS: `${OPERATOR}:admin`,
      LOG_LEVEL: "trace",
      BOTSWAIN_ACCOUNTS_FROM_ENV: "true",
      BOTSWAIN_ARMED: "backpack:canary",
      BOTSWAIN_ACCOUNT_BACKPACK_CANARY_API_KEY: account.fields.apiKey ?? "",
      BOTSWAIN_ACCOUNT_BACKPACK_CANARY_SECRET: account.fields.secret ?? "",
      BOTSWAIN_ACCOUNT_BACKPACK_CANARY_PROXY: `http://user:${password}@127.0.0.1:${proxy.port}`,
      BOTSWAIN_ACCOUNT_HYPERLIQUID_CANARY_WALLET_ADDRESS: wallet.fields.walletAddress ?? "",
      BOTSWAIN_ACCOUNT_HYPERLIQUID_CANARY_PRIVATE_KEY: wallet.fields.privateKey ?? "",
      BOTSWAIN_ACCOUNT_HYPERLIQUID_CANARY_NETWORK: "testnet",
    });
    await addBots(fleet.home, [account, wallet]);
    await fleet.up();
  }, 120_000);

  afterAll(async () => {
    await fleet?.destroy();
    await telegram?.stop();
    proxy?.server.close();
  }, 60_000);

  it("reach instances without their environment, and are found nowhere", async () => {
    await fleet.start("eth_grid");
    await startAll(fleet, ["backpack_bot", "hyperliquid_bot"]);
    await until("an instance with real keys runs", async () => instancesOf(fleet.home).includes("backpack_bot"), 60_000);
    telegram.say("/status", { from: OPERATOR });
    await until("the chat shows the bots", async () =>
      telegram.messages(OPERATOR).some(({ text }) => /eth_grid[\s\S]*backpack_bot|backpack_bot[\s\S]*eth_grid/.test(text)),
    );
    // The worker and those who may start it were given the variables; nobody else was.
    expect(searchProcesses(fleet.home, canaries, /main\.js (worker|bot)$|bin\/botswain (up|exec )/)).toEqual([]);
    const others = processFacts(fleet.home).filter(({ title }) => /exchange-sim|redis-server|botswain instance/.test(title));
    expect(others.length).toBeGreaterThanOrEqual(4);
    expect(await searchEverything(fleet, telegram, canaries)).toEqual([]);
    expect(existsSync(join(fleet.home, "master.key"))).toBe(false);
  }, 180_000);
});
