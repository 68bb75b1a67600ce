import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { hasRedisServer, runRedis } from '../support/redis.ts';
import { listed, reportOf, saveHistory } from './report.ts';
import { FaultInjector } from './fault-injector.ts';
import { SoakRun } from './soak-run.ts';
import { MINUTE_MS } from '../../src/values/units.ts';

const REPORT_EVERY_MS = 30_000;
const CLIENTS_PER_TENANT = 2;
/** Slow enough for most ends to come by webhook, fast enough to make up for lost ones. */
const RECONCILE_MS = 1500;

export type SoakOptions = {
  readonly seed: number;
  readonly minutes: number;
  readonly instances: number;
  readonly printLine: (line: string) => void;
};

/** Resolves with true when every invariant held. */
export async function soak({ seed, minutes, instances, printLine }: SoakOptions): Promise<boolean> {
  const redisPort = await freePort();
  let redis = instances > 1 && hasRedisServer ? await runRedis(redisPort) : null;
  if (instances > 1 && redis === null)
    printLine('no redis-server program: notifications reach other instances late');
  const run = await SoakRun.create({
    seed,
    tenants: ['ada', 'bob', 'eve'],
    instances,
    reconcileMs: RECONCILE_MS,
    redisUrl: redis?.url,
  });
  try {
    for (const server of run.servers) await server.start();
    run.begin(CLIENTS_PER_TENANT);
    const injector = new FaultInjector(run, seed, {
      cutDatabase: 'DATABASE_URL' in run.stack.databaseEnv ? () => cutDatabase(run) : undefined,
      restartRedis:
        redis === null
          ? undefined
          : async (downMs) => {
              await redis?.stop();
              await pause(downMs);
              redis = await runRedis(redisPort);
            },
    });
    const endsAt = performance.now() + minutes * MINUTE_MS;
    for (let left = endsAt - performance.now(); left > 0; left = endsAt - performance.now()) {
      await pause(Math.min(left, REPORT_EVERY_MS));
      printLine(
        `${Math.max(0, Math.round((endsAt - performance.now()) / 1000))} s left: ${run.decisions} decisions, ${listed(injector.counts)}`,
      );
    }
    await injector.stop();
    printLine('waiting for all jobs to end');
    await run.settle();
    const { recorded, violations } = await run.verify();
    printLine(`faults      ${listed(injector.counts)}`);
    for (const { url, errors } of run.servers)
      if (errors.size > 0) printLine(`errors      ${url}: ${listed(errors)}`);
    printLine(reportOf(recorded, violations));
    if (violations.length > 0) printLine(`history     ${await saveHistory(recorded, seed)}`);
    return violations.length === 0;
  } finally {
    await run.close();
    await redis?.stop();
  }
}

/** Ends every connection to the database but its own. */
async function cutDatabase({ stack }: SoakRun): Promise<void> {
  await stack.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
}
