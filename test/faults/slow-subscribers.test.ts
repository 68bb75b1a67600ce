import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openSubscriber, startChangingServer, type Subscriber } from '../support/start-changing-server.ts';
import { TRANSPORTS, type Transport } from '../support/api-client.ts';

const CHANGES = 5000;
const PAUSED_EACH = 5;
const ROW_BYTES = 12_000;
/** A busy machine sends more changes as one; a reader that waits for the paused ones gets the first and the last. */
const MIN_SENT = 50;
/** Unsent states of ten paused readers would take some hundred megabytes. */
const MAX_GROWTH_BYTES = 40_000_000;
/** The server leaves 64 KB unread on a WebSocket, and sends the newest state after them. */
const MAX_FRAMES_WS = 10;

const server = await startChangingServer({
  changes: CHANGES,
  rowBytes: ROW_BYTES,
  // No reader is closed for being slow, however slow this machine is.
  patience: { pingMs: 600_000, stallMs: 600_000 },
});
afterAll(() => server.close());

function rises(versions: readonly number[]): void {
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
}

describe('while an avatar changes 5,000 times', () => {
  const paused: Record<Transport, Subscriber[]> = { ws: [], sse: [] };
  let newest = 0;

  test('paused readers cost no memory and delay no others', async () => {
    const awake = await Promise.all(TRANSPORTS.map((over) => openSubscriber(server, over)));
    for (const over of TRANSPORTS) {
      for (let count = 0; count < PAUSED_EACH; count += 1)
        paused[over].push(await openSubscriber(server, over));
      for (const { proxy } of paused[over]) proxy.stall();
    }

    const { version, bytesBefore, bytesAfter } = await server.change();

    newest = version;
    expect(version).toBe(CHANGES + 1);
    for (const { watch, close } of awake) {
      await watch.until((row) => row.version === version, 'the newest state');
      await close();
      const versions = watch.seen.map((row) => row.version);
      rises(versions);
      expect(versions.length).toBeGreaterThan(MIN_SENT);
    }
    expect(bytesAfter - bytesBefore).toBeLessThan(MAX_GROWTH_BYTES);
  });

  test.each(TRANSPORTS)('a paused reader over %s gets the newest state when it resumes', async (over) => {
    for (const { watch, proxy, close } of paused[over]) {
      const before = watch.seen.length;
      proxy.resume();
      await watch.until((row) => row.version === newest, 'the newest state');
      rises(watch.seen.map(({ version }) => version));
      // A stream has no acknowledgements, so the socket buffers on the way fill with old states first.
      const frames = watch.seen.length - before;
      expect(frames).toBeLessThanOrEqual(over === 'ws' ? MAX_FRAMES_WS : CHANGES / 2);
      expect(watch.hasEnded).toBe(false);
      await close();
    }
    await eventually(
      'their listeners to be gone',
      async () => (await server.listeners()) <= (over === 'ws' ? PAUSED_EACH : 0),
    );
  });
});
