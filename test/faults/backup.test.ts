import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { AvatarsDocument, CreateAvatarDocument } from '../../src/generated/contract/graphql.ts';
import { readBackup } from '../../src/db/backup-file.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { ask } from '../support/graphql-call.ts';
import { startServer, type ServerProcess } from '../support/server-process.ts';
import { silent } from '../support/template.ts';
import { everyRow, writeAwkwardRows } from '../db/awkward-rows.ts';
import { buildCommands, npmRun, runCommand, runWithOwnFolder, startCommand } from './run-command.ts';
import { noDisks } from './tmpfs.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const NO_LINKS = fileURLToPath(new URL('no-links.mjs', import.meta.url));
/** That a request may wait while a backup is written, on a machine with much else to do. */
const MAX_WAIT_MS = 2_000;
const PATIENCE_MS = 60_000;

let folder: string;
let dataDir: string;
let servers: ServerProcess[];

beforeAll(buildCommands);
beforeEach(async () => {
  servers = [];
  folder = await mkdtemp(join(tmpdir(), 'likeness-backup-'));
  dataDir = await copyEmbeddedTemplate();
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  await rm(folder, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
});

async function serve(dir: string): Promise<ServerProcess> {
  const server = await startServer({ DATA_DIR: dir });
  servers.push(server);
  return server;
}

async function newAvatar({ graphqlUrl }: ServerProcess, name: string): Promise<void> {
  const input = { name, trainingType: 'PORTRAIT' } as const;
  const { data } = await ask(graphqlUrl, CreateAvatarDocument, { input });
  if (data === null || !('avatar' in data.createAvatar)) throw new Error('It was not acknowledged');
}

async function avatarsAt({ graphqlUrl }: ServerProcess): Promise<string> {
  return (await ask(graphqlUrl, AvatarsDocument, { first: 50 })).text;
}

test('a backup made while no server runs is restored with every row, and sequences go on', async () => {
  const file = join(folder, 'b.gz');
  const restored = join(folder, 'new', 'data');
  const before = await openDatabase({ dataDir, log: silent });
  await writeAwkwardRows(before);
  const rows = await everyRow(before.pool);
  await before.close();

  expect(await npmRun('backup', [file], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await runCommand('restore', [file], { DATA_DIR: restored })).toMatchObject({ code: 0 });

  const after = await openDatabase({ dataDir: restored, log: silent });
  expect(await everyRow(after.pool)).toEqual(rows);
  const { id } = await after.prisma.announcement.create({
    data: { kind: 'AVATAR', ownerId: 'owner', entityId: 'new', version: 1 },
  });
  expect(id).toBe(BigInt(rows['announcements']?.length ?? 0) + 1n);
  await after.close();
});

test('a backup is made while a server runs, which goes on and answers the same from what is restored', async () => {
  const server = await serve(dataDir);
  await newAvatar(server, 'before');
  const file = join(folder, 'b.gz');

  const backup = runCommand('backup', [file], { DATA_DIR: dataDir });
  const during = Array.from({ length: 10 }, (_, n) => newAvatar(server, `during ${n}`));
  expect(await backup).toMatchObject({ code: 0 });
  await Promise.all(during);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);

  const second = join(folder, 'c.gz');
  expect(await runCommand('backup', [second], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  const answer = await avatarsAt(server);
  await server.kill();
  expect(await runCommand('restore', [second], { DATA_DIR: join(folder, 'data') })).toMatchObject({
    code: 0,
  });
  expect(await avatarsAt(await serve(join(folder, 'data')))).toBe(answer);
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['b.gz', 'c.gz']));
  expect(await readdir(folder)).toHaveLength(3); // nothing unfinished beside them
});

async function nothingLeft(): Promise<void> {
  await eventually(
    'everything but the database to be gone',
    async () => ((await readdir(dataDir)).some((name) => /^(?:copy|gone)\./.test(name)) ? null : true),
    PATIENCE_MS,
  );
  expect((await readdir(folder)).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
}

test('requests hardly wait while a backup of many rows is written beside the server', async () => {
  const before = await openDatabase({ dataDir, log: silent });
  await before.pool.query(MANY_DELIVERIES);
  await before.close();
  const server = await serve(dataDir);
  const file = join(folder, 'b.gz');

  const done = new AbortController();
  const backup = runCommand('backup', [file], { DATA_DIR: dataDir }).finally(() => done.abort());
  const waits: number[] = [];
  for (let n = 0; !done.signal.aborted; n++) {
    const asked = performance.now();
    await newAvatar(server, `during ${n}`);
    waits.push(performance.now() - asked);
    await pause(20);
  }
  const { code, said } = await backup;
  expect(code).toBe(0);
  expect(Number(/: (\d+) rows/.exec(said)?.[1])).toBeGreaterThan(100_000);
  process.stdout.write(`${waits.length} writes; the longest wait ${Math.round(Math.max(...waits))} ms\n`);
  expect(Math.max(...waits)).toBeLessThan(MAX_WAIT_MS);
  await nothingLeft();
});

/** A moment of a backup beside a server: the server copies, or the command has opened the copy. */
type Moment = 'is copied' | 'is read';

async function moment(when: Moment): Promise<void> {
  await eventually(
    `the moment when the database ${when}`,
    async () => {
      const copy = (await readdir(dataDir)).find((name) => name.startsWith('copy.'));
      if (copy === undefined || when === 'is copied') return copy === undefined ? null : true;
      const inside = await readdir(join(dataDir, copy)).catch(() => []);
      return inside.some((name) => name.startsWith('lock.')) ? true : null;
    },
    PATIENCE_MS,
  );
}

test.each([
  ['SIGTERM', 'is copied'],
  ['SIGTERM', 'is read'],
  ['SIGINT', 'is read'],
  ['SIGKILL', 'is copied'],
  ['SIGKILL', 'is read'],
] as const)(
  'a backup that gets %s while the database %s leaves no backup, and nothing in the server’s data folder',
  async (signal, when) => {
    const server = await serve(dataDir);
    const backup = startCommand('backup', [join(folder, 'b.gz')], { DATA_DIR: dataDir });
    await moment(when);
    backup.kill(signal);
    const { code, said } = await backup.ended;
    expect(code).not.toBe(0);
    if (signal !== 'SIGKILL') expect(said).toContain(`ended by ${signal}; there is no backup`);
    await nothingLeft();
    expect(existsSync(join(folder, 'b.gz'))).toBe(false);
    await newAvatar(server, 'after');
  },
);

test('a server that is killed while it is copied ends the backup, and its next start leaves no copy', async () => {
  const server = await serve(dataDir);
  const backup = runCommand('backup', [join(folder, 'b.gz')], { DATA_DIR: dataDir });
  await moment('is copied');
  await server.kill();
  expect(await backup).toMatchObject({ code: 1, said: expect.stringContaining('ended before') as string });
  expect(existsSync(join(folder, 'b.gz'))).toBe(false);
  await serve(dataDir);
  await nothingLeft();
});

test('a server that gets SIGTERM while it is copied ends in order, tells the backup and leaves no copy', async () => {
  const before = await openDatabase({ dataDir, log: silent });
  await before.pool.query(MANY_DELIVERIES); // so that it takes a moment
  await before.close();
  const server = await serve(dataDir);
  const backup = runCommand('backup', [join(folder, 'b.gz')], { DATA_DIR: dataDir });
  await moment('is copied');
  server.signal('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect((await readdir(dataDir)).filter((name) => /^(?:copy|gone|lock)\./.test(name))).toEqual([]);
  const { code, said } = await backup;
  expect(code).toBe(1);
  expect(said).toContain('made no copy of its database: the server ends');
  expect(await readdir(folder)).toEqual([]);
});

test('two backups at once are both whole, one copy after the other', async () => {
  const server = await serve(dataDir);
  await newAvatar(server, 'Ada');
  const files = [join(folder, 'b.gz'), join(folder, 'c.gz')];
  const runs = await Promise.all(files.map((file) => runCommand('backup', [file], { DATA_DIR: dataDir })));
  expect(runs.map(({ code }) => code)).toEqual([0, 0]);
  for (const file of files) {
    expect((await readBackup(file)).tables.find(({ name }) => name === 'avatars')?.rows).toBe(1);
  }
  await nothingLeft();
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a server that gets %s while its copy is read, and is started again, hinders no backup',
  async (signal) => {
    const server = await serve(dataDir);
    const file = join(folder, 'b.gz');
    const backup = runCommand('backup', [file], { DATA_DIR: dataDir });
    await moment('is read');
    server.signal(signal);
    await server.ended;
    await serve(dataDir);
    expect(await backup).toMatchObject({ code: 0 });
    await expect(readBackup(file)).resolves.toBeDefined();
    await nothingLeft();
  },
);

test.skipIf(noDisks !== undefined)(
  `a backup is written where the command is run, also where the server sees other files${noDisks === undefined ? '' : ` (skipped: ${noDisks})`}`,
  async () => {
    const server = await serve(dataDir);
    await newAvatar(server, 'Ada');
    const own = await mkdtemp(join(tmpdir(), 'likeness-own-'));
    const target = join(own, 'b.gz');
    const copyOut = `test "$(ls ${own})" = b.gz && cp ${target} ${folder}/`;
    const run = await runWithOwnFolder(own, 'backup', [target], { DATA_DIR: dataDir }, copyOut);
    expect(run).toMatchObject({ code: 0 });
    expect(await readdir(own)).toEqual([]); // nothing of it in the server's view
    expect((await readBackup(join(folder, 'b.gz'))).tables.find(({ name }) => name === 'avatars')?.rows).toBe(
      1,
    );
    await rm(own, { recursive: true });
  },
);

test('where there are no links a backup gets its name whole, replaces nothing and leaves nothing when it fails', async () => {
  const file = join(folder, 'b.gz');
  const env = { DATA_DIR: dataDir };
  const failed = await startCommand('backup', [file], { ...env, FAIL_AT_NAME: '1' }, NO_LINKS).ended;
  expect(failed).toMatchObject({ code: 1, said: expect.stringContaining('EIO') as string });
  expect(await readdir(folder)).toEqual([]);

  expect(await startCommand('backup', [file], env, NO_LINKS).ended).toMatchObject({ code: 0 });
  expect(await readdir(folder)).toEqual(['b.gz']);
  const { madeAt } = await readBackup(file);
  expect(await startCommand('backup', [file], env, NO_LINKS).ended).toMatchObject({ code: 1 });
  expect((await readBackup(file)).madeAt).toBe(madeAt);
});

test('a backup that cannot be written says why, hinders no server and replaces no file', async () => {
  const server = await serve(dataDir);
  const taken = join(folder, 'taken');
  await writeFile(taken, 'mine');

  const refused = await runCommand('backup', [taken], { DATA_DIR: dataDir });
  expect(refused.code).toBe(1);
  expect(refused.said).toContain('replaces no file');
  expect(await readFile(taken, 'utf8')).toBe('mine');

  const nowhere = await runCommand('backup', [join(folder, 'not-there', 'b.gz')], { DATA_DIR: dataDir });
  expect(nowhere.code).toBe(1);
  expect(nowhere.said).toContain('ENOENT');
  await newAvatar(server, 'after');
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

test('the commands refuse what they are not for, with the reason', async () => {
  const url = 'postgres://nobody@127.0.0.1:1/none';
  const cases = [
    [await runCommand('backup', [], { DATABASE_URL: url, DATA_DIR: dataDir }), 78, 'pg_dump'],
    [await runCommand('restore', ['b.gz'], { DATABASE_URL: url, DATA_DIR: folder }), 78, 'DATABASE_URL'],
    [await runCommand('backup', [], { DATA_DIR: folder }), 78, 'no embedded database'],
    [await runCommand('backup', ['a', 'b'], { DATA_DIR: dataDir }), 64, 'usage'],
    [await runCommand('restore', [], { DATA_DIR: folder }), 64, 'usage'],
    [await runCommand('move-to-postgres', [], { DATA_DIR: dataDir }), 78, 'DATABASE_URL'],
  ] as const;
  for (const [{ code, said }, expected, words] of cases) {
    expect(said).toContain(words);
    expect(code).toBe(expected);
  }
});

test('a backup that was cut or changed is refused, and nothing is made of it', async () => {
  const file = join(folder, 'b.gz');
  const before = await openDatabase({ dataDir, log: silent });
  await writeAwkwardRows(before);
  await before.close();
  expect(await runCommand('backup', [file], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  const whole = await readFile(file);
  const text = gunzipSync(whole).toString('utf8');
  const damaged = {
    'cut in the middle': whole.subarray(0, whole.length / 2),
    'a bit turned': Buffer.from(whole).fill(
      (whole[whole.length >> 1] ?? 0) ^ 1,
      whole.length >> 1,
      (whole.length >> 1) + 1,
    ),
    'a row changed': gzipSync(text.replace('generation-3', 'generation-X')),
    'a row gone': gzipSync(text.replace(/\n"[^\n]*generation-3[^\n]*/, '')),
    'no end': gzipSync(text.trimEnd().replace(/\n[^\n]*$/, '\n')),
    'something else': Buffer.from('PGDMP'),
  };
  const target = join(folder, 'data');
  for (const [how, bytes] of Object.entries(damaged)) {
    await writeFile(join(folder, 'damaged'), bytes);
    const { code, said } = await runCommand('restore', [join(folder, 'damaged')], { DATA_DIR: target });
    expect([how, code]).toEqual([how, 1]);
    expect(said).toContain('is not a whole backup');
    expect(existsSync(target)).toBe(false);
  }
});

test('a restore goes into an empty folder only, and one that is killed leaves no database and can be repeated', async () => {
  const file = join(folder, 'b.gz');
  expect(await runCommand('backup', [file], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  const refused = await runCommand('restore', [file], { DATA_DIR: dataDir });
  expect(refused.code).toBe(1);
  expect(refused.said).toContain('is not empty (postgres)');

  const target = join(folder, 'data');
  const first = startCommand('restore', [file], { DATA_DIR: target });
  const begun = join(target, 'postgres.new', 'base');
  await eventually('the files to be made', () => (existsSync(begun) ? true : null), 60_000);
  first.kill('SIGKILL');
  await first.ended;
  expect(existsSync(join(target, 'postgres'))).toBe(false);

  expect(await runCommand('restore', [file], { DATA_DIR: target })).toMatchObject({ code: 0 });
  expect(await readdir(target)).toEqual(['postgres']);
});

/** A job and 100,000 deliveries about it. */
const MANY_DELIVERIES = `
  INSERT INTO jobs (id, kind, owner_id, trainer, endpoint, input, token, state, next_poll_at, updated_at)
    VALUES ('job', 'TRAINING', 'owner', 'FLUX_PRO', 'endpoint', '{}', 'token', 'COMPLETED', NULL, now());
  INSERT INTO webhook_deliveries (job_id, request_id, body_sha256, outcome, body)
    SELECT 'job', 'request-' || n, md5(n::text) || md5(n::text), 'APPLIED', convert_to(repeat(md5(n::text), 10), 'UTF8')
      FROM generate_series(1, 100000) AS n`;
