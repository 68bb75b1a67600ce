import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readBackup } from '../../src/backup/format.ts';
import { openDatabase } from '../../src/open-database.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { startServer, type Server } from '../support/server.ts';
import { silent } from '../support/template.ts';
import { everyRow, writeAwkwardRows } from '../support/rows-of-every-table.ts';
import { buildCommands, npmRun, runCommand } from '../support/run-command.ts';

const NO_LINKS = fileURLToPath(new URL('no-links.mjs', import.meta.url));
const SIGNAL_AT_FILE = fileURLToPath(new URL('signal-at-file.mjs', import.meta.url));

let folder: string;
let dataDir: string;
let servers: Server[];

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

async function serve(dir: string): Promise<Server> {
  const server = await startServer({ DATA_DIR: dir });
  servers.push(server);
  return server;
}

test('a backup is restored with every row, and sequences continue', async () => {
  const file = join(folder, 'b.gz');
  const restored = join(folder, 'new', 'data');
  const before = await openDatabase({ dataDir, log: silent });
  await writeAwkwardRows(before);
  const rows = await everyRow(before.pool);
  await before.close();

  const written = await npmRun('backup', [file], { DATA_DIR: dataDir });
  expect(written).toMatchObject({ code: 0, result: expect.stringMatching(`^${file}: \\d+ rows`) as string });
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

test('a backup beside a running server is refused with advice, and the server continues', async () => {
  const server = await serve(dataDir);
  const before = await readdir(dataDir);

  const { code, said } = await runCommand('backup', [join(folder, 'b.gz')], { DATA_DIR: dataDir });
  expect(code).toBe(1);
  expect(said).toContain(`The data folder ${dataDir} is in use by process ${server.pid}`);
  expect(said).toContain('stop the server first, or use PostgreSQL');
  expect(said.trim().split('\n')).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
  expect(await readdir(dataDir)).toEqual(before);
  await server.newAvatar();

  await server.kill();
  expect(await runCommand('backup', [join(folder, 'b.gz')], { DATA_DIR: dataDir })).toMatchObject({
    code: 0,
  });
});

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  'a backup that gets %s leaves no backup, and a database that opens',
  async (signal) => {
    const env = { DATA_DIR: dataDir, AT: '.unfinished', SIGNAL: signal };
    const { code, said } = await runCommand('backup', [join(folder, 'b.gz')], env, SIGNAL_AT_FILE);
    expect(code).not.toBe(0);
    expect(existsSync(join(folder, 'b.gz'))).toBe(false);
    if (signal !== 'SIGKILL') {
      expect(said).toContain(`ended by ${signal}; no backup was written`);
    }
    expect(await readdir(folder)).toHaveLength(signal === 'SIGKILL' ? 1 : 0);
    await (await serve(dataDir)).newAvatar();
  },
);

test('without hard links a backup is published whole, replaces nothing, and leaves nothing when it fails', async () => {
  const file = join(folder, 'b.gz');
  const env = { DATA_DIR: dataDir };
  const failed = await runCommand('backup', [file], { ...env, FAIL_AT_NAME: '1' }, NO_LINKS);
  expect(failed).toMatchObject({ code: 1, said: expect.stringContaining('EIO') as string });
  expect(await readdir(folder)).toEqual([]);

  expect(await runCommand('backup', [file], env, NO_LINKS)).toMatchObject({ code: 0 });
  expect(await readdir(folder)).toEqual(['b.gz']);
  const { madeAt } = await readBackup(file);
  expect(await runCommand('backup', [file], env, NO_LINKS)).toMatchObject({ code: 1 });
  expect((await readBackup(file)).madeAt).toBe(madeAt);
});

test('a backup that cannot be written gives the reason and replaces no file', async () => {
  const taken = join(folder, 'taken');
  await writeFile(taken, 'mine');

  const refused = await runCommand('backup', [taken], { DATA_DIR: dataDir });
  expect(refused.code).toBe(1);
  expect(refused.said).toContain('replaces no file');
  expect(await readFile(taken, 'utf8')).toBe('mine');

  const nowhere = await runCommand('backup', [join(folder, 'not-there', 'b.gz')], { DATA_DIR: dataDir });
  expect(nowhere.code).toBe(1);
  expect(nowhere.said).toContain('ENOENT');
});

test('the commands reject wrong arguments and settings with the reason', async () => {
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

test('a truncated or modified backup is refused, and nothing is restored from it', async () => {
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
    expect(said).toContain('is not a complete backup');
    expect(existsSync(target)).toBe(false);
  }
});

test('a restore needs an empty folder; a killed one leaves no database and can be repeated', async () => {
  const file = join(folder, 'b.gz');
  expect(await runCommand('backup', [file], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  const refused = await runCommand('restore', [file], { DATA_DIR: dataDir });
  expect(refused.code).toBe(1);
  expect(refused.said).toContain('is not empty (postgres)');

  const target = join(folder, 'data');
  const env = { DATA_DIR: target, AT: 'postgres.new', SIGNAL: 'SIGKILL' };
  expect(await runCommand('restore', [file], env, SIGNAL_AT_FILE)).toMatchObject({ code: null });
  expect(existsSync(join(target, 'postgres.new', 'base'))).toBe(true);
  expect(existsSync(join(target, 'postgres'))).toBe(false);

  // Copied with the backup, and what a server left in the folder of files that it keeps.
  const kept = ['database', 'files', 'photos', 'uploads'];
  for (const name of kept) await mkdir(join(target, name));
  await writeFile(join(target, 'photos', '1.jpg'), 'photo');
  // Only the server's user can read the database, whatever the folder allows.
  await chmod(target, 0o755);
  expect(await runCommand('restore', [file], { DATA_DIR: target })).toMatchObject({ code: 0 });
  expect((await stat(join(target, 'postgres'))).mode & 0o777).toBe(0o700);
  expect((await readdir(target)).sort()).toEqual([...kept, 'postgres'].sort());
  expect(await readFile(join(target, 'photos', '1.jpg'), 'utf8')).toBe('photo');
});
