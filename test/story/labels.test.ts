import { afterAll, describe, expect, test } from 'vitest';
import {
  AvatarsDocument,
  CreateAvatarDocument,
  TypedDocumentString,
  UpdateAvatarDocument,
  type CreateAvatarInput,
  type UpdateAvatarInput,
} from '../../src/generated/contract/graphql.ts';
import { atOnce } from '../support/at-once.ts';
import { errorFor, heldTraining } from '../support/runs-at-fal.ts';
import { startTestApp } from '../support/test-app.ts';
import { TRANSPORTS } from '../support/api-client.ts';

const app = await startTestApp();
const full = await startTestApp({ env: { LIMIT_AVATARS_PER_OWNER: '1' } });
afterAll(async () => {
  await app.close();
  await full.close();
});

const LABELS = new TypedDocumentString<
  { avatar: { externalId: string | null; tags: string[] } | null },
  { id: string }
>('query ($id: ID!) { avatar(id: $id) { externalId tags } }');

const labelsOf = async (id: string) => (await app.execute(LABELS, { id })).avatar;

async function create(input: Partial<CreateAvatarInput>, server = app) {
  const variables = { input: { name: 'Ada', trainingType: 'PORTRAIT', ...input } } as const;
  return (await server.execute(CreateAvatarDocument, variables)).createAvatar;
}

async function update(input: UpdateAvatarInput) {
  return app.mutate(UpdateAvatarDocument, input);
}

async function numberOfAvatars(): Promise<number> {
  return (await app.execute(AvatarsDocument, { first: 100 })).avatars.edges.length;
}

function idOf(result: object): string {
  const id = (result as { avatar?: { id: string } }).avatar?.id;
  if (id === undefined) throw new Error(`No avatar: ${JSON.stringify(result)}`);
  return id;
}

describe('an idempotency key of createAvatar', () => {
  test('makes one avatar of 20 calls at once, and is announced once', async () => {
    const before = await numberOfAvatars();
    const input = { externalId: 'at-once', tags: ['vip'], idempotencyKey: 'at once' };

    const results = await atOnce(20, () => create(input));

    expect(new Set(results.map(idOf)).size).toBe(1);
    expect(await numberOfAvatars()).toBe(before + 1);
    expect(await app.avatarNow(idOf(results[0] ?? {}))).toMatchObject({ version: 1 });
  });

  test('gives the present state of the first call’s avatar, which keeps its generated phrase', async () => {
    const input = { tags: ['b', 'a'], idempotencyKey: 'again' };
    const first = await create(input);
    await update({ avatarId: idOf(first), name: 'Bo' });
    const { triggerPhrase } = await app.avatarNow(idOf(first));

    for (const tags of [
      ['b', 'a'],
      [' a', 'b', 'b'],
    ]) {
      const repeat = await create({ ...input, tags });
      expect(repeat).toMatchObject({ avatar: { id: idOf(first), name: 'Bo', triggerPhrase } });
    }
  });

  test('refuses another input', async () => {
    const input = {
      triggerPhrase: 'TOK',
      externalId: 'other',
      tags: ['a'],
      idempotencyKey: 'other',
    };
    await create(input);
    const before = await numberOfAvatars();

    for (const change of [
      { name: 'Bo' },
      { trainingType: 'STYLE' } as const,
      { triggerPhrase: null },
      { externalId: 'another' },
      { externalId: null },
      { tags: ['a', 'b'] },
      { tags: [] },
    ]) {
      expect(await create({ ...input, ...change })).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    }
    expect(await numberOfAvatars()).toBe(before);
  });

  test('makes no second avatar when the first was deleted', async () => {
    const input = { idempotencyKey: 'deleted' };
    await app.deleteAvatar(idOf(await create(input)));
    const before = await numberOfAvatars();

    const repeat = await create(input);

    expect(repeat).toMatchObject({ code: 'NOT_FOUND' });
    expect((repeat as { message: string }).message).toContain('idempotencyKey');
    expect(await create({ ...input, name: 'Bo' })).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(await numberOfAvatars()).toBe(before);
  });

  test('is free again after a refusal', async () => {
    await create({ externalId: 'taken' });
    const input = { idempotencyKey: 'refused' };
    expect(await create({ ...input, name: '' })).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await create({ ...input, externalId: 'taken' })).toMatchObject({ code: 'CONFLICT' });

    expect(await create({ ...input, externalId: 'free' })).toHaveProperty('avatar');
  });

  test('gives the avatar that reached the limit, also to calls at the same time', async () => {
    const results = await atOnce(10, () => create({ idempotencyKey: 'last' }, full));

    expect(new Set(results.map(idOf)).size).toBe(1);
    expect(await create({ idempotencyKey: 'next' }, full)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(idOf(await create({ idempotencyKey: 'last' }, full))).toBe(idOf(results[0] ?? {}));
  });
});

describe('an external id', () => {
  test('is of one avatar, however many calls at once; the others are told which', async () => {
    const results = await atOnce(20, () => create({ externalId: 'crm-1' }));

    const created = results.filter((result) => 'avatar' in result);
    expect(created).toHaveLength(1);
    const id = idOf(created[0] ?? {});
    for (const result of results.filter((one) => !('avatar' in one))) {
      expect(result).toMatchObject({ code: 'CONFLICT' });
      expect((result as { message: string }).message).toContain(id);
    }
    expect(await labelsOf(id)).toEqual({ externalId: 'crm-1', tags: [] });
  });

  test('is free again when its avatar is deleted, or has another', async () => {
    const first = idOf(await create({ externalId: 'moves' }));
    await app.deleteAvatar(first);
    const second = idOf(await create({ externalId: 'moves' }));
    await update({ avatarId: second, externalId: null });
    const third = idOf(await create({ externalId: 'moves' }));

    expect(await labelsOf(second)).toMatchObject({ externalId: null });
    expect(await labelsOf(third)).toMatchObject({ externalId: 'moves' });
  });

  test('of another avatar is refused in an update, which then changes nothing', async () => {
    const other = idOf(await create({ externalId: 'of-another' }));
    const avatarId = idOf(await create({ externalId: 'own', tags: ['a'] }));

    const refusal = await update({ avatarId, name: 'Bo', externalId: 'of-another', tags: ['b'] });

    expect(refusal).toMatchObject({ code: 'CONFLICT' });
    expect((refusal as { message: string }).message).toContain(other);
    expect(await app.avatarNow(avatarId)).toMatchObject({ name: 'Ada', version: 1 });
    expect(await labelsOf(avatarId)).toEqual({ externalId: 'own', tags: ['a'] });
  });
});

test('tags are a set: trimmed, composed, sorted, each once', async () => {
  const id = idOf(await create({ tags: ['zoo', ' Ada ', 'e\u0301te\u0301', '\u00e9t\u00e9', 'zoo', 'ada'] }));
  expect(await labelsOf(id)).toMatchObject({ tags: ['Ada', 'ada', 'zoo', '\u00e9t\u00e9'] });
});

describe('updateAvatar', () => {
  test.each(TRANSPORTS)('is seen live over %s, one version a call', async (over) => {
    const { id } = await app.newAvatar({ tags: ['a'] });
    const one = app.watchAvatar({ avatarId: id }, { over });
    const all = app.watchAvatar({ afterVersion: 1 }, { over });
    await one.next();

    const updated = await app.updateAvatar({ avatarId: id, name: 'Bo', tags: ['b', 'c'] });

    expect(updated).toMatchObject({ name: 'Bo', version: 2, externalId: null, tags: ['b', 'c'] });
    for (const watch of [one, all]) {
      const seen = await watch.until((row) => row.id === id && row.version === 2, 'the update');
      expect(seen).toMatchObject({ name: 'Bo', triggerPhrase: updated.triggerPhrase });
      await watch.stop();
    }
  });

  test('that changes nothing does not raise the version', async () => {
    const values = { name: 'Ada', triggerPhrase: 'TOK', externalId: 'same', tags: ['a', 'b'] };
    const { id: avatarId } = await app.newAvatar(values);
    const { updatedAt } = await app.avatarNow(avatarId);

    for (const input of [
      {},
      { ...values, tags: ['b', 'a', ' a'] },
      { name: null, tags: null, triggerPhrase: null },
    ]) {
      expect(await app.updateAvatar({ avatarId, ...input })).toMatchObject({
        ...values,
        version: 1,
        updatedAt,
      });
    }
  });

  test('leaves absent fields as they are, and removes labels', async () => {
    const { id: avatarId } = await app.newAvatar({ externalId: 'removed', tags: ['a'] });

    const named = await app.updateAvatar({ avatarId, name: 'Bo' });
    expect(named).toMatchObject({ name: 'Bo', externalId: 'removed', tags: ['a'], version: 2 });
    const bare = await app.updateAvatar({ avatarId, externalId: null, tags: [] });
    expect(bare).toMatchObject({ name: 'Bo', externalId: null, tags: [], version: 3 });
  });

  test('of calls at once loses none', async () => {
    const { id: avatarId } = await app.newAvatar();
    const names = Array.from({ length: 10 }, (_, n) => `Ada ${n}`);

    const rows = await Promise.all(names.map((name) => app.updateAvatar({ avatarId, name })));

    expect(rows.every(({ version }) => version > 1)).toBe(true);
    expect(await app.avatarNow(avatarId)).toMatchObject({ version: 11 });
  });

  test('changes the trigger phrase only while nothing runs, and everything else at any time', async () => {
    const { avatarId } = await heldTraining(app);
    const { triggerPhrase } = await app.avatarNow(avatarId);

    expect(await update({ avatarId, triggerPhrase: 'NEW', name: 'Bo' })).toMatchObject({ code: 'CONFLICT' });
    expect(await app.avatarNow(avatarId)).toMatchObject({ triggerPhrase, name: 'Ada' });
    const named = await app.updateAvatar({ avatarId, name: 'Bo', triggerPhrase });
    expect(named).toMatchObject({ name: 'Bo', triggerPhrase });
    await app.cancelTraining(avatarId);
    const { version: last } = await app.settled(avatarId, named.version);
    const changed = await app.updateAvatar({ avatarId, triggerPhrase: 'NEW' });
    expect(changed).toMatchObject({ triggerPhrase: 'NEW', version: last + 1 });
  });

  test('waits with the phrase for images too, which then have the new one', async () => {
    const { id: avatarId } = await app.trainedAvatar();
    const { id } = await app.generate({ avatarId, prompt: 'tea [[stuck-in-queue]]' });
    expect(await update({ avatarId, triggerPhrase: 'NEW' })).toMatchObject({ code: 'CONFLICT' });
    const run = app.lastRun();
    await app.deliver(run, errorFor(run.requestId));
    const ended = app.watchGeneration({ generationId: id });
    await ended.until(({ status }) => status === 'FAILED', 'the end of the generation');

    await app.updateAvatar({ avatarId, triggerPhrase: 'NEW' });
    await app.generate({ avatarId, prompt: 'tea' });

    expect(app.lastSubmit().body).toMatchObject({ prompt: 'NEW, tea' });
  });
});
