import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Real servers are started, and the machine may have other work.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
