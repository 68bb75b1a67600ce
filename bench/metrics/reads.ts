import { avatarId, AVATARS, OWNERS, ownerOfAvatar, type BenchDatabase } from '../database.ts';
import { JWT_SECRET, tokenOf } from '../../test/support/tokens.ts';
import { LoadGenerator, startContender, startLikeness, type ServerUnderTest } from '../processes.ts';
import { spreadOf, type Row } from '../statistics.ts';
import type { Plan } from '../plan.ts';

const DOCUMENTS = {
  'avatar(id)': 'query One($id: ID!) { avatar(id: $id) { id name status isReady version createdAt } }',
  'avatars(20) { generations(5) }':
    'query List { avatars(first: 20) { edges { node { id name status generations(first: 5) { edges { node { id status prompt createdAt } } } } } } }',
} as const;

const PEERS = ['raw', 'mercurius', 'yoga', 'apollo'] as const;
const CONNECTIONS = 32;
/** Different requests of one document: other avatars, other owners. */
const REQUESTS = 1000;

type Request = { readonly path: string; readonly headers: Record<string, string>; readonly body: string };
type Report = {
  readonly answered: number;
  readonly perSecond: number;
  readonly failed: number;
  readonly firstFailure: string | null;
};

/** Throughput and CPU of two reads, each as a ratio to the raw handler in the same round. */
export async function measureReads(database: BenchDatabase, plan: Plan): Promise<Row[]> {
  const env = { DATABASE_URL: database.url, JWT_SECRET };
  const servers = await Promise.all([
    startReader(database),
    ...PEERS.map((name) => startContender(name, env)),
  ]);
  const load = new LoadGenerator('http');
  try {
    const rows: Row[] = [];
    for (const [metric, query] of Object.entries(DOCUMENTS)) {
      const requests = await requestsOf(query);
      await sameAnswers(servers, requests[0]);
      const visited = servers.map((server) => ({ server, requests }));
      rows.push(...(await rounds(metric, 'raw', visited, load, plan)));
    }
    return rows;
  } finally {
    load.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** The same reads with many times the rows, each as a ratio to the usual number of rows in the same round. */
export async function measureGrowth(database: BenchDatabase, plan: Plan, scale: number): Promise<Row[]> {
  const large = await database.another(scale);
  const usual = await startReader(database);
  const grown = await startReader(large, `likeness, ${scale} times the rows`);
  const load = new LoadGenerator('http');
  try {
    const rows: Row[] = [];
    for (const [metric, query] of Object.entries(DOCUMENTS)) {
      const visited = [
        { server: usual, requests: await requestsOf(query) },
        { server: grown, requests: await requestsOf(query, scale) },
      ];
      rows.push(...(await rounds(metric, usual.name, visited, load, plan)));
    }
    return rows;
  } finally {
    load.stop();
    await Promise.all([usual.stop(), grown.stop()]);
  }
}

function startReader({ url }: BenchDatabase, name?: string): Promise<ServerUnderTest> {
  const env = {
    DATABASE_URL: url,
    AUTH_JWT_SECRET: JWT_SECRET,
    FAL_KEY: 'bench',
    FAL_JWKS_URL: 'http://127.0.0.1:9/jwks.json',
    RECONCILE_INTERVAL_MS: '3600000',
    // A benchmark spends more of one owner's budget than people do.
    LIMIT_COST_PER_MINUTE: 'none',
  };
  return startLikeness(env, name);
}

type Visited = { readonly server: ServerUnderTest; readonly requests: readonly Request[] };

/** @param limitName the server that the others are compared with */
async function rounds(
  metric: string,
  limitName: string,
  servers: readonly Visited[],
  load: LoadGenerator,
  plan: Plan,
): Promise<Row[]> {
  const visit = async ({ server, requests }: Visited, seconds: number) => {
    const before = server.cpuMs() ?? NaN;
    const report = await load.run<Report>({ url: server.url, requests, connections: CONNECTIONS, seconds });
    if (report.failed > 0)
      throw new Error(
        `${server.name}: ${report.failed} bad answers to ${metric}: ${report.firstFailure ?? ''}`,
      );
    return { perSecond: report.perSecond, cpu: ((server.cpuMs() ?? NaN) - before) / report.answered };
  };
  for (const server of servers) await visit(server, plan.warmUpSeconds);
  const figures = servers.map((one) => ({ one, visits: [] as Awaited<ReturnType<typeof visit>>[] }));
  for (let round = 0; round < plan.rounds; round += 1) {
    // Every other round backwards: what the machine does otherwise falls on all of them.
    for (const { one, visits } of round % 2 === 0 ? figures : figures.toReversed()) {
      visits.push(await visit(one, plan.secondsPerVisit));
    }
  }
  const limit = figures.find(({ one }) => one.server.name === limitName)?.visits ?? [];
  return figures.flatMap(({ one: { server }, visits }): Row[] => {
    const ratios = (name: 'perSecond' | 'cpu') =>
      spreadOf(visits.map((visit, round) => visit[name] / (limit[round]?.[name] ?? NaN)));
    return [
      {
        metric: `${metric} requests/s ÷ ${limitName}`,
        contender: server.name,
        ratio: ratios('perSecond'),
        value: spreadOf(visits.map(({ perSecond }) => perSecond)),
        unit: '1/s',
      },
      {
        metric: `${metric} CPU a request ÷ ${limitName}`,
        contender: server.name,
        ratio: ratios('cpu'),
        value: spreadOf(visits.map(({ cpu }) => cpu * 1000)),
        unit: 'µs',
      },
    ];
  });
}

/** @param scale of the database */
async function requestsOf(query: string, scale = 1): Promise<Request[]> {
  const owners = OWNERS * scale;
  const tokens = await Promise.all(
    Array.from({ length: owners }, (_, owner) => tokenOf(`owner-${owner}`, { lifetimeS: 86_400 })),
  );
  return Array.from({ length: REQUESTS }, (_, index) => {
    // A prime step visits avatars and owners in no order.
    const avatar = (index * 7919) % (AVATARS * scale);
    const variables = query.includes('$id') ? { id: avatarId(avatar) } : {};
    return {
      path: '/graphql',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${tokens[avatar % owners] ?? ''}`,
        'x-owner': ownerOfAvatar(avatar, scale),
      },
      body: JSON.stringify({ query, variables }),
    };
  });
}

/** @throws when two servers give different data for the same request */
async function sameAnswers(servers: readonly ServerUnderTest[], request: Request | undefined): Promise<void> {
  if (request === undefined) return;
  const { path, headers, body } = request;
  const texts = await Promise.all(
    servers.map(async ({ url }) => {
      const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body });
      return JSON.stringify(await answer.json());
    }),
  );
  const other = texts.findIndex((text) => text !== texts[0]);
  if (other >= 0) {
    throw new Error(
      `${servers[0]?.name ?? ''} and ${servers[other]?.name ?? ''} answer differently:\n${texts[0]}\n${texts[other]}`,
    );
  }
}
