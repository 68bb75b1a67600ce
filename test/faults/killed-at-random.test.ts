import { expect, test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { callsIn } from '../soak/calls.ts';
import { diceOf } from '../soak/dice.ts';
import { reportOf, saveHistory } from '../soak/report.ts';
import { testedDatabase } from '../support/database.ts';
import { World } from '../soak/world.ts';

/** Two servers at the same time: starting takes most of a round, and one core. */
const SERVERS = [1, 2];
const ROUNDS = 50;
/** Of these rounds one is ended while the server starts. */
const START_KILLED_EVERY = 4;
const START_MS = 1500;
/** A server that is up is killed when it has acknowledged up to so many calls, and up to so much later. */
const MOST_CALLS = 12;
const LATER_MS = 50;
/** Where the clients' dice have little that can be acknowledged. */
const LONGEST_MS = 5000;
const CLIENTS_PER_TENANT = 2;
/** Rounds on a busy machine, and everything coming to rest. */
const PATIENCE_MS = ROUNDS * 10_000 + 300_000;

/** TEST_SEED repeats the decisions of a run that failed; it is in the failure's message. */
const firstSeed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31);

async function killAtRandom(world: World, seed: number): Promise<void> {
  const [instance] = world.instances;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const dice = diceOf(seed, 'kill', round);
    const ready = instance?.start();
    if (round % START_KILLED_EVERY === 0) {
      await pause(dice.between(0, START_MS));
    } else {
      await ready;
      const enough = world.history.acknowledged + dice.between(0, MOST_CALLS);
      const giveUpAt = performance.now() + LONGEST_MS;
      while (world.history.acknowledged < enough && performance.now() < giveUpAt) await pause(5);
      await pause(dice.between(0, LATER_MS));
    }
    await instance?.kill();
    await ready;
    world.history.add({ kind: 'fault', what: `kill ${round}` });
  }
}

test.concurrent.each(SERVERS)(
  `server %s, killed ${ROUNDS} times at random under load on ${testedDatabase}, keeps every promise`,
  { timeout: PATIENCE_MS },
  async (server) => {
    const seed = firstSeed + server - 1;
    const world = await World.create({ seed, tenants: ['ada', 'bob'], instances: 1, reconcileMs: 500 });
    try {
      world.begin(CLIENTS_PER_TENANT);
      await killAtRandom(world, seed);
      await world.settle();

      const { recorded, violations } = await world.verdict();
      const file = violations.length === 0 ? '' : await saveHistory(recorded, seed);
      expect(violations, `TEST_SEED=${firstSeed} ${file}\n${reportOf(recorded, violations)}`).toEqual([]);
      // It was under load: calls were cut off, others were acknowledged, and fal had work.
      const calls = callsIn(recorded.history);
      expect(calls.filter(({ end }) => end?.kind === 'info').length).toBeGreaterThan(ROUNDS / 10);
      expect(calls.filter(({ end }) => end?.kind === 'ok').length).toBeGreaterThan(ROUNDS);
      expect(recorded.facts.posts.length).toBeGreaterThan(ROUNDS / 4);
    } finally {
      await world.close();
    }
  },
);
