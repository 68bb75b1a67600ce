import { afterAll, describe, expect, test } from 'vitest';
import { heldGeneration, heldTraining, imageResult, okFor } from '../support/runs-at-fal.ts';
import { eventually } from '../support/eventually.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

const style = await app.trainedAvatar({ trainingType: 'STYLE' });

describe.each(['ws', 'sse'] as const)('over %s', (over) => {
  test('the current state comes first, then every change with a greater version', async () => {
    const held = await heldTraining(app);
    const now = await app.avatarNow(held.avatarId);
    const watch = app.watchAvatar({ avatarId: held.avatarId }, { over });

    expect(await watch.next()).toEqual(now);
    await app.deliver(held, okFor(held.requestId));
    expect(await watch.next()).toMatchObject({ status: 'COMPLETED', isReady: true });
    const again = await heldTraining(app, held.avatarId);
    await watch.until(({ status }) => status === 'QUEUED');
    await app.deliver(again, okFor(again.requestId));
    const last = await watch.until(({ status }) => status === 'COMPLETED');

    const versions = watch.seen.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(last).toEqual(await app.avatarNow(held.avatarId));
    await watch.stop();
  });

  test('afterVersion leaves out a state the caller has seen, and tells a newer one', async () => {
    const { id, version } = await app.newAvatar();
    const resumed = app.watchAvatar({ avatarId: id, afterVersion: version }, { over });
    const ahead = app.watchAvatar({ avatarId: id, afterVersion: version + 1 }, { over });
    const behind = app.watchAvatar({ avatarId: id, afterVersion: version - 1 }, { over });
    await behind.next();
    await eventually('all three to listen', async () => (await app.listeners()) === 3);

    const held = await heldTraining(app, id);

    expect(await resumed.next()).toMatchObject({ version: version + 1, status: 'QUEUED' });
    expect(await behind.next()).toMatchObject({ version: version + 1 });
    await app.deliver(held, okFor(held.requestId));
    expect(await ahead.next()).toMatchObject({ version: version + 2, status: 'COMPLETED' });
    await Promise.all([resumed.stop(), ahead.stop(), behind.stop()]);
  });

  test('without an id all avatars of the caller are watched, those made later included', async () => {
    const before = await app.newAvatar();
    const watch = app.watchAvatar({}, { over });
    await watch.until(({ id }) => id === before.id);
    expect(watch.seen.map(({ id }) => id)).toContain(style.id);

    const after = await app.newAvatar();
    expect(await watch.until(({ id }) => id === after.id)).toEqual(after);

    await Promise.all([before, after].map(({ id }) => app.startTraining({ avatarId: id })));
    const open = new Set([before.id, after.id]);
    await watch.until(({ id, status }) => status === 'COMPLETED' && open.delete(id) && open.size === 0);
    for (const { id } of [before, after]) {
      const versions = watch.seen.filter((row) => row.id === id).map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    }
    await watch.stop();
  });

  test('a generation’s stream ends by itself after its last state', async () => {
    const held = await heldGeneration(app, { avatarId: style.id });
    const { generationId } = held;
    const watch = app.watchGeneration({ generationId }, { over });
    expect(await watch.next()).toMatchObject({ id: generationId, images: [] });
    await app.deliver(held, okFor(held.requestId, imageResult()));

    const rows = await watch.ended();

    expect(rows.at(-1)).toMatchObject({ status: 'COMPLETED', images: [{}] });
    const late = app.watchGeneration({ generationId }, { over });
    expect(await late.ended()).toEqual([rows.at(-1)]);
    const seen = { generationId, afterVersion: rows.at(-1)?.version ?? 0 };
    expect(await app.watchGeneration(seen, { over }).ended()).toEqual([]);
  });

  test('a failed generation’s stream ends too', async () => {
    const image = await app.generate({ avatarId: style.id, prompt: 'tea [[fail]]' });

    const rows = await app.watchGeneration({ generationId: image.id }, { over }).ended();

    expect(rows.at(-1)).toMatchObject({ status: 'FAILED', error: { code: 'PROVIDER_FAILED' } });
  });

  test('deleting the avatar ends its stream and those of its generations', async () => {
    const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });
    const image = await app.generate({ avatarId: id, prompt: 'tea [[stuck]]' });
    const avatar = app.watchAvatar({ avatarId: id }, { over });
    const generation = app.watchGeneration({ generationId: image.id }, { over });
    await Promise.all([avatar.next(), generation.next()]);

    await app.deleteAvatar(id);

    await Promise.all([avatar.ended(), generation.ended()]);
    expect([avatar.errors, generation.errors]).toEqual([null, null]);
  });

  test('what is not there is NOT_FOUND', async () => {
    for (const id of [
      'avt_00000000000070008000000000000000',
      'nonsense',
      '',
      style.id.replace('avt_', 'gen_'),
    ]) {
      const [error] = await app.watchAvatar({ avatarId: id }, { over }).refused();
      expect(error).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
      const [other] = await app.watchGeneration({ generationId: id }, { over }).refused();
      expect(other).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
    }
  });

  test('a version below zero is INVALID_INPUT, and the message says what is allowed', async () => {
    const [error] = await app.watchAvatar({ avatarId: style.id, afterVersion: -1 }, { over }).refused();

    expect(error).toMatchObject({ extensions: { code: 'INVALID_INPUT' } });
    expect(error?.message).toMatch(/afterVersion.*from 0.*-1/);
  });

  test('a client that leaves takes its listeners with it', async () => {
    expect(await app.listeners()).toBe(0);
    const watches = [
      app.watchAvatar({ avatarId: style.id }, { over }),
      app.watchAvatar({}, { over }),
      app.watchAvatar({ avatarId: style.id, afterVersion: 1000 }, { over }),
    ];
    await eventually('all three to listen', async () => (await app.listeners()) === 3);

    await Promise.all(watches.map((watch) => watch.stop()));

    await eventually('no one to listen', async () => (await app.listeners()) === 0);
  });
});
