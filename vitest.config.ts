// How the tests run: Node, two at a time, and the tests that start many processes one after the other.

import { defineConfig } from "vitest/config";

const shared = { environment: "node", testTimeout: 20_000, hookTimeout: 60_000, teardownTimeout: 10_000 } as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    // One private PostgreSQL for the run, where one is installed; `npm test` sees to that.
    globalSetup: ["scripts/postgres-server.mjs"],
    // Tests choose their own settings; a developer's `.env` must not reach them.
    env: { BOTSWAIN_ENV_FILE: "" },
    projects: [
      { test: { ...shared, name: "fast", include: ["test/**/*.test.ts"], exclude: ["test/system/**"], sequence: { groupOrder: 0 } } },
      {
        test: {
          ...shared,
          name: "system",
          include: ["test/system/**/*.test.ts"],
          fileParallelism: false,
          globalSetup: ["scripts/build.mjs"],
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
