import { avatarId, type BenchDatabase } from '../database.ts';
import { deliveries, startForWebhooks, type SignedRequest } from './webhooks.ts';
import { tokenOf } from '../../test/support/tokens.ts';
import { LoadGenerator, startContender, type ServerUnderTest } from '../processes.ts';
import { ownKeySet } from '../../test/support/signed-webhooks.ts';
import { spreadOf, type Row } from '../statistics.ts';
import type { Plan } from '../plan.ts';

const QUERY =
  'subscription Status($id: ID!) { avatarStatus(avatarId: $id) { id status isReady version falRequestId diffusersLoraFileUrl progress { percent queuePosition } error { code message } } }';
/** As long as the event that Likeness sends. */
const EVENT = {
  data: {
    avatarStatus: {
      id: avatarId(0),
      status: 'COMPLETED',
      isReady: true,
      version: 5,
      falRequestId: '00000000-0000-0000-0000-000000000000',
      diffusersLoraFileUrl: 'https://files.example/lora.safetensors',
      progress: { percent: 100, queuePosition: null },
      error: null,
    },
  },
};
const WARM_UP_PUBLISHES = 3;

type Figure = { readonly ms: number; readonly cpu: number };

/** One webhook to many subscribers of one avatar, and to one: until the last has it. */
export async function measureFanOut(database: BenchDatabase, plan: Plan): Promise<Row[]> {
  const keys = await ownKeySet();
  const [likeness, loop] = await Promise.all([
    startForWebhooks(database, keys),
    startContender('ws-loop', {}),
  ]);
  const watched = 'avt_ffffffffffffffffffffffffffffffff';
  const nextWebhook = async () => {
    const [request] = await deliveries(database, keys, 1, [watched]);
    if (request === undefined) throw new Error('No webhook was made');
    return request;
  };
  await nextWebhook();
  await database.sql(
    `UPDATE jobs SET state = 'CANCELLED', open_training_avatar_id = NULL WHERE state = 'QUEUED'`,
  );
  const token = await tokenOf('webhooks', { lifetimeS: 86_400 });
  const subscription = { token, query: QUERY, variables: { id: watched } };
  const publish = {
    likeness: nextWebhook,
    'ws.send loop': async (): Promise<SignedRequest> => ({
      path: '/',
      headers: {},
      body: JSON.stringify(EVENT),
    }),
  };
  const sides = [
    { name: 'likeness', server: likeness, next: publish.likeness },
    { name: 'ws.send loop', server: loop, next: publish['ws.send loop'] },
  ] as const;
  try {
    const rows: Row[] = [];
    for (const count of [1, plan.subscribers]) {
      const groups = sides.map((side) => ({
        ...side,
        load: new LoadGenerator('subscribers'),
        figures: [] as Figure[],
      }));
      try {
        const connected: Row[] = [];
        for (const { name, server, load } of groups) {
          const before = server.cpuMs() ?? NaN;
          await load.run({ kind: 'connect', port: server.port, count, ...subscription });
          const cpu = ((server.cpuMs() ?? NaN) - before) / count;
          const value = spreadOf([cpu]);
          connected.push({
            metric: 'CPU a subscribe',
            contender: name,
            ratio: spreadOf([1]),
            value,
            unit: 'ms',
          });
        }
        if (count > 1) rows.push(...connected);
        const publishes = count === 1 ? plan.publishes * 5 : plan.publishes;
        for (let round = -WARM_UP_PUBLISHES; round < publishes; round += 1) {
          for (const { server, load, next, figures } of round % 2 === 0 ? groups : groups.toReversed()) {
            const figure = await publishOnce(server, load, await next());
            if (round >= 0) figures.push({ ...figure, cpu: figure.cpu / count });
          }
        }
        rows.push(...rowsOf(count, groups));
      } finally {
        for (const { load } of groups) load.stop();
      }
    }
    return rows;
  } finally {
    await Promise.all([likeness.stop(), loop.stop()]);
    keys.close();
  }
}

async function publishOnce(
  server: ServerUnderTest,
  load: LoadGenerator,
  { path, headers, body }: SignedRequest,
): Promise<Figure> {
  const before = server.cpuMs() ?? NaN;
  const { status, ms } = await load.run<{ status: number; ms: number }>({
    kind: 'publish',
    url: `${server.url}${path}`,
    headers,
    body,
  });
  if (status !== 200) throw new Error(`${server.name} answered ${status}`);
  return { ms, cpu: (server.cpuMs() ?? NaN) - before };
}

function rowsOf(
  count: number,
  groups: readonly { readonly name: string; readonly figures: readonly Figure[] }[],
): Row[] {
  const limit = groups[1]?.figures ?? [];
  return groups.flatMap(({ name: contender, figures }): Row[] => {
    const last: Row = {
      metric: `webhook → ${count === 1 ? 'one subscriber' : `last of ${count} subscribers`} ÷ ws.send loop`,
      contender,
      ratio: spreadOf(figures.map(({ ms }, round) => ms / (limit[round]?.ms ?? NaN))),
      value: spreadOf(figures.map(({ ms }) => ms)),
      unit: 'ms',
    };
    if (count === 1) return [last];
    // /proc counts in steps of 10 ms: only the sum over all rounds says something.
    const total = (of: readonly Figure[]) => of.reduce((sum, { cpu }) => sum + cpu, 0) / of.length;
    return [
      last,
      {
        metric: 'CPU a delivery ÷ ws.send loop',
        contender,
        ratio: spreadOf([total(figures) / total(limit)]),
        value: spreadOf([total(figures) * 1000]),
        unit: 'µs',
      },
    ];
  });
}
