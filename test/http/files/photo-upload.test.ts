import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createPhotoUpload, type PhotoUploads } from '../../../src/http/files/photo-upload.ts';
import { isOutage } from '../../../src/db/outage.ts';
import { KeyedSemaphore } from '../../../src/async/keyed-semaphore.ts';
import { memoryLog } from '../../support/memory-log.ts';

const ORIGIN = 'https://page.example';
const outage = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
const photo = {
  check: () => Promise.resolve('DAMAGED'),
  remove: () => Promise.resolve(),
};
const expected = {
  id: 'pho_1',
  ownerId: 'ada',
  avatarId: 'avt_1',
  size: 5,
  isPending: true,
  isExpired: false,
};

/** The route alone, with a database of which one call fails. */
async function upload(failing: 'findExpected' | 'savePhoto') {
  const log = memoryLog();
  const photoStore = {
    findExpected: () => Promise.resolve(expected),
    savePhoto: () => Promise.resolve(null),
    [failing]: () => Promise.reject(outage),
  };
  const deps = {
    log,
    photoStore,
    photoIntake: { receive: () => Promise.resolve({ kind: 'received', photo }) },
    uploadPlaces: { photo: new KeyedSemaphore(1), owner: new KeyedSemaphore(1) },
  } as unknown as PhotoUploads['deps'];
  const respond = createPhotoUpload({ deps, isAllowedOrigin: (origin) => origin === ORIGIN, isOutage });
  const server = createServer((request, response) => void respond(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/photos/${'x'.repeat(43)}`;
  return { log, response: await fetch(url, { method: 'PUT', headers: { origin: ORIGIN }, body: 'bytes' }) };
}

test.each(['findExpected', 'savePhoto'] as const)(
  'an outage of the database in %s is answered 503 with Retry-After, which a page can read',
  async (failing) => {
    const { log, response } = await upload(failing);
    expect(response.status).toBe(503);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'retry-after': '5',
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': 'Retry-After',
    });
    expect(await response.json()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { err: outage } }]);
  },
);
