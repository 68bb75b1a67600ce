import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

/** Processes that start or are killed, dead connections, a bucket, the whole demo: slow. */
const FAULTS = ['test/faults/**/*.test.ts'];
/** Tests that send a sample of their inputs in `npm test` and all of them at night; see test/support/sample.ts. */
const SAMPLED = [
  'test/security/{equal-cost,json-bodies,long-answers,long-texts,webhook-bodies}.test.ts',
  'test/graphql/compiled-alike.test.ts',
  'test/story/nothing-is-missed.test.ts',
  'packages/fal-simulator/test/{archive,same-person,storage}.test.ts',
];
/** Random kills under random load. */
const HISTORIES = ['test/faults/killed-at-random.test.ts'];
/** Fault tests that are slow and rarely fail; .ci/nightly runs them. */
const NIGHTLY = ['test/faults/{reconnect-storm,submit-hangs}.test.ts'];
/** Pages of the built server in Chromium. */
const BROWSER = ['test/browser/**/*.test.ts'];
/** Of tests that start processes, one after another, on a busy machine. */
const SLOW = { testTimeout: 300_000, hookTimeout: 120_000 };
const WITH_BUILT_SERVER = ['test/support/global-setup.ts', 'test/support/build-server.ts'];

export default defineConfig({
  resolve: {
    // The packages require graphql's CommonJS build; with its ES module in our own code there would be two of it.
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }],
  },
  test: {
    environment: 'node',
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Each worker takes 300 MB for its embedded database.
    maxWorkers: 2,
    provide: { everyPair: false },
    // A guard: longer than every wait of test/support.
    testTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 10 } },
    // Opening a database on a busy machine, and closing what a test left.
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['{test,packages/*/test}/**/*.test.ts'],
          exclude: [...FAULTS, ...BROWSER],
          // Most files start a server, which loads everything there is: they share one copy of it.
          isolate: false,
          // Objects of a request survive a young generation of 16 MB: collecting it took a tenth of the CPU.
          execArgv: ['--min-semi-space-size=64', '--max-semi-space-size=64'],
          // Half of the time these tests wait, so that four workers keep two cores busy. The option `--maxWorkers` has
          // no effect on a project, and projects with another number of workers need a group of their own.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...SLOW,
          name: 'faults',
          include: FAULTS,
          exclude: [...HISTORIES, ...NIGHTLY],
          globalSetup: WITH_BUILT_SERVER,
        },
      },
      {
        extends: true,
        test: {
          ...SLOW,
          name: 'browser',
          include: BROWSER,
          // A browser keeps both cores busy.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          globalSetup: ['test/support/chromium.ts', ...WITH_BUILT_SERVER],
        },
      },
      {
        extends: true,
        test: { ...SLOW, name: 'histories', include: HISTORIES, globalSetup: WITH_BUILT_SERVER },
      },
      {
        extends: true,
        test: {
          ...SLOW,
          name: 'nightly',
          include: [...NIGHTLY, ...SAMPLED],
          provide: { everyPair: true },
          globalSetup: WITH_BUILT_SERVER,
        },
      },
    ],
  },
});
