import { describe, expect, test } from 'vitest';
import { LIMITS, LOCAL_LIMITS, problemsOf, USD_LIMITS, WITH_TOKENS } from '../support/settings.ts';
import { readConfig } from '../../src/config/config.ts';

describe('limits', () => {
  test('apply per owner with tokens, and not to the local owner', () => {
    expect(readConfig({}).limits).toEqual(LOCAL_LIMITS);
    expect(readConfig(WITH_TOKENS).limits).toEqual({
      runningTrainings: 5,
      trainingsPerDay: 50,
      imagesPerDay: 500,
      avatarsPerOwner: 1000,
      totalTrainingsPerDay: null,
      totalImagesPerDay: null,
      microUsdPerDay: null,
      totalMicroUsdPerDay: null,
      streamsPerOwner: 1000,
      operationsPerSocket: 10,
      sockets: 20_000,
      socketsPerOwner: 1000,
      costPerMinute: 10_000_000,
      photosPerOwner: 1000,
    });
  });

  test.each(LIMITS)('%s accepts 0 to 1,000,000,000 and none', (name) => {
    for (const good of ['0', '1', '1000000000', 'none']) {
      expect(problemsOf({ [name]: good })).toEqual([]);
      expect(problemsOf({ ...WITH_TOKENS, [name]: good })).toEqual([]);
    }
    expect(Object.values(readConfig({ ...WITH_TOKENS, [name]: 'none' }).limits)).not.toContain(0);
    expect(Object.values(readConfig({ [name]: '0' }).limits)).toContain(0);
    for (const wrong of ['-1', '1.5', '1000000001', 'NONE', 'unlimited']) {
      expect(problemsOf({ [name]: wrong })).toEqual([expect.stringMatching(`^${name}: expected `)]);
    }
  });
});

describe.each(USD_LIMITS)('%s', (name) => {
  const limitOf = (value: string) => {
    const { microUsdPerDay, totalMicroUsdPerDay } = readConfig({ ...WITH_TOKENS, [name]: value }).limits;
    return name === 'LIMIT_USD_PER_DAY' ? microUsdPerDay : totalMicroUsdPerDay;
  };

  test.each([
    ['0', 0],
    ['1', 1_000_000],
    ['1.50', 1_500_000],
    ['0.000001', 1],
    ['1.1', 1_100_000],
    ['9999999.999999', 9_999_999_999_999],
    ['none', null],
  ])('%s is exact', (value, microUsd) => {
    expect(limitOf(value)).toBe(microUsd);
  });

  test.each(['-1', '1.', '.5', '1.0000001', '1e3', '1,50', '$1', '10000000', 'NONE'])(
    'refuses %s',
    (value) => {
      expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(`^${name}: expected US dollars`)]);
    },
  );
});
