import pg from 'pg';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { buildCommands, runCommand } from '../support/run-command.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { createPostgresDatabase, dropPostgresDatabase } from '../support/postgres-template.ts';
import { execFile } from 'node:child_process';
import { FAL_KEY } from '../support/fal-key.ts';
import { join } from 'node:path';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { POSTGRES, neededServices } from '../support/needed-services.ts';
import { promisify } from 'node:util';
import { copiedImages } from '../support/shown-files.ts';
import { eventually } from '../support/eventually.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { tmpdir } from 'node:os';
import type { AvatarRow } from '../support/api-client.ts';

const needs = await neededServices('avatars come from the previous system and leave', ['postgres']);
const LORA = 'https://files.example/ada.safetensors';

beforeAll(buildCommands);

let stack: Stack;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await stack.close();
  for (const end of ends.splice(0)) await end();
});

async function operator(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runCommand('operator', args, { ...stack.databaseEnv, ...env });
}

async function avatarsAt(server: ReturnType<Stack['server']>): Promise<AvatarRow[]> {
  const { avatars } = await server.execute(AvatarsDocument, { first: 100 });
  return avatars.edges.map(({ node }) => node);
}

async function newDataDir(): Promise<string> {
  const dataDir = await copyEmbeddedTemplate();
  ends.push(() => rm(dataDir, { recursive: true }));
  return dataDir;
}

/** The previous system's database, with a table as it had it. */
async function previousSystem(): Promise<string> {
  const { name, url } = await createPostgresDatabase(POSTGRES, true);
  ends.push(() => dropPostgresDatabase(POSTGRES, name));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE TABLE avatars (
      id integer PRIMARY KEY, name text, training_type text, user_id text, fal_request_id text, finetune_id text,
      diffusers_lora_file_url text, config_file_url text, trigger_phrase text, fal_response_data jsonb,
      training_completed_at timestamptz, tenant_number integer DEFAULT 7, score real DEFAULT 1.5
    );
    INSERT INTO avatars VALUES
      (1, 'Ada', 'portrait', 'local', 'req-1', NULL, '${LORA}', 'https://files.example/c.json', 'ad4', '{"a": 1}', '2025-01-02T03:04:05Z'),
      (2, 'Ink', NULL, 'local', 'req-2', 'finetune-2', NULL, NULL, '1nk', NULL, NULL),
      (3, 'Untrained', 'PORTRAIT', 'local', NULL, NULL, NULL, NULL, 'n0ne', NULL, NULL),
      (4, 'Hostile', 'PORTRAIT', 'local', NULL, NULL, 'file:///etc/passwd', NULL, 'h0st', NULL, NULL),
      (5, '', 'PORTRAIT', 'local', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (6, 'Nobody’s', 'PORTRAIT', NULL, NULL, NULL, '${LORA}', NULL, 'n0b', NULL, NULL)`);
  await client.end();
  return url;
}

describe.skipIf(needs.isMissing)(needs.title, () => {
  test('the previous avatars are imported once, beside a running server; bad rows are named and skipped', async () => {
    stack = await startStack({ database: 'postgres' });
    const server = stack.server();
    const source = { SOURCE_DATABASE_URL: await previousSystem() };
    const command = ['import-avatars', '--owner-column', 'user_id'];

    const planned = await operator([...command, '--dry-run'], source);
    expect(planned).toMatchObject({ code: 1 });
    expect(planned.result).toContain('would be imported 1 (PORTRAIT, LORA) for "local"');
    expect(planned.said).toContain('3 would be imported, 0 were there already, 3 skipped');
    const byNumber = await operator(
      ['import-avatars', '--owner-column', 'tenant_number', '--dry-run'],
      source,
    );
    expect(byNumber.result).toContain('would be imported 1 (PORTRAIT, LORA) for "7"');
    const byScore = await operator(['import-avatars', '--owner-column', 'score', '--dry-run'], source);
    expect(byScore.said).toContain('skipped 1: it has no owner');
    expect((await avatarsAt(server)).length).toBe(0);

    const done = await operator(command, source);
    expect(done).toMatchObject({ code: 1 });
    expect(done.result).toMatch(/^(imported \d as avt_.*\n){3}$/);
    expect(done.said).toContain('skipped 4: diffusers_lora_file_url: expected an absolute http(s) URL');
    expect(done.said).toContain('skipped 5: name: expected a text of 1 to 100 characters');
    expect(done.said).toContain('skipped 6: it has no owner');
    expect(done.said).toContain('3 imported, 0 were there already, 3 skipped');

    const avatars = await avatarsAt(server);
    expect(avatars.map(({ name }) => name).toSorted()).toEqual(['Ada', 'Ink', 'Untrained']);
    expect(avatars.find(({ name }) => name === 'Ada')).toMatchObject({
      trainingType: 'PORTRAIT',
      status: 'COMPLETED',
      isReady: true,
      triggerPhrase: 'ad4',
      falRequestId: 'req-1',
      diffusersLoraFileUrl: LORA,
      configFileUrl: 'https://files.example/c.json',
      falResponseData: { a: 1 },
      trainingCompletedAt: '2025-01-02T03:04:05.000Z',
    });
    expect(avatars.find(({ name }) => name === 'Ink')).toMatchObject({
      trainingType: 'STYLE',
      isReady: true,
      finetuneId: 'finetune-2',
    });
    expect(avatars.find(({ name }) => name === 'Untrained')).toMatchObject({
      status: 'DRAFT',
      isReady: false,
    });

    const ink = avatars.find(({ name }) => name === 'Ink')?.id ?? '';
    await server.deleteAvatar(ink);
    const again = await operator(command, source);
    expect(again.said).toContain('0 imported, 3 were there already, 3 skipped');
    expect(await server.avatar(ink)).toBeNull();
  });

  test('wrong arguments and settings are refused with the reason', async () => {
    stack = await startStack({ database: 'postgres', isStarted: false });
    for (const args of [
      ['import-avatars'],
      ['import-avatars', '--owner'],
      ['import-avatars', '--owner', 'a', 'b'],
      ['import-avatars', '--user', 'a'],
      ['export', 'avt_1'],
    ])
      expect(await operator(args)).toMatchObject({ code: 64 });
    const unset = await operator(['import-avatars', '--owner', 'ada']);
    expect(unset).toMatchObject({ code: 78 });
    expect(unset.said).toContain('SOURCE_DATABASE_URL is not set');
  });
});

test('an avatar is exported with the copies of its files when fal has them no longer', async () => {
  stack = await startStack({ database: { DATA_DIR: await newDataDir() } });
  const server = stack.server();
  const { id } = await server.trainedAvatar();
  const image = await server.generate({ avatarId: id, waitSeconds: 20 });
  await copiedImages(server, image.id);
  // The files of the first training stay, and `promote` may return to them.
  await server.train({ avatarId: id });
  await eventually(
    'all copies',
    async () => (await server.metric('likeness_file_copies_total', { outcome: 'stored' })) === 5,
  );
  stack.simulator.expireFiles();
  await server.terminate();
  const parent = await mkdtemp(join(tmpdir(), 'likeness-export-'));
  ends.push(() => rm(parent, { recursive: true }));
  const exported = await operator(['export', id, join(parent, 'ada')]);
  expect(exported.result).toContain('5 of 5 files');
});

test.each(needs.isMissing ? ['embedded'] : ['embedded', 'postgres'])(
  'an avatar is exported with its rows and files, and its images can be drawn again by the script (%s)',
  async (database) => {
    stack = await startStack({
      database: database === 'postgres' ? database : { DATA_DIR: await newDataDir() },
      env: { KEEP_FILES: 'off' },
    });
    const server = stack.server();
    const { id } = await server.trainedAvatar();
    const image = await server.generate({ avatarId: id, prompt: "a cat's tea", waitSeconds: 20 });
    const parent = await mkdtemp(join(tmpdir(), 'likeness-export-'));
    ends.push(() => rm(parent, { recursive: true }));
    const folder = join(parent, 'ada');

    if (database === 'embedded') await server.terminate();
    const exported = await operator(['export', id, folder], { IMPORT_ORIGINS: stack.simulator.url });

    expect(exported.result).toContain(`${folder}: avatar ${id}, 2 runs, 1 generations, 3 of 3 files`);
    expect(exported).toMatchObject({ code: 0 });
    const text = await readFile(join(folder, 'avatar.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      avatar: { id, name: 'Ada' },
      generations: [{ id: image.id, prompt: "a cat's tea" }],
      jobs: [
        { kind: 'TRAINING', state: 'COMPLETED' },
        { kind: 'GENERATION', generationId: image.id },
      ],
    });
    expect(text).not.toMatch(/"token"|statusUrl/);
    const files = await readdir(join(folder, 'files'));
    const file = files.find((name) => name.startsWith('3-')) ?? '';
    const original = await (await fetch(image.imageUrl ?? '')).arrayBuffer();
    expect(await readFile(join(folder, 'files', file))).toEqual(Buffer.from(original));

    const script = (await readFile(join(folder, 'generate.sh'), 'utf8')).replaceAll(
      'https://queue.fal.run',
      stack.simulator.queueUrl,
    );
    const sent = stack.simulator.requests().at(-1);
    await promisify(execFile)('sh', ['-c', script], { env: { ...process.env, FAL_KEY } });
    expect(stack.simulator.requests().at(-1)).toMatchObject({ endpoint: sent?.endpoint, body: sent?.body });
    expect(stack.simulator.requests()).toHaveLength(3);

    expect(await operator(['export', id, folder])).toMatchObject({ code: 1 });
    const untrusted = await operator(['export', id, join(parent, 'untrusted')]);
    expect(untrusted).toMatchObject({ code: 0 });
    expect(untrusted.said).toContain('expected a host that has public addresses only');
    expect(untrusted.result).toContain('0 of 3 files');
    const nobody = await operator(['export', `avt_${'0'.repeat(32)}`, join(parent, 'none')]);
    expect(nobody).toMatchObject({ code: 1 });
    expect(nobody.said).toContain('There is no avatar');
  },
);
