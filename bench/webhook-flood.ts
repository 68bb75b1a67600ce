// npm run bench:flood: how long queries take alone, and beside a thousand junk webhooks a second. Prints a table; the
// exit status is 1 when a request failed, whatever the times are.
import { Agent, request } from 'node:http';
import { availableParallelism, cpus } from 'node:os';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { JUNK_KINDS, type JunkKind, type JunkOrder, type JunkReport } from './junk.ts';
import { JWT_SECRET, tokenOf } from '../test/support/tokens.ts';
import { measure, quantile, type Latencies } from './latency.ts';
import { ownKeySet } from '../test/support/signed-webhooks.ts';
import { startBuiltServer } from './built-server.ts';

const JUNK_PER_SECOND = 1000;
const QUERIES_PER_SECOND = 50;
/** Alone and beside the flood in turn, so that what else the machine does falls on both. */
const ROUNDS = 2;
const SECONDS = 4;
const AVATARS = 20;
const LIST = '{ avatars(first: 20) { edges { node { id name status } } } }';

const keys = await ownKeySet();
const server = await startBuiltServer({
  NODE_ENV: 'production',
  AUTH_JWT_SECRET: JWT_SECRET,
  FAL_KEY: 'bench',
  FAL_JWKS_URL: keys.url,
});
const authorization = `Bearer ${await tokenOf('ada')}`;
const agent = new Agent({ keepAlive: true });

/** Resolves with whether the answer is data without errors. */
function ask(query: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization };
    const asking = request(`${server.url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(response.statusCode === 200 && text.startsWith('{"data":')));
    });
    asking.on('error', (error) => {
      // The server had closed the connection, as it may: a client asks again over another.
      if (asking.reusedSocket && 'code' in error && error.code === 'ECONNRESET')
        ask(query).then(resolve, reject);
      else reject(error);
    });
    asking.end(JSON.stringify({ query }));
  });
}

async function startJunk(kinds: readonly JunkKind[]): Promise<() => Promise<JunkReport>> {
  const sender = fork(fileURLToPath(new URL('send-junk.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  sender.send({ url: server.url, kinds, perSecond: JUNK_PER_SECOND } satisfies JunkOrder);
  // Until it is under way.
  await pause(1500);
  return async () => {
    const reported = once(sender, 'message') as Promise<[JunkReport]>;
    sender.send('enough');
    const [report] = await reported;
    await once(sender, 'exit');
    return report;
  };
}

type Row = Readonly<Record<string, string | number>>;
let failed = 0;

async function rowOf(name: string, kinds: readonly JunkKind[]): Promise<Row> {
  const [alone, beside]: Latencies[] = [
    { ms: [], failed: 0 },
    { ms: [], failed: 0 },
  ];
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const options = { send: () => ask(LIST), perSecond: QUERIES_PER_SECOND, seconds: SECONDS };
    if (alone !== undefined) await measure(alone, options);
    const enough = await startJunk(kinds);
    if (beside !== undefined) await measure(beside, options);
    const { perSecond, failures } = await enough();
    rates.push(perSecond);
    for (const [what, count] of Object.entries(failures)) {
      failed += count;
      process.stdout.write(`FAILED ${count} times: ${what}\n`);
    }
  }
  const times = (prefix: string, { ms, failed: bad }: Latencies) => {
    failed += bad;
    if (bad > 0) process.stdout.write(`FAILED ${bad} queries ${prefix}\n`);
    const entries = [
      ['p50', quantile(ms, 0.5)],
      ['p99', quantile(ms, 0.99)],
      ['max', Math.max(...ms)],
    ] as const;
    return Object.fromEntries(
      entries.map(([what, value]) => [`${prefix} ${what}`, Number(value.toFixed(1))]),
    );
  };
  return {
    junk: name,
    'junk/s': Math.round(rates.reduce((sum, rate) => sum + rate, 0) / rates.length),
    ...times('alone', alone ?? { ms: [], failed: 0 }),
    ...times('beside', beside ?? { ms: [], failed: 0 }),
  };
}

function table(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, names.map(() => '---'), ...rows.map((row) => names.map((name) => String(row[name])))];
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.end().then(() => process.exit(1)));
}
try {
  for (let index = 0; index < AVATARS; index += 1) {
    const made = await ask(
      `mutation { createAvatar(input: { name: "${index}", trainingType: STYLE }) { __typename } }`,
    );
    if (!made) throw new Error('No avatar could be made');
  }
  await measure({ ms: [], failed: 0 }, { send: () => ask(LIST), perSecond: QUERIES_PER_SECOND, seconds: 3 });

  const cpu = cpus()[0]?.model ?? 'unknown';
  process.stdout.write(
    `${availableParallelism()} cores of ${cpu}, Node ${process.version}, milliseconds\n\n`,
  );
  const before = await server.logBytes();
  const rows: Row[] = [];
  for (const kind of JUNK_KINDS) rows.push(await rowOf(kind, [kind]));
  rows.push(await rowOf('all of these in turn', JUNK_KINDS));
  process.stdout.write(table(rows));
  process.stdout.write(`\nThe log grew by ${(((await server.logBytes()) - before) / 1e6).toFixed(1)} MB.\n`);
} finally {
  agent.destroy();
  await server.end();
  keys.close();
}
process.exitCode = failed > 0 ? 1 : 0;
