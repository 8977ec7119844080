import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/**/*.test.ts", "e2e/**/*.test.ts", "scripts/**/*.test.ts"],
    globalSetup: ["packages/server/test/global-setup.ts"],
    // Real databases and servers: the default of 5 s is for a quiet machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
