import { describe, expect, test } from 'vitest';
import { checkQuota, nearLimits, NO_LIMITS, type SpendLimits, type Usage } from '../../src/domain/quota.ts';

const FREE_AT = new Date('2026-01-02T03:04:05Z');

function usage(own: number, total = own, runningTrainings = 0): Usage {
  const spent = (units: number) => ({ units, freeAt: units === 0 ? null : FREE_AT });
  return { runningTrainings, own: spent(own), total: spent(total), ownMoney: NO_MONEY, totalMoney: NO_MONEY };
}

const NO_MONEY = { microUsd: 0, freeAt: null };
const PRICED = { endpoint: 'fal-ai/any', estimatedMicroUsd: 1 } as const;
const TRAINING = { kind: 'TRAINING', units: 1, ...PRICED } as const;
const IMAGES = { kind: 'GENERATION', units: 4, ...PRICED } as const;

function limits(some: Partial<SpendLimits>): SpendLimits {
  return { ...NO_LIMITS, ...some };
}

describe('a quota', () => {
  test('without limits allows everything', () => {
    const much = usage(1e9, 1e9, 1e9);
    expect(checkQuota(TRAINING, much, NO_LIMITS)).toBeNull();
    expect(checkQuota(IMAGES, much, NO_LIMITS)).toBeNull();
  });

  test('allows each limit and no more', () => {
    expect(checkQuota(TRAINING, usage(0, 0, 2), limits({ runningTrainings: 3 }))).toBeNull();
    expect(checkQuota(TRAINING, usage(0, 0, 3), limits({ runningTrainings: 3 }))).toContain(
      'At most 3 trainings',
    );
    expect(checkQuota(TRAINING, usage(9), limits({ trainingsPerDay: 10 }))).toBeNull();
    expect(checkQuota(TRAINING, usage(10), limits({ trainingsPerDay: 10 }))).toContain('10 are used');
    expect(checkQuota(IMAGES, usage(6), limits({ imagesPerDay: 10 }))).toBeNull();
    expect(checkQuota(IMAGES, usage(7), limits({ imagesPerDay: 10 }))).toContain(
      'At most 10 images are allowed',
    );
    expect(checkQuota(TRAINING, usage(0, 9), limits({ totalTrainingsPerDay: 10 }))).toBeNull();
    expect(checkQuota(TRAINING, usage(0, 10), limits({ totalTrainingsPerDay: 10 }))).toContain(
      'no more trainings',
    );
    expect(checkQuota(IMAGES, usage(0, 6), limits({ totalImagesPerDay: 10 }))).toBeNull();
    expect(checkQuota(IMAGES, usage(0, 7), limits({ totalImagesPerDay: 10 }))).toContain('no more images');
  });

  test('of 0 allows nothing', () => {
    const nothing = limits({ trainingsPerDay: 0, imagesPerDay: 0 });
    expect(checkQuota(TRAINING, usage(0), nothing)).toContain('At most 0 trainings');
    expect(checkQuota({ ...IMAGES, units: 1 }, usage(0), nothing)).toContain('At most 0 images');
  });

  test('of one kind does not limit the other', () => {
    const images = limits({ imagesPerDay: 0, totalImagesPerDay: 0 });
    expect(checkQuota(TRAINING, usage(1e9), images)).toBeNull();
    const trainings = limits({ runningTrainings: 0, trainingsPerDay: 0, totalTrainingsPerDay: 0 });
    expect(checkQuota(IMAGES, usage(1e9, 1e9, 1e9), trainings)).toBeNull();
  });

  test('names the time of the next free unit, when there is one', () => {
    expect(checkQuota(TRAINING, usage(1), limits({ trainingsPerDay: 1 }))).toContain(
      '2026-01-02T03:04:05.000Z',
    );
    expect(checkQuota(TRAINING, usage(0), limits({ trainingsPerDay: 0 }))).not.toContain('Try again');
  });

  test('of all owners does not reveal their usage', () => {
    expect(checkQuota(TRAINING, usage(0, 987), limits({ totalTrainingsPerDay: 500 }))).not.toMatch(/987|500/);
  });
});

describe('a spending limit', () => {
  const DOLLAR = 1_000_000;
  const spent = (own: number, total = own): Usage => ({
    ...usage(0),
    ownMoney: { microUsd: own, freeAt: FREE_AT },
    totalMoney: { microUsd: total, freeAt: FREE_AT },
  });
  const costing = (estimatedMicroUsd: number | null) => ({ ...TRAINING, estimatedMicroUsd });

  test('allows the last millionth, and no more, of both kinds together', () => {
    const one = limits({ microUsdPerDay: DOLLAR });
    expect(checkQuota(costing(35_000), spent(965_000), one)).toBeNull();
    expect(checkQuota({ ...IMAGES, estimatedMicroUsd: 35_000 }, spent(965_000), one)).toBeNull();
    expect(checkQuota(costing(35_000), spent(965_001), one)).toBe(
      'At most $1 is allowed in 24 hours, $0.965001 was spent, and this run costs about $0.035. Try again after 2026-01-02T03:04:05.000Z.',
    );
    const total = limits({ totalMicroUsdPerDay: DOLLAR });
    expect(checkQuota(costing(35_000), spent(0, 965_000), total)).toBeNull();
    expect(checkQuota(costing(35_000), spent(0, 965_001), total)).toContain('spending limit of this server');
  });

  test('of all owners reveals neither their spending nor the limit', () => {
    const total = limits({ totalMicroUsdPerDay: 7 * DOLLAR });
    expect(checkQuota(costing(DOLLAR), spent(0, 6_500_000), total)).not.toMatch(/\$7|6\.5/);
    expect(checkQuota(costing(null), spent(0), total)).not.toContain('$');
  });

  test.each(['microUsdPerDay', 'totalMicroUsdPerDay'] as const)('%s refuses an unknown price', (name) => {
    const limited = limits({ [name]: 1000 * DOLLAR });
    expect(checkQuota(costing(null), spent(0), limited)).toContain('the price of fal-ai/any is unknown');
  });

  test('that is absent allows an unknown price', () => {
    expect(checkQuota(costing(null), spent(1e15), NO_LIMITS)).toBeNull();
  });

  test('of 0 allows no run that costs anything', () => {
    expect(checkQuota(costing(1), spent(0), limits({ microUsdPerDay: 0 }))).toContain('At most $0');
  });
});

describe('little left of a limit', () => {
  const near = (spending: Parameters<typeof nearLimits>[0], used: Usage, some: Partial<SpendLimits>) =>
    nearLimits(spending, used, limits(some));

  test('is told from the last tenth on', () => {
    expect(near(TRAINING, usage(8), { trainingsPerDay: 10 })).toEqual([
      'Left after this run: 1 of 10 trainings in 24 hours.',
    ]);
    expect(near(TRAINING, usage(7), { trainingsPerDay: 10 })).toEqual([]);
    expect(near(IMAGES, usage(36), { imagesPerDay: 40 })).toEqual([
      'Left after this run: 0 of 40 images in 24 hours.',
    ]);
    const spent = { ...usage(0), ownMoney: { microUsd: 900_000, freeAt: null } };
    expect(near({ ...IMAGES, estimatedMicroUsd: 35_000 }, spent, { microUsdPerDay: 1_000_000 })).toEqual([
      'Left after this run: $0.065 of $1 in 24 hours.',
    ]);
  });

  test('is not told of limits of all owners', () => {
    const total = { totalTrainingsPerDay: 1, totalMicroUsdPerDay: 1 };
    expect(near(TRAINING, usage(0), total)).toEqual([]);
  });
});
