import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { hasRedis, OwnRedis } from './own-redis.ts';
import { listed, reportOf, saveHistory } from './report.ts';
import { Nemesis } from './faults.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const SAY_EVERY_MS = 30_000;
const CLIENTS_PER_TENANT = 2;
/** Slow enough for webhooks to bring most news, and quick enough for a lost one to be made up for. */
const RECONCILE_MS = 1500;

export type SoakOptions = {
  readonly seed: number;
  readonly minutes: number;
  readonly instances: number;
  readonly say: (line: string) => void;
};

/** Resolves with whether every rule held. */
export async function soak({ seed, minutes, instances, say }: SoakOptions): Promise<boolean> {
  const redis = instances > 1 && hasRedis ? await OwnRedis.start() : null;
  if (instances > 1 && redis === null)
    say('no redis-server program here: news of one instance reaches the others late');
  const world = await World.create({
    seed,
    tenants: ['ada', 'bob', 'eve'],
    instances,
    reconcileMs: RECONCILE_MS,
    redisUrl: redis?.url,
  });
  try {
    // Migrations are another test's affair, so the first is up before the others.
    for (const instance of world.instances) await instance.start();
    world.begin(CLIENTS_PER_TENANT);
    const nemesis = new Nemesis(world, seed, {
      cutDatabase: 'DATABASE_URL' in world.place.env ? cutter(world.place.env.DATABASE_URL) : undefined,
      restartRedis: redis === null ? undefined : (downMs) => redis.restart(downMs),
    });
    const endsAt = performance.now() + minutes * MINUTE_MS;
    for (let left = endsAt - performance.now(); left > 0; left = endsAt - performance.now()) {
      await pause(Math.min(left, SAY_EVERY_MS));
      say(
        `${Math.max(0, Math.round((endsAt - performance.now()) / 1000))} s left: ${world.decisions} decisions, ${listed(nemesis.counts)}`,
      );
    }
    await nemesis.stop();
    say('letting it come to rest');
    await world.settle();
    const { recorded, violations } = await world.verdict();
    say(`faults      ${listed(nemesis.counts)}`);
    for (const { url, errors } of world.instances)
      if (errors.size > 0) say(`errors      ${url}: ${listed(errors)}`);
    say(reportOf(recorded, violations));
    if (violations.length > 0) say(`history     ${await saveHistory(recorded, seed)}`);
    return violations.length === 0;
  } finally {
    await world.close();
    await redis?.stop();
  }
}

/** Cuts every connection to the database that is not its own. */
function cutter(databaseUrl: string): () => Promise<void> {
  return async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await client.end();
  };
}
