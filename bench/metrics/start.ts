import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { JWT_SECRET, tokenOf } from '../../test/support/tokens.ts';
import { startContender, startLikeness, type ServerUnderTest } from '../processes.ts';
import { spreadOf, type Row } from '../statistics.ts';
import type { BenchDatabase } from '../database.ts';
import type { Plan } from '../plan.ts';

/** After its first answer a server still compiles and collects. */
const IDLE_MS = 3000;

/** From the start of the process to the first right answer, and the memory of an idle server. */
export async function measureStart(database: BenchDatabase, plan: Plan): Promise<Row[]> {
  const authorization = `Bearer ${await tokenOf('owner-1')}`;
  const common = {
    AUTH_JWT_SECRET: JWT_SECRET,
    FAL_KEY: 'bench',
    FAL_JWKS_URL: 'http://127.0.0.1:9/jwks.json',
    RECONCILE_INTERVAL_MS: '3600000',
  };
  const folder = await mkdtemp(join(tmpdir(), 'likeness-bench-'));
  // The folder exists already, as at every start but the first.
  const embedded = { ...common, DATA_DIR: join(folder, 'data') };
  const contenders = [
    { name: 'hello', start: () => startContender('hello', {}) },
    { name: 'likeness on PostgreSQL', start: () => startLikeness({ ...common, DATABASE_URL: database.url }) },
    { name: 'likeness, embedded', start: () => startLikeness(embedded) },
  ].map((one) => ({ ...one, ms: [] as number[], rss: [] as number[] }));
  try {
    for (let round = -1; round < plan.starts; round += 1) {
      for (const { start, ms, rss } of contenders) {
        const began = performance.now();
        const server = await start();
        try {
          await firstAnswer(server, authorization);
          const took = performance.now() - began;
          if (round < 0) continue;
          ms.push(took);
          if (round === plan.starts - 1) await pause(IDLE_MS);
          rss.push(server.rssMb() ?? NaN);
        } finally {
          // As before most starts: a database that was killed recovers first.
          await server.stop('SIGTERM');
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const hello = contenders[0]?.ms ?? [];
  return contenders.flatMap(({ name: contender, ms, rss }): Row[] => [
    {
      metric: 'start to first answer ÷ node:http hello',
      contender,
      ratio: spreadOf(ms.map((value, round) => value / (hello[round] ?? NaN))),
      value: spreadOf(ms),
      unit: 'ms',
    },
    {
      metric: 'idle memory ÷ node:http hello',
      contender,
      ratio: spreadOf([(rss.at(-1) ?? NaN) / (contenders[0]?.rss.at(-1) ?? NaN)]),
      value: spreadOf(rss.slice(-1)),
      unit: 'MB',
    },
  ]);
}

async function firstAnswer(server: ServerUnderTest, authorization: string): Promise<void> {
  const answer = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ query: '{ avatars(first: 1) { edges { node { id } } } }' }),
  });
  const text = await answer.text();
  if (answer.status !== 200 || text.includes('"errors"')) throw new Error(`${server.name}: ${text}`);
}

/** Megabytes of dist/, which is a whole production install. */
export async function measureSize(): Promise<Row[]> {
  const { stdout } = await promisify(execFile)('du', [
    '-sm',
    fileURLToPath(new URL('../../dist', import.meta.url)),
  ]);
  const size = spreadOf([parseInt(stdout, 10)]);
  return [
    { metric: 'production install', contender: 'likeness', ratio: spreadOf([1]), value: size, unit: 'MB' },
  ];
}
