import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tmpdir } from 'node:os';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresPlace } from '../support/database.ts';
import { POSTGRES, neededServices } from '../support/needed-services.ts';
import { spots } from '../support/photos.ts';
import { startServer, type Env } from '../support/server.ts';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const { title, isMissing } = await neededServices('on PostgreSQL', ['postgres']);

let folder: string;
let shipped: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-shipped-'));
  shipped = join(folder, 'dist');
  await cp(DIST, shipped, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The server's code. */
async function bundle(): Promise<string> {
  const [cache = ''] = (await readdir(shipped)).filter((file) => file.endsWith('.cache'));
  return join(shipped, cache.replace(/\.cache$/, ''));
}

/** The simulator, a write that Prisma compiles, the decoders of photos, GraphiQL and the metrics. */
async function serves(env: Env): Promise<void> {
  const server = await startServer(env, { shipped });
  try {
    const { id } = await server.newAvatar();
    expect((await server.avatar(id))?.id).toBe(id);
    const bytes = await (await spots(1)).png().toBuffer();
    const [uploaded] = await server.uploadPhotos(id, [{ name: 'a', bytes }]);
    expect(uploaded?.status).toBe(200);
    const page = await fetch(server.graphqlUrl, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('<title>Likeness</title>');
    expect(await typesOf(server.graphqlUrl)).toEqual(await typesOfSchema());
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('likeness_webhooks_total');
    expect((await server.terminate()).code).toBe(0);
  } finally {
    await server.close();
  }
}

/** The names of its types: those of some come from classes. */
async function typesOf(graphqlUrl: string): Promise<readonly string[]> {
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __schema { types { name } } }' }),
  });
  const { data } = (await response.json()) as { data: { __schema: { types: { name: string }[] } } };
  return data.__schema.types.map(({ name }) => name).sort();
}

async function typesOfSchema(): Promise<readonly string[]> {
  const text = await readFile(join(DIST, '../schema.graphql'), 'utf8');
  return Object.keys(buildSchema(text).getTypeMap()).sort();
}

describe('dist alone, in an empty folder, is a server', () => {
  test('with a new embedded database', () => serves({ DATA_DIR: join(folder, 'data') }));

  test.skipIf(isMissing)(title, async () => {
    const { env, drop } = await postgresPlace(POSTGRES, true);
    try {
      await serves(env);
    } finally {
      await drop();
    }
  });

  test('with one copy of graphql, whose classes are compared', async () => {
    const map = JSON.parse(await readFile(`${await bundle()}.map`, 'utf8')) as { readonly sources: string[] };
    expect(map.sources.length).toBeGreaterThan(500);
    expect(map.sources.filter((path) => path.includes('/graphql/error/GraphQLError.'))).toHaveLength(1);
  });

  test('whose compiled code V8 accepts', async () => {
    const look = `const [runner, bundle] = process.argv.slice(1);
      const { compiled, readCache } = require(runner);
      console.log(compiled(bundle, readCache(bundle + '.cache')).cachedDataRejected);`;
    const args = ['-e', look, join(shipped, 'run-bundle.js'), await bundle()];
    expect((await promisify(execFile)(process.execPath, args)).stdout).toBe('false\n');
  });
});
