// Generates the Prisma clients for SQLite and PostgreSQL when a schema changed, without downloading an engine.
import { existsSync, lstatSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { filesIn, fingerprint, isMain, main, readStamp, root, run, SetupError, say, tail, writeStamp } from "./steps.mjs";

const providers = ["sqlite", "postgresql"];

/** Generates what is out of date; `force` generates both clients anyway. */
export async function generateClients({ force = false } = {}) {
  for (const provider of providers) await generateClient(provider, force);
}

async function generateClient(provider, force) {
  const folder = join(root, "prisma", provider);
  linkModels(folder);
  const schema = filesIn([folder, "prisma/base.prisma"], (path) => path.endsWith(".prisma"));
  const wanted = fingerprint([...schema, join(root, "node_modules/prisma/package.json")]);
  const generated = join(root, "src/storage/generated", provider, "client.ts");
  if (!force && existsSync(generated) && readStamp(`prisma-${provider}`) === wanted) return;
  say(`generating the Prisma client for ${provider}`);
  const { code, output } = await run(process.execPath, ["node_modules/prisma/build/index.js", "generate", "--schema", folder], {
    // Generating runs no engine, but Prisma looks for one first: any existing file keeps it from downloading.
    env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: "1", CHECKPOINT_DISABLE: "1", NO_COLOR: "1" },
  });
  if (code !== 0 || !existsSync(generated))
    throw new SetupError(`The Prisma client for ${provider} could not be generated:\n${tail(output)}`);
  writeStamp(`prisma-${provider}`, wanted);
}

/** Both providers share prisma/base.prisma; a checkout without symbolic links gets them back here. */
function linkModels(folder) {
  const link = join(folder, "models.prisma");
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync("../base.prisma", link);
}

if (isMain(import.meta.url)) await main(() => generateClients({ force: process.argv.includes("--force") }));
