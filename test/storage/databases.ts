// Runs one suite on every database that this machine has: SQLite in a temporary file, PostgreSQL where its server is installed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe } from "vitest";
import { type Database, openDatabase } from "../../src/storage/database.ts";
import { createPostgresDatabase, dropPostgresDatabase, postgresMissing } from "./private-postgres.ts";

export interface DatabaseFixture {
  /** Address of this test's own, empty database. */
  url(): string;
  /** Opens it (once more); closed after the test. */
  open(): Promise<Database>;
}

/** Declares `suite` once per kind of database; every test has a database of its own. */
export function onEachDatabase(title: string, suite: (fixture: DatabaseFixture) => void): void {
  describe(`${title} on SQLite`, () => {
    let folder = "";
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "botswain-db-"));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));
    suite(withOpen(() => `file:${join(folder, "botswain.db")}`));
  });
  const why = postgresMissing === null ? "" : ` (skipped: ${postgresMissing})`;
  describe.skipIf(postgresMissing !== null)(`${title} on PostgreSQL${why}`, () => {
    let url = "";
    beforeEach(async () => {
      url = await createPostgresDatabase();
    });
    afterEach(() => dropPostgresDatabase(url));
    suite(withOpen(() => url));
  });
}

function withOpen(url: () => string): DatabaseFixture {
  const opened: Database[] = [];
  // Declared last, so that it runs before the file below the connections is removed.
  afterEach(async () => {
    for (const db of opened.splice(0)) await db.close();
  });
  return {
    url,
    open: async () => {
      const db = await openDatabase(url());
      opened.push(db);
      return db;
    },
  };
}
