import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Fault runs kill processes for minutes; they have their own command.
    exclude: ['test/faults/**', 'node_modules/**'],
    globalSetup: ['test/support/global-setup.ts'],
    // An embedded database takes about 300 MB, so few files run at once, each in a process of its own.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    // Opening a database on a busy machine, and closing what a test left.
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
