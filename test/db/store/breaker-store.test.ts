import { afterAll, beforeEach, expect, test } from 'vitest';
import { freshDatabase } from '../../support/database.ts';
import { PrismaBreakerStore } from '../../../src/db/store/breaker-store.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { pool, prisma } = database;

const KEY = 'key-id-1234:key-secret-5678';
/** Two instances. */
const [one, other] = [new PrismaBreakerStore(prisma, KEY), new PrismaBreakerStore(prisma, KEY)];

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

beforeEach(async () => {
  await prisma.circuitBreaker.deleteMany();
});

/** Moves the database's clock, as far as the breaker can see. */
async function letPass(ms: number): Promise<void> {
  await pool.query(`UPDATE submit_stops SET next_probe_at = next_probe_at - $1 * interval '1 millisecond'`, [
    ms,
  ]);
}

async function claimProbe(store = one): Promise<Date> {
  const admission = await store.admit();
  if (admission.kind !== 'probe') throw new Error(`Not a probe: ${JSON.stringify(admission)}`);
  return admission.claim;
}

async function retryInMs(): Promise<number> {
  const admission = await other.admit();
  if (admission.kind !== 'open') throw new Error(`Not open: ${JSON.stringify(admission)}`);
  return admission.retryInMs;
}

test('a closed breaker admits everything', async () => {
  expect(await one.admit()).toEqual({ kind: 'closed' });
  expect(await one.isOpen()).toBe(false);
});

test('the wait is 1 minute, then 2, 5, 15 and 15 minutes as every probe is refused', async () => {
  let wait = await one.open('refused', null);
  for (const minutes of [1, 2, 5, 15, 15]) {
    expect(wait).toBe(minutes * MINUTE);
    await letPass(minutes * MINUTE - 30_000);
    expect(await retryInMs()).toBeGreaterThan(0);
    expect(await retryInMs()).toBeLessThanOrEqual(30_000);
    await letPass(30_000);
    wait = await one.open('refused', await claimProbe());
  }
  expect(await one.isOpen()).toBe(true);
});

test('of many submits in two instances one is the probe', async () => {
  await one.open('refused', null);
  await letPass(MINUTE);
  const admissions = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).admit()),
  );
  expect(admissions.filter(({ kind }) => kind === 'probe')).toHaveLength(1);
  for (const admission of admissions) {
    if (admission.kind === 'probe') continue;
    expect(admission).toMatchObject({ kind: 'open' });
    expect(admission.kind === 'open' && admission.retryInMs).toBeGreaterThan(0);
  }
});

test('a success of the probe closes the breaker for all instances, and the next refusal starts at 1 minute', async () => {
  await one.open('refused', null);
  await letPass(MINUTE);
  await one.open('refused', await claimProbe());
  await letPass(2 * MINUTE);
  await claimProbe();
  await one.close();
  expect(await other.admit()).toEqual({ kind: 'closed' });
  expect(await other.open('refused', null)).toBe(MINUTE);
});

test('a second refusal of submits that were sent before the breaker opened changes nothing', async () => {
  await one.open('refused', null);
  await letPass(30_000);
  expect(await other.open('refused', null)).toBeNull();
  expect(await retryInMs()).toBeLessThanOrEqual(30_000);
});

test('a probe that decides nothing leaves the next submit to be the probe', async () => {
  await one.open('refused', null);
  await letPass(MINUTE);
  await one.release(await claimProbe());
  await claimProbe(other);
});

test('a probe whose process died is replaced after a minute, and what it learns later changes nothing', async () => {
  await one.open('refused', null);
  await letPass(MINUTE);
  const first = await claimProbe();
  expect(await retryInMs()).toBeGreaterThan(MINUTE - 10_000);
  await letPass(MINUTE);
  await claimProbe(other);

  await one.release(first);
  expect(await one.open('refused', first)).toBeNull();
  expect(await retryInMs()).toBeGreaterThan(MINUTE - 10_000);
});

test('another key has another breaker, and no key is stored', async () => {
  await one.open('refused', null);
  expect(await new PrismaBreakerStore(prisma, 'key-id-1234:its-successor').admit()).toEqual({
    kind: 'closed',
  });
  const rows = JSON.stringify(await prisma.circuitBreaker.findMany());
  for (const part of KEY.split(':')) expect(rows).not.toContain(part);
});

test.each([
  ['an hour', 60 * MINUTE],
  ['two months', 60 * DAY],
])('a clock that was put back by %s does not keep the breaker open for that long', async (_what, ms) => {
  await one.open('refused', null);
  await letPass(-ms);
  await claimProbe();
});

test('a breaker that opened two months ago still admits a probe', async () => {
  await one.open('refused', null);
  await letPass(60 * DAY);
  await claimProbe();
});
