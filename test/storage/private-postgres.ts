// Empty databases of a test's own on the PostgreSQL server that was started for this run.

import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The server's address without a database; null when this machine has no PostgreSQL. */
    readonly postgresUrl: string | null;
  }
}

const server = inject("postgresUrl");

/** Why there is no server to test with, or null when there is one. */
export const postgresMissing: string | null = server === null ? "no PostgreSQL server (initdb, postgres) found" : null;

async function administer(statement: string): Promise<void> {
  const admin = new pg.Client({ connectionString: `${server}/postgres` });
  await admin.connect();
  await admin.query(statement);
  await admin.end();
}

/** Makes an empty database and returns its address. */
export async function createPostgresDatabase(): Promise<string> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE template0`);
  return `${server}/${name}`;
}

/** Removes a database, whoever is still connected. */
export async function dropPostgresDatabase(url: string): Promise<void> {
  await administer(`DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
}
