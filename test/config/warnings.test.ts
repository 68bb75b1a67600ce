import { expect, test } from 'vitest';
import { memoryLog } from '../support/memory-log.ts';
import { readConfig } from '../../src/config/config.ts';
import { warnOfSettings } from '../../src/config/warnings.ts';

test.each([
  ['without AUTH_AUDIENCE are warned of once', {}, 1],
  ['with AUTH_AUDIENCE are not warned of', { AUTH_AUDIENCE: 'likeness' }, 0],
] as const)('published keys %s', (_what, audience, times) => {
  const log = memoryLog();
  warnOfSettings(readConfig({ FAL_KEY: 'none', AUTH_JWKS_URL: 'http://127.0.0.1:9/', ...audience }), log);
  expect(log.lines.filter(({ message }) => message.includes('AUTH_AUDIENCE'))).toHaveLength(times);
});

test.each([
  ['of an unknown price are warned of', { LIMIT_USD_PER_DAY: '1' }, ['FLUX_PRO']],
  ['of an unknown price are warned of', { LIMIT_TOTAL_USD_PER_DAY: '1' }, ['FLUX_PRO']],
  ['with a price are not', { LIMIT_USD_PER_DAY: '1', STYLE_TRAINER: 'FLUX_LORA_FAST' }, []],
  ['are not without a spending limit', {}, []],
] as const)('default trainers %s', (_what, settings, trainers) => {
  const log = memoryLog();
  warnOfSettings(readConfig({ FAL_KEY: 'none', STYLE_TRAINER: 'FLUX_PRO', ...settings }), log);
  const warned = log.lines.filter(({ message }) => message.includes('spending limit'));
  expect(warned.map(({ fields }) => fields)).toEqual(trainers.map((trainer) => ({ trainer })));
});

test('a misspelt limit is warned of', () => {
  const log = memoryLog();
  warnOfSettings(readConfig({ LIMIT_USDPERDAY: '1', LIMIT_USD_PER_DAY: '1', LIMIT_SOCKETS: 'none' }), log);
  const warned = log.lines.filter(({ message }) => message.includes('unknown setting'));
  expect(warned.map(({ message }) => message)).toEqual(['unknown setting LIMIT_USDPERDAY: it has no effect']);
});
