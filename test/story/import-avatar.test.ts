import { afterAll, describe, expect, test } from 'vitest';
import { ImportAvatarDocument, TypedDocumentString } from '../../src/generated/contract/graphql.ts';
import { startFileHost } from '../support/file-host.ts';
import { startTestApp } from '../support/test-app.ts';
import type { AvatarRow } from '../support/api-client.ts';
import type { ImportAvatarInput } from '../../src/generated/contract/graphql.ts';

const host = await startFileHost();
afterAll(() => host.close());
const app = await startTestApp({ env: { IMPORT_ORIGINS: host.url } });
afterAll(() => app.close());

const trained = await app.trainedAvatar();
const loraUrl = trained.diffusersLoraFileUrl ?? '';

const LORA = {
  name: 'Grace',
  trainingType: 'PORTRAIT',
  trainer: 'FLUX_LORA_PORTRAIT',
  triggerPhrase: 'gr4ce',
  loraUrl,
} as const;
const FINETUNE = {
  name: 'Ink',
  trainingType: 'STYLE',
  trainer: 'FLUX_PRO',
  triggerPhrase: '1nk',
  finetuneId: 'finetune-of-elsewhere',
} as const;

async function importAvatar(input: ImportAvatarInput) {
  return app.mutate(ImportAvatarDocument, input);
}

async function imported(input: ImportAvatarInput): Promise<AvatarRow> {
  const result = await importAvatar(input);
  if (!('avatar' in result)) throw new Error(`Refused: ${JSON.stringify(result)}`);
  return result.avatar;
}

test('a LoRA file becomes an avatar that is ready at once, and subscribers see it', async () => {
  const changes = app.watchChanges({});
  await changes.until(({ __typename }) => __typename === 'CaughtUp', 'the start');
  const submits = app.simulator.requests().length;

  const avatar = await imported({ ...LORA, externalId: 'old-7', tags: ['moved'] });

  expect(avatar).toMatchObject({
    name: 'Grace',
    status: 'COMPLETED',
    isReady: true,
    triggerPhrase: 'gr4ce',
    diffusersLoraFileUrl: loraUrl,
    finetuneId: null,
    version: 1,
  });
  expect(app.simulator.requests()).toHaveLength(submits);
  await changes.until((event) => 'avatar' in event && event.avatar.id === avatar.id, 'the avatar');
  await changes.stop();

  const image = await app.generate({ avatarId: avatar.id, prompt: 'tea', waitSeconds: 20 });
  expect(image).toMatchObject({ status: 'COMPLETED' });
  expect(app.lastSubmit()).toMatchObject({
    endpoint: 'fal-ai/flux-lora',
    body: { prompt: 'gr4ce, tea', loras: [{ path: loraUrl }] },
  });
});

test('a finetune becomes an avatar that generates with its ID', async () => {
  const { id } = await imported(FINETUNE);
  await app.generate({ avatarId: id, prompt: 'tea' });
  expect(app.lastSubmit()).toMatchObject({ body: { finetune_id: 'finetune-of-elsewhere' } });
});

test('an imported avatar can be trained again', async () => {
  const { id } = await imported(LORA);
  const after = await app.train({ avatarId: id });
  expect(after).toMatchObject({ status: 'COMPLETED', isReady: true });
  expect(after.diffusersLoraFileUrl).not.toBe(loraUrl);
});

test('a repeated key gives the same avatar, also when the file is gone; another input is a conflict', async () => {
  const input = { ...LORA, idempotencyKey: 'import' };
  const ids = await Promise.all(Array.from({ length: 3 }, () => imported(input)));
  expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
  expect(await importAvatar({ ...input, name: 'Hopper' })).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  const other = { ...input, loraUrl: 'http://127.0.0.1:1/gone.safetensors' };
  expect(await importAvatar(other)).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
});

test('an externalId that another avatar has is refused with CONFLICT', async () => {
  await imported({ ...FINETUNE, externalId: 'taken' });
  expect(await importAvatar({ ...FINETUNE, externalId: 'taken' })).toMatchObject({ code: 'CONFLICT' });
});

describe('a refusal creates nothing', () => {
  const simulated = new URL(loraUrl).origin;
  const file = { loraUrl: undefined, finetuneId: undefined };
  test.each<[what: string, input: ImportAvatarInput, says: string]>([
    ['without a name', { ...LORA, name: ' ' }, 'name'],
    ['without a trigger phrase', { ...LORA, triggerPhrase: '' }, 'triggerPhrase'],
    ['with a trainer of the other type', { ...LORA, trainer: 'FLUX_PRO' }, 'trainer: expected'],
    ['without a file', { ...LORA, ...file }, 'loraUrl: expected the URL of a LoRA file'],
    ['without a finetune', { ...FINETUNE, ...file }, 'finetuneId: expected the ID of a finetune'],
    ['with both', { ...LORA, finetuneId: 'x' }, 'finetuneId: expected nothing'],
    ['with the other', { ...FINETUNE, loraUrl }, 'loraUrl: expected nothing'],
    ['with a finetune of control characters', { ...FINETUNE, finetuneId: 'a\u0007b' }, 'finetuneId'],
    ['with a long finetune', { ...FINETUNE, finetuneId: 'x'.repeat(257) }, 'finetuneId'],
    [
      'with no web address',
      { ...LORA, loraUrl: 'file:///etc/passwd' },
      'loraUrl: expected an absolute http(s)',
    ],
    [
      'with credentials',
      { ...LORA, loraUrl: 'https://u:p@files.example/a' },
      'loraUrl: expected an absolute',
    ],
    [
      'with an unknown file',
      { ...LORA, loraUrl: `${simulated}/files/none/a` },
      'HTTP status 200 or 206, not 404',
    ],
    ['with a picture', { ...LORA, loraUrl: `${simulated}/` }, 'loraUrl: expected'],
    ['with this server', { ...LORA, loraUrl: `${app.url}/livez` }, 'public addresses only'],
    ['with cloud metadata', { ...LORA, loraUrl: 'http://169.254.169.254/latest/' }, 'public addresses only'],
    ['with localhost', { ...LORA, loraUrl: 'http://localhost:5432/' }, 'public addresses only'],
  ])('%s', async (_what, input, says) => {
    const before = await count();
    expect(await importAvatar(input)).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(says) as string,
    });
    expect(await count()).toBe(before);
  });

  const COUNT = new TypedDocumentString<{ avatars: { totalCount: number } }, Record<string, never>>(
    '{ avatars(first: 1) { totalCount } }',
  );
  const count = async () => (await app.execute(COUNT, {})).avatars.totalCount;
});

test('a storage of the same network is accepted once IMPORT_ORIGINS names it', async () => {
  const file = Buffer.from(await (await fetch(loraUrl)).arrayBuffer());
  const input = { ...LORA, loraUrl: host.serve('/lora.safetensors', file) };
  expect(await importAvatar(input)).toMatchObject({ avatar: { isReady: true } });
});
