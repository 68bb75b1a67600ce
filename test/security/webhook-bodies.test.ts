import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heldTraining, okFor, type HeldTraining } from '../support/runs-at-fal.ts';
import { randomBytes, randomUUID } from 'node:crypto';
import { beginningsOf, ODD_JSON, put, shownPiece } from '../support/odd-json.ts';
import { sampleFor } from '../support/sample.ts';
import { appWithOwnKeys } from '../support/signed-webhooks.ts';

const { app, close, deliver } = await appWithOwnKeys();
afterAll(close);

describe('a signed body that is odd', () => {
  let held: HeldTraining;
  beforeAll(async () => {
    app.log.expectError('webhook unreadable');
    // The first of several results of one run ends it, and the others say something else.
    app.log.expectError('webhook contradicts the final state; polling fal');
    held = await heldTraining(app);
  });

  const DEEP = 100_000;
  const STRANGE = `${app.url}/webhooks/fal/${randomBytes(16).toString('hex')}`;

  test.each(Object.entries(ODD_JSON))('is taken, or fits no run: %s', async (_kind, pieces) => {
    const { url, requestId } = held;
    for (const piece of sampleFor(0, 3, pieces)) {
      // A body about a run of ours is taken: refused it would come again for hours.
      const status = await deliver({ url, requestId, body: put(piece, 'PIECE') });
      expect([shownPiece(piece), status]).toEqual([shownPiece(piece), 200]);
    }
    for (const piece of sampleFor(1, 3, pieces)) {
      const strange = { url: STRANGE, requestId: randomUUID(), body: put(piece, 'PIECE') };
      expect([200, 401, 404], shownPiece(piece)).toContain(await deliver(strange));
    }
    expect(await app.avatarNow(held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
    expect((await fetch(`${app.url}/livez`)).status).toBe(200);
  });

  // What cannot be parsed is the same mistake wherever it stands.
  const RESULTS = Object.entries(ODD_JSON).flatMap(([kind, pieces]) => {
    const results = sampleFor(2, 3, pieces).filter((piece) => isJson(put(piece, '{"a":PIECE}')));
    return results.length === 0 ? [] : [[kind, results] as const];
  });
  test.each(RESULTS)('where the result should be is no fault of ours: %s', async (_kind, pieces) => {
    const { url, requestId, avatarId } = await heldTraining(app);
    const message = `{"request_id":"${requestId}","status":"OK","payload":PIECE}`;
    const statuses: [piece: string, status: number][] = [];
    for (const piece of pieces) {
      statuses.push([shownPiece(piece), await deliver({ url, requestId, body: put(piece, message) })]);
    }
    expect(statuses.filter(([, status]) => status !== 200)).toEqual([]);
    expect(await app.avatarNow(avatarId)).toMatchObject({ isReady: false });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('is a genuine one cut off somewhere', async () => {
    const { url, requestId, avatarId } = await heldTraining(app);
    const whole = JSON.stringify(okFor(requestId));
    for (const body of beginningsOf(whole, 11))
      expect([body, await deliver({ url, requestId, body })]).toEqual([body, 200]);
    expect(await app.avatarNow(avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
    expect(await deliver({ url, requestId, body: whole })).toBe(200);
    expect(await app.avatarNow(avatarId)).toMatchObject({ status: 'COMPLETED', isReady: true });
  });

  test('is megabytes of spaces', async () => {
    const { url, requestId } = held;
    expect(await deliver({ url, requestId, body: ' '.repeat(4_000_000) })).toBe(200);
  });

  const ofARun: [what: string, payload: string][] = [
    ['a payload 100,000 deep', `{"a":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
    ['objects 100,000 deep', `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`],
    ['the same field 10,000 times', `{${'"a":1,'.repeat(10_000)}"a":2}`],
    ['50,000 fields', `{${Array.from({ length: 50_000 }, (_, index) => `"f${index}":0`).join(',')}}`],
  ];
  test.each(ofARun)('about a run of ours is never a fault of ours: %s', async (_what, payload) => {
    const run = await heldTraining(app);
    const body = `{"request_id":"${run.requestId}","status":"OK","payload":${payload}}`;

    const status = await deliver({ ...run, body });

    // Signed by fal and about our run, it has to be kept: refused it would come again for hours.
    expect(status).toBe(200);
    expect(await app.avatarNow(run.avatarId)).toMatchObject({ isReady: false });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each(['../../..', '..%2f..', 'a/b', 'a b', 'a\nb', '-x', '', 'x'.repeat(129)])(
    'names no run that could be a path: %j',
    async (requestId) => {
      const submits = app.simulator.requests().length;
      const body = { ...okFor(held.requestId), request_id: requestId, gateway_request_id: held.requestId };
      const status = await deliver({ ...held, body });

      expect(status).toBe(200);
      expect(await app.avatarNow(held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
      expect(app.simulator.requests()).toHaveLength(submits);
    },
  );

  test('begins with a byte order mark and counts all the same', async () => {
    const run = await heldTraining(app);
    const body = `\ufeff${JSON.stringify(okFor(run.requestId))}`;
    expect(await deliver({ ...run, body })).toBe(200);
  });
});

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
