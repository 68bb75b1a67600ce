import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openReader, type Reader } from './paused-reader.ts';
import { startChangingServer } from './changing.ts';

const CHANGES = 5000;
const PAUSED_EACH = 5;
const ROW_BYTES = 12_000;
/** So many changes are told at least: the rest comes so fast that it is told as one. */
const MIN_TOLD = 400;
/** Kept for the ten that are paused, what is told would be some hundred megabytes. */
const MAX_GROWTH_BYTES = 40_000_000;
/** What a WebSocket lets lie unread on the way (64 KB), and the state that waits behind it. */
const MAX_FRAMES_WS = 10;

const server = await startChangingServer({
  changes: CHANGES,
  rowBytes: ROW_BYTES,
  // Nobody is to be ended for being slow here, however long this machine takes.
  patience: { pingMs: 600_000, stallMs: 600_000 },
});
afterAll(() => server.close());

const open = (over: 'ws' | 'sse') => openReader(over, server.graphqlUrl, { avatarId: server.avatarId });

describe('while an avatar changes 5,000 times', { timeout: 180_000 }, () => {
  const paused: Record<'ws' | 'sse', Reader[]> = { ws: [], sse: [] };
  let newest = 0;

  test('readers that take nothing cost no memory and hold nobody up', async () => {
    const awake = await Promise.all([open('ws'), open('sse')]);
    for (const over of ['ws', 'sse'] as const) {
      for (let count = 0; count < PAUSED_EACH; count += 1) paused[over].push(await open(over));
      for (const reader of paused[over]) reader.pause();
    }

    const { version, tookMs, bytesBefore, bytesAfter } = await server.change();

    newest = version;
    expect(version).toBe(CHANGES + 1);
    for (const { versions } of awake) {
      await eventually('the newest state', () => (versions.at(-1) === version ? true : null));
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      expect(versions.length).toBeGreaterThan(MIN_TOLD);
    }
    expect(bytesAfter - bytesBefore).toBeLessThan(MAX_GROWTH_BYTES);
    const megabytes = Math.round((bytesAfter - bytesBefore) / 1e6);
    const told = awake.map(({ versions }) => versions.length).join(' and ');
    process.stdout.write(
      `5,000 changes in ${tookMs} ms, told in ${told} states; memory: ${megabytes} MB more\n`,
    );
    for (const reader of awake) reader.drop();
  });

  test.each(['ws', 'sse'] as const)(
    'a reader over %s that comes back is soon at the newest state',
    async (over) => {
      for (const reader of paused[over]) {
        const [before, began] = [reader.versions.length, performance.now()];
        reader.resume();
        await eventually('the newest state', () => (reader.versions.at(-1) === newest ? true : null));
        const frames = reader.versions.length - before;
        expect(reader.versions).toEqual([...new Set(reader.versions)].toSorted((a, b) => a - b));
        // A stream's reader never says how far it is, so the buffers of the two systems fill up with old news first.
        expect(frames).toBeLessThanOrEqual(over === 'ws' ? MAX_FRAMES_WS : CHANGES / 5);
        expect(reader.ended()).toBeNull();
        process.stdout.write(`${over}: ${frames} states in ${Math.round(performance.now() - began)} ms\n`);
        reader.drop();
      }
      await eventually('nobody to listen', async () =>
        (await server.listeners()) <= (over === 'ws' ? PAUSED_EACH : 0) ? true : null,
      );
    },
  );
});
