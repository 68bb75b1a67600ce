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
