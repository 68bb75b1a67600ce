import { afterAll, beforeEach, expect, test } from 'vitest';
import { letPass } from '../../support/breaker-fixture.ts';
import { freshDatabase, ROUNDS } from '../../support/database.ts';
import { PrismaBreakerStore } from '../../../src/db/store/breaker-store.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/values/units.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { pool, prisma } = database;

const WAITS_MS = [1, 2, 5, 15].map((minutes) => minutes * MINUTE_MS);

const KEY = 'key-id-1234:key-secret-5678';
/** Two instances. */
const [one, other] = [breakerOf(KEY), breakerOf(KEY)];

function breakerOf(key: string, waitsMs: readonly number[] = WAITS_MS): PrismaBreakerStore {
  return new PrismaBreakerStore(prisma, key, waitsMs);
}

beforeEach(async () => {
  await prisma.circuitBreaker.deleteMany();
});

async function claimProbe(store = one): Promise<Date> {
  const admission = await store.admit();
  if (admission.kind !== 'probe') throw new Error(`Not a probe: ${JSON.stringify(admission)}`);
  return admission.probe;
}

async function retryInMs(): Promise<number> {
  const admission = await other.admit();
  if (admission.kind !== 'open') throw new Error(`Not open: ${JSON.stringify(admission)}`);
  return admission.opened.retryInMs;
}

test('a closed breaker admits everything', async () => {
  expect(await one.admit()).toEqual({ kind: 'closed' });
  expect(await one.peek()).toBeNull();
  expect(await one.isOpen()).toBe(false);
});

test('a peek shows what holds submits back, and claims no probe', async () => {
  const opened = await one.open('KEY_REFUSED', 'refused', null);
  expect(await other.peek()).toMatchObject({ reason: 'KEY_REFUSED', retryAt: opened?.retryAt });
  await letPass(MINUTE_MS)(database);
  expect(await other.peek()).toBeNull();
  const claim = await claimProbe();
  expect(await other.peek()).toMatchObject({ reason: 'KEY_REFUSED', retryAt: claim });
  // The clock was put back.
  await letPass(-DAY_MS)(database);
  expect(await other.peek()).toBeNull();
});

test('the wait is 1 minute, then 2, 5, 15 and 15 minutes as every probe is refused', async () => {
  let wait = await one.open('KEY_REFUSED', 'refused', null);
  for (const minutes of [1, 2, 5, 15, 15]) {
    expect(wait?.retryInMs).toBeGreaterThan(minutes * MINUTE_MS - 10);
    expect(wait?.retryInMs).toBeLessThanOrEqual(minutes * MINUTE_MS);
    await letPass(minutes * MINUTE_MS - 30_000)(database);
    expect(await retryInMs()).toBeGreaterThan(0);
    expect(await retryInMs()).toBeLessThanOrEqual(30_000);
    await letPass(30_000)(database);
    wait = await one.open('KEY_REFUSED', 'refused', await claimProbe());
  }
  expect(await one.isOpen()).toBe(true);
});

test.each([
  ['the default waits', WAITS_MS],
  ['waits below the time of a probe', [5000]],
])('of many submits in two instances one is the probe: %s', async (_name, waitsMs) => {
  const stores = [breakerOf(KEY, waitsMs), breakerOf(KEY, waitsMs)];
  for (let round = 0; round < ROUNDS; round++) {
    await prisma.circuitBreaker.deleteMany();
    await one.open('KEY_REFUSED', 'refused', null);
    await letPass(MINUTE_MS)(database);
    const admissions = await Promise.all(
      Array.from({ length: 10 }, () => stores.map((store) => store.admit())).flat(),
    );
    expect(admissions.filter(({ kind }) => kind === 'probe')).toHaveLength(1);
    for (const admission of admissions) {
      if (admission.kind === 'probe') continue;
      expect(admission).toMatchObject({ kind: 'open' });
      expect(admission.kind === 'open' && admission.opened.retryInMs).toBeGreaterThan(0);
    }
  }
});

test('a success of the probe closes the breaker for all instances, and the next refusal starts at 1 minute', async () => {
  await one.open('KEY_REFUSED', 'refused', null);
  await letPass(MINUTE_MS)(database);
  await one.open('KEY_REFUSED', 'refused', await claimProbe());
  await letPass(2 * MINUTE_MS)(database);
  await claimProbe();
  await one.close();
  expect(await other.admit()).toEqual({ kind: 'closed' });
  expect((await other.open('KEY_REFUSED', 'refused', null))?.retryInMs).toBeLessThanOrEqual(MINUTE_MS);
});

test('a second refusal of submits that were sent before the breaker opened changes nothing', async () => {
  await one.open('KEY_REFUSED', 'refused', null);
  await letPass(30_000)(database);
  expect(await other.open('KEY_REFUSED', 'refused', null)).toBeNull();
  expect(await retryInMs()).toBeLessThanOrEqual(30_000);
});

test('a probe that decides nothing leaves the next submit to be the probe', async () => {
  await one.open('KEY_REFUSED', 'refused', null);
  await letPass(MINUTE_MS)(database);
  await one.release(await claimProbe());
  await claimProbe(other);
});

test('a probe whose process died is replaced after a minute, and what it learns later changes nothing', async () => {
  await one.open('KEY_REFUSED', 'refused', null);
  await letPass(MINUTE_MS)(database);
  const first = await claimProbe();
  expect(await retryInMs()).toBeGreaterThan(MINUTE_MS - 10_000);
  await letPass(MINUTE_MS)(database);
  await claimProbe(other);

  await one.release(first);
  expect(await one.open('KEY_REFUSED', 'refused', first)).toBeNull();
  expect(await retryInMs()).toBeGreaterThan(MINUTE_MS - 10_000);
});

test('another key has another breaker, and no key is stored', async () => {
  await one.open('KEY_REFUSED', 'refused', null);
  expect(await breakerOf('key-id-1234:its-successor').admit()).toEqual({
    kind: 'closed',
  });
  const rows = JSON.stringify(await prisma.circuitBreaker.findMany());
  for (const part of KEY.split(':')) expect(rows).not.toContain(part);
});

test.each([
  ['an hour', HOUR_MS],
  ['two months', 60 * DAY_MS],
])('a clock that was put back by %s does not keep the breaker open for that long', async (_what, ms) => {
  await one.open('KEY_REFUSED', 'refused', null);
  await letPass(-ms)(database);
  await claimProbe();
});

test('a breaker that opened two months ago still admits a probe', async () => {
  await one.open('KEY_REFUSED', 'refused', null);
  await letPass(60 * DAY_MS)(database);
  await claimProbe();
});

test('callers learn why the breaker is open and when the next probe may go', async () => {
  const opened = await one.open('BALANCE_EXHAUSTED', 'refused', null);
  const [{ now } = { now: new Date(0) }] = await prisma.$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
  expect(opened?.reason).toBe('BALANCE_EXHAUSTED');
  expect(Math.abs((opened?.retryAt.getTime() ?? 0) - now.getTime() - MINUTE_MS)).toBeLessThan(10_000);
  expect(await other.admit()).toMatchObject({
    kind: 'open',
    opened: { reason: 'BALANCE_EXHAUSTED', retryAt: opened?.retryAt },
  });
});

test('the operator ends a wait, and the next submit is the probe', async () => {
  await one.open('KEY_REFUSED', 'refused', null);
  expect(await other.endWait()).toBe(true);
  expect(await other.endWait()).toBe(true);
  const probe = await claimProbe();
  // A probe is in flight: no second one.
  expect(await other.endWait()).toBe(false);
  expect((await one.open('KEY_REFUSED', 'refused', probe))?.retryInMs).toBeGreaterThan(MINUTE_MS);
  expect(await other.endWait()).toBe(true);
  await one.release(await claimProbe());
  expect(await other.endWait()).toBe(true);
  await claimProbe();
});

test('the operator ends no wait of a closed breaker', async () => {
  expect(await one.endWait()).toBe(false);
  expect(await one.read()).toBeNull();
});

test('a breaker that an older version opened has no reason', async () => {
  await one.open('KEY_REFUSED', 'refused', null);
  await pool.query('UPDATE submit_stops SET kind = NULL');
  expect(await one.admit()).toMatchObject({ kind: 'open', opened: { reason: null } });
});

test('waits shorter than a probe leave room for one probe at a time', async () => {
  const quick = breakerOf(KEY, [5000, 5000]);
  expect((await quick.open('KEY_REFUSED', 'refused', null))?.retryInMs).toBeLessThanOrEqual(5000);
  await letPass(5000)(database);
  const probe = await claimProbe(quick);
  expect((await quick.admit()).kind).toBe('open');
  expect((await quick.open('KEY_REFUSED', 'refused', probe))?.retryInMs).toBeLessThanOrEqual(5000);
});
