// Prisma's command line: which schema folder and which database, both from DATABASE_URL. Used by developers only, never at start.

import { join } from "node:path";
import { defineConfig } from "prisma/config";

const url = process.env.DATABASE_URL ?? "file:./dev.db";
const folder = join("prisma", /^postgres(ql)?:/.test(url) ? "postgresql" : "sqlite");

export default defineConfig({ schema: folder, migrations: { path: join(folder, "migrations") }, datasource: { url } });
