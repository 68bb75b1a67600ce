import { expect, test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { callsIn } from '../soak/calls.ts';
import { randomFor } from '../support/prng.ts';
import { reportOf, saveHistory } from '../soak/report.ts';
import { testedDatabase } from '../support/database.ts';
import { SoakRun } from '../soak/soak-run.ts';

/** Two servers at the same time: starting one takes most of a round, and one core. */
const SERVERS = [1, 2];
const ROUNDS = Math.ceil(Number(process.env['TEST_KILLS'] ?? '100') / SERVERS.length);
/** Of these rounds one is ended while the server starts. */
const START_KILLED_EVERY = 4;
const START_MS = 1500;
/** A server that is up is killed when it has acknowledged up to so many calls, and up to so much later. */
const MOST_CALLS = 12;
const LATER_MS = 50;
/** For rounds in which the clients do little that is acknowledged. */
const MAX_ROUND_MS = 5000;
const CLIENTS_PER_TENANT = 2;
/** Rounds and the end of all jobs, on a busy machine. */
const TIMEOUT_MS = ROUNDS * 30_000 + 300_000;

/** TEST_SEED repeats the decisions of a run that failed; it is in the failure's message. */
const firstSeed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31);

async function killAtRandom(run: SoakRun, seed: number): Promise<void> {
  const server = run.stack.server();
  for (let round = 1; round <= ROUNDS; round += 1) {
    const random = randomFor(`${seed}/kill/${round}`);
    const ready = run.start(server);
    if (round % START_KILLED_EVERY === 0) {
      await pause(random.between(0, START_MS));
    } else {
      await ready;
      const enough = run.history.acknowledged + random.between(0, MOST_CALLS);
      // A start measures how fast this machine is at the moment.
      const giveUpAt = performance.now() + MAX_ROUND_MS + 3 * server.startMs;
      while (run.history.acknowledged < enough && performance.now() < giveUpAt) await pause(5);
      await pause(random.between(0, LATER_MS));
    }
    await server.kill();
    await ready;
    run.history.add({ kind: 'fault', what: `kill ${round}` });
  }
}

test.concurrent.each(SERVERS)(
  `server %s, killed ${ROUNDS} times at random under load on ${testedDatabase}, keeps every promise`,
  { timeout: TIMEOUT_MS },
  async (server) => {
    const seed = firstSeed + server - 1;
    const run = await SoakRun.create({ seed, tenants: ['ada', 'bob'], instances: 1, reconcileMs: 500 });
    try {
      run.begin(CLIENTS_PER_TENANT);
      await killAtRandom(run, seed);
      await run.settle();

      const { recorded, violations } = await run.verify();
      const file = violations.length === 0 ? '' : await saveHistory(recorded, seed);
      const report = `TEST_SEED=${firstSeed} ${file}\n${reportOf(recorded, violations)}`;
      expect(violations, report).toEqual([]);
      // It was under load: calls were cut off, others were acknowledged, and fal had work.
      const calls = callsIn(recorded.history);
      expect(calls.filter(({ end }) => end?.kind === 'info').length, report).toBeGreaterThan(ROUNDS / 10);
      expect(calls.filter(({ end }) => end?.kind === 'ok').length, report).toBeGreaterThan(ROUNDS);
      expect(recorded.final.submits.length, report).toBeGreaterThan(ROUNDS / 4);
    } finally {
      await run.close();
    }
  },
);
