#!/usr/bin/env node
// For developers who change the schema: stands in for Prisma's native schema engine (a download) with the WebAssembly one from npm.
//
//   PRISMA_SCHEMA_ENGINE_BINARY=scripts/schema-engine.mjs npx prisma migrate dev --name add_something
//
// Prisma's command line starts whatever that variable names and talks JSON-RPC with it, one message per line, over stdin and stdout.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";

/** PostgreSQL's one-byte catalogue type "char", which the adapter does not know. */
const CHAR_TYPE = 18;
const TEXT_TYPE = 25;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    datamodels: { type: "string", multiple: true, default: [] },
    datasource: { type: "string", default: "{}" },
    version: { type: "boolean", default: false },
  },
});
const url = JSON.parse(options.datasource).url ?? "file:./dev.db";
const isPostgres = /^postgres(ql)?:/.test(url);

/** The driver adapter for the database that Prisma was told to work on. */
async function openFactory() {
  return isPostgres ? postgresFactory() : sqliteFactory();
}

/** SQLite's driver prepares one statement at a time, but the engine sends whole scripts as raw statements: those go to `executeScript`. */
function sqliteFactory() {
  const factory = new PrismaBetterSqlite3({ url });
  const scriptable = (connection) =>
    new Proxy(connection, {
      get(target, key) {
        const value = target[key];
        if (key === "executeRaw") return (query) => executeRaw(target, query);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => scriptable(await factory.connect()),
    connectToShadowDb: async () => scriptable(await factory.connectToShadowDb()),
  };
}

async function executeRaw(connection, query) {
  if (query.args.length > 0) return connection.executeRaw(query);
  await connection.executeScript(query.sql);
  return 0;
}

/** PostgreSQL: catalogue columns of type "char" are read as text, and the shadow database is closed before it is dropped. */
async function postgresFactory() {
  const [{ PrismaPg }, { default: pg }] = await Promise.all([import("@prisma/adapter-pg"), import("pg")]);
  const address = new URL(url);
  const schema = address.searchParams.get("schema") ?? undefined;
  const access = {
    host: address.hostname,
    port: Number(address.port || 5432),
    user: decodeURIComponent(address.username),
    password: decodeURIComponent(address.password),
    Client: clientReadingCharAsText(pg.Client),
  };
  const factoryFor = (database) => new PrismaPg({ ...access, database }, { schema });
  const factory = factoryFor(address.pathname.slice(1));
  factory.connectToShadowDb = async () => {
    const name = `prisma_shadow_${randomUUID().replaceAll("-", "")}`;
    const admin = await factory.connect();
    await admin.executeScript(`CREATE DATABASE "${name}"`);
    const shadow = await factoryFor(name).connect();
    const close = shadow.dispose.bind(shadow);
    shadow.dispose = async () => {
      await close();
      await admin.executeScript(`DROP DATABASE "${name}"`);
      await admin.dispose();
    };
    return shadow;
  };
  return factory;
}

function clientReadingCharAsText(Client) {
  const asText = (result) => {
    for (const field of result?.fields ?? []) if (field.dataTypeID === CHAR_TYPE) field.dataTypeID = TEXT_TYPE;
    return result;
  };
  return class extends Client {
    query(...args) {
      const callback = args.at(-1);
      if (typeof callback === "function") return super.query(...args.slice(0, -1), (error, result) => callback(error, asText(result)));
      const answer = super.query(...args);
      return typeof answer?.then === "function" ? answer.then(asText) : answer;
    }
  };
}

/** `schema-engine cli can-connect-to-database` and its like: Prisma asks only whether the database answers. */
async function answerCli() {
  try {
    const connection = await (await openFactory()).connect();
    await connection.executeScript("SELECT 1");
    await connection.dispose();
    return 0;
  } catch (error) {
    const fields = { message: String(error?.message ?? error), error_code: "P1003" };
    process.stderr.write(`${JSON.stringify({ level: "ERROR", target: "schema_engine::logger", fields })}\n`);
    return 1;
  }
}

/** Loads the WebAssembly engine; `errors` keeps the driver's own errors, which the engine names by number only. */
async function openEngine() {
  const require = createRequire(import.meta.url);
  const gluePath = require.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const wasm = await WebAssembly.compile(await readFile(gluePath.replace(/\.js$/, ".wasm")));
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => process.stderr.write(`${message}\n`) };
  const instance = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  const datamodels = await Promise.all(options.datamodels.map(async (path) => [path, await readFile(path, "utf8")]));
  const bound = bindMigrationAwareSqlAdapterFactory(await openFactory());
  const engine = await glue.SchemaEngine.new(datamodels.length > 0 ? { datamodels } : {}, () => {}, bound);
  return { engine, errors: bound.errorRegistry };
}

/** The engine fails on a SQLite database without Prisma's bookkeeping table instead of taking it for empty. */
async function ensureMigrationsTable() {
  const connection = await (await openFactory()).connect();
  await connection.executeScript(
    `CREATE TABLE IF NOT EXISTS "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME,
     "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
     "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`,
  );
  await connection.dispose();
}

async function answer(opening, request) {
  const method = request.method === "getDatabaseVersion" ? "version" : request.method;
  let errors;
  try {
    const opened = await opening;
    const engine = opened.engine;
    errors = opened.errors;
    if (typeof engine[method] !== "function") throw new Error(`the WebAssembly schema engine has no method ${method}`);
    if (!isPostgres && (method === "devDiagnostic" || method === "diagnoseMigrationHistory")) await ensureMigrationsTable();
    const result = (await engine[method](request.params)) ?? null;
    // The native engine prints a diff through a message of its own; the WebAssembly one returns the text.
    if (method === "diff" && result?.stdout)
      write({ jsonrpc: "2.0", id: 1_000_000, method: "print", params: { content: result.stdout.trimEnd() } });
    return { jsonrpc: "2.0", id: request.id, result };
  } catch (error) {
    const message = String(error?.message ?? error).replace(/External error id#(\d+)/, (text, number) => {
      const cause = errors?.consumeError(Number(number))?.error;
      return cause === undefined ? text : String(cause.message ?? cause);
    });
    return { jsonrpc: "2.0", id: request.id, error: { code: 4466, message, data: { is_panic: false, message, error_code: error?.code } } };
  }
}

function write(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function main() {
  if (options.version) {
    console.log("schema-engine-wasm");
    return;
  }
  if (positionals[0] === "cli") {
    process.exit(await answerCli());
  }
  let opening;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    const request = JSON.parse(line);
    if (request.method === undefined) continue;
    opening ??= openEngine();
    write(await answer(opening, request));
  }
}

await main();
