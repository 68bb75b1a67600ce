import { readFileSync } from 'node:fs';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { NO_LIMITS } from '../../src/domain/quota.ts';

const sources = ['config', 'bucket', 'limits', 'studio'].map((name) =>
  readFileSync(new URL(`../../src/config/${name}.ts`, import.meta.url), 'utf8'),
);

/** The names of all settings that the server reads. */
export const SETTINGS: readonly string[] = [
  ...new Set(
    [...sources.join('').matchAll(/read\.\w+(?:<\w+>)?\('([A-Z\d_]+)'/g)].map(([, name = '']) => name),
  ),
];
export const USD_LIMITS = SETTINGS.filter((name) => /^LIMIT_.*USD/.test(name));
export const LIMITS = SETTINGS.filter((name) => name.startsWith('LIMIT_') && !USD_LIMITS.includes(name));

/** Those of a server without tokens. */
export const LOCAL_LIMITS = {
  ...NO_LIMITS,
  avatarsPerOwner: null,
  photosPerOwner: null,
  streamsPerOwner: null,
  operationsPerSocket: 10,
  sockets: 20_000,
  socketsPerOwner: null,
  costPerMinute: null,
};

export const WITH_TOKENS = { AUTH_JWT_SECRET: 'sixteen bytes at least' };

/** The problems that a ConfigError lists; none where the environment is right. */
export function problemsOf(environment: Readonly<Record<string, string>>): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').flatMap((line) => (line.startsWith('  - ') ? [line.slice(4)] : []));
  }
}
