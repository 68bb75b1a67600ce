import { afterAll, describe, expect, test } from 'vitest';
import { FileLinks } from '../../src/links/file-links.ts';
import { startFileHost } from '../support/file-host.ts';
import { HOUR_MS } from '../../src/values/units.ts';

const host = await startFileHost();
afterAll(() => host.close());

/** The bytes of a file, which end in silence, or go on for ever a few at a time. */
async function read(path: string, { timeoutMs = HOUR_MS, stallMs = HOUR_MS }): Promise<number> {
  const closing = new AbortController().signal;
  const links = new FileLinks({ trustedOrigins: new Set([host.url]), closing, stallMs });
  const opened = await links.open(host.url + path, { timeoutMs, maxBytes: 1000 });
  if (opened.kind !== 'open') throw new Error(opened.message);
  let bytes = 0;
  for await (const chunk of opened.chunks) bytes += chunk.byteLength;
  return bytes;
}

describe('the transfer of a file ends', () => {
  test('when no more bytes come', async () => {
    host.serve('/silent', (response) => void response.write('the beginning'));
    await expect(read('/silent', { stallMs: 50 })).rejects.toThrow('no data for 50 ms');
  });

  test('after its time, though bytes still come', async () => {
    host.serve('/slow', (response) => {
      const drip = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(drip));
    });
    await expect(read('/slow', { timeoutMs: 500 })).rejects.toThrow(/abort|time/);
  });
});
