import { randomBytes, randomUUID } from 'node:crypto';
import { headersOf, signatureOf } from '../../test/support/signing.ts';
import { LoadGenerator, startContender, startLikeness, type ServerUnderTest } from '../processes.ts';
import { JWT_SECRET } from '../../test/support/tokens.ts';
import { okFor } from '../../test/support/runs-at-fal.ts';
import { ownKeySet, type OwnKeySet } from '../../test/support/signed-webhooks.ts';
import { spreadOf, type Row } from '../statistics.ts';
import type { BenchDatabase } from '../database.ts';
import type { Plan } from '../plan.ts';

const CONNECTIONS = 32;

export type SignedRequest = {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
};
type Report = {
  readonly answered: number;
  readonly perSecond: number;
  readonly failed: number;
  readonly firstFailure: string | null;
};

/** Webhooks a second that are answered after their commit, as a ratio to a handler that checks the signature alone. */
export async function measureWebhooks(database: BenchDatabase, plan: Plan): Promise<Row[]> {
  const keys = await ownKeySet();
  const servers = await Promise.all([
    startForWebhooks(database, keys),
    startContender('verify-only', { PUBLIC_KEY: keys.signer.x }),
  ]);
  const load = new LoadGenerator('http');
  try {
    const visit = async (server: ServerUnderTest, requests: readonly SignedRequest[]) => {
      const before = server.cpuMs() ?? NaN;
      const report = await load.run<Report>({
        url: server.url,
        requests,
        connections: CONNECTIONS,
        once: true,
      });
      if (report.failed > 0 || report.answered !== requests.length)
        throw new Error(`${server.name}: ${report.failed} webhooks failed: ${report.firstFailure ?? ''}`);
      return { perSecond: report.perSecond, cpu: ((server.cpuMs() ?? NaN) - before) / report.answered };
    };
    const figures = servers.map((server) => ({ server, visits: [] as Awaited<ReturnType<typeof visit>>[] }));
    // The first round warms up.
    for (let round = -1; round < plan.rounds; round += 1) {
      const requests = await deliveries(database, keys, plan.webhooks);
      for (const { server, visits } of round % 2 === 0 ? figures : figures.toReversed()) {
        const figure = await visit(server, requests);
        if (round >= 0) visits.push(figure);
      }
      await allCompleted(database);
    }
    const limit = figures[1]?.visits ?? [];
    return figures.flatMap(({ server, visits }): Row[] => [
      {
        metric: 'webhooks/s, 200 after commit ÷ signature check alone',
        contender: server.name,
        ratio: spreadOf(visits.map(({ perSecond }, round) => perSecond / (limit[round]?.perSecond ?? NaN))),
        value: spreadOf(visits.map(({ perSecond }) => perSecond)),
        unit: '1/s',
      },
      {
        metric: 'CPU a webhook ÷ signature check alone',
        contender: server.name,
        ratio: spreadOf(visits.map(({ cpu }, round) => cpu / (limit[round]?.cpu ?? NaN))),
        value: spreadOf(visits.map(({ cpu }) => cpu)),
        unit: 'ms',
      },
    ]);
  } finally {
    load.stop();
    await Promise.all(servers.map((server) => server.stop()));
    keys.close();
  }
}

export function startForWebhooks(database: BenchDatabase, keys: OwnKeySet): Promise<ServerUnderTest> {
  return startLikeness({
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: JWT_SECRET,
    FAL_KEY: 'bench',
    FAL_JWKS_URL: keys.url,
    PUBLIC_URL: 'http://127.0.0.1',
    RECONCILE_INTERVAL_MS: '3600000',
    LIMIT_SUBSCRIPTIONS_PER_OWNER: 'none',
    LIMIT_SOCKETS_PER_OWNER: 'none',
    LIMIT_COST_PER_MINUTE: 'none',
  });
}

/** Trainings that fal has, each of an avatar of its own, and the signed webhooks that end them. */
export async function deliveries(
  database: BenchDatabase,
  keys: OwnKeySet,
  count: number,
  avatarIds: readonly string[] = Array.from(
    { length: count },
    () => `avt_${randomBytes(16).toString('hex')}`,
  ),
): Promise<SignedRequest[]> {
  const jobs = avatarIds.map((avatarId) => ({
    avatarId,
    id: `job_${randomBytes(16).toString('hex')}`,
    token: randomBytes(16).toString('hex'),
    requestId: randomUUID(),
  }));
  const columns = [
    jobs.map(({ avatarId }) => avatarId),
    jobs.map(({ id }) => id),
    jobs.map(({ token }) => token),
    jobs.map(({ requestId }) => requestId),
  ];
  await database.sql(
    `INSERT INTO avatars (id, owner_id, name, training_type, status, trigger_phrase, fal_request_id, updated_at)
     SELECT a, 'webhooks', 'Avatar', 'PORTRAIT', 'QUEUED', 'lkbench', r, now()
     FROM unnest($1::text[], $2::text[]) AS t(a, r)
     ON CONFLICT (id) DO UPDATE SET status = 'QUEUED', fal_request_id = excluded.fal_request_id`,
    [columns[0], columns[3]],
  );
  await database.sql(
    `INSERT INTO jobs (id, kind, owner_id, avatar_id, open_training_avatar_id, trainer, endpoint, input, state, token,
       fal_request_id, next_poll_at, submitted_at, updated_at)
     SELECT j, 'TRAINING', 'webhooks', a, a, 'FLUX_LORA_PORTRAIT', 'fal-ai/flux-lora-portrait-trainer', '{}', 'QUEUED', t,
       r, now() + interval '1 hour', now(), now()
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS x(a, j, t, r)`,
    columns,
  );
  const timestamp = String(Math.floor(Date.now() / 1000));
  return jobs.map(({ token, requestId }) => {
    const body = JSON.stringify(okFor(requestId));
    const signed = { requestId, userId: 'bench', timestamp, body: Buffer.from(body) };
    const headers = Object.fromEntries(headersOf(signed, signatureOf(signed, keys.signer)));
    return {
      path: `/webhooks/fal/${token}`,
      headers: { 'content-type': 'application/json', ...headers },
      body,
    };
  });
}

/** @throws when a webhook was answered with 200 whose change is not in the database */
async function allCompleted(database: BenchDatabase): Promise<void> {
  const open = await database.sql(`SELECT 1 FROM jobs WHERE state <> 'COMPLETED'`);
  if (open.length > 0) throw new Error(`${open.length} jobs are open whose webhooks were answered`);
}
