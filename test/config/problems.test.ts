import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LIMITS, problemsOf, USD_LIMITS, WITH_TOKENS } from '../support/settings.ts';
import { LOG_LEVELS } from '../../src/log/log.ts';
import { readConfig } from '../../src/config/config.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/trainers.example.json', import.meta.url));

describe('a setting is accepted at its bounds and refused beyond them:', () => {
  test.each<[string, string, string]>([
    ['PORT', '0', '-1'],
    ['PORT', '65535', '65536'],
    ['PORT', '4000', '4000.5'],
    ['PORT', '4000', '4e3'],
    ['PORT', '4000', '0x10'],
    ['PORT', '4000', 'http'],
    ['RECONCILE_INTERVAL_MS', '50', '49'],
    ['RECONCILE_INTERVAL_MS', '3600000', '3600001'],
    ['BREAKER_WAITS_MS', '100', '99'],
    ['BREAKER_WAITS_MS', '5000,86400000', '5000,86400001'],
    ['BREAKER_WAITS_MS', '1000, 2000', '1000,'],
    ['BREAKER_WAITS_MS', Array(10).fill('1000').join(), Array(11).fill('1000').join()],
    ['BREAKER_WAITS_MS', '5000', '5s'],
    ['FAL_ARTIFACT_RETENTION_DAYS', '1', '0'],
    ['FAL_IMAGE_RETENTION_DAYS', '3650', '3651'],
    ['FAL_IMAGE_RETENTION_DAYS', 'none', 'NONE'],
    ['LOG_LEVEL', 'trace', 'verbose'],
    ['LOG_LEVEL', 'silent', 'SILENT'],
    ['STYLE_TRAINER', 'FLUX_2', 'FLUX_LORA_PORTRAIT'],
    ['STYLE_TRAINER', 'FLUX_PRO', 'flux_pro'],
    ['STYLE_TRAINER', 'auto', 'AUTO'],
    ['DATABASE_URL', 'postgresql://h/d', 'mysql://h/d'],
    ['DATABASE_URL', 'postgres://h/d', 'h/d'],
    ['REDIS_URL', 'redis://h', 'http://h'],
    ['REDIS_URL', 'rediss://h', 'h:6379'],
    ['PUBLIC_URL', 'http://127.0.0.1:4000', 'likeness.example'],
    ['PUBLIC_URL', 'https://h/a', 'https://h/a?b=1'],
    ['PUBLIC_URL', 'https://h/a', 'https://h/a#b'],
    ['AUTH_JWKS_URL', 'https://h/j', 'file:///j'],
    ['ALLOWED_ORIGINS', '*', '**'],
    ['ALLOWED_ORIGINS', 'https://a.example,,http://127.0.0.1:3000', 'https://a.example,https://b.example/'],
    ['ALLOWED_ORIGINS', 'https://a.example', 'a.example'],
    ['ALLOWED_ORIGINS', 'https://a.example', 'null'],
    ['IMPORT_ORIGINS', 'http://10.0.0.1:9000', '*'],
    ['IMPORT_ORIGINS', 'https://files.example', 'files.example'],
    ['PLAYGROUND', 'on', 'true'],
    ['STUDIO', 'off', 'no'],
    ['INTROSPECTION', 'off', '0'],
    ['AUTH_JWT_SECRET', 'sixteen bytes or', 'fifteen bytes o'],
    ['FAL_KEY', 'id:secret', 'id secret'],
    ['FAL_KEY', '~!', 'schlüssel'],
    ['FAL_KEY', 'id:secret', 'a\nb'],
  ])('%s: %s, not %s', (name, good, wrong) => {
    expect(problemsOf({ [name]: good })).toEqual([]);
    const problems = problemsOf({ [name]: wrong });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: expected `));
  });

  test('FAL_KEY of 512 characters, not of 513', () => {
    expect(problemsOf({ FAL_KEY: 'x'.repeat(512) })).toEqual([]);
    expect(problemsOf({ FAL_KEY: 'x'.repeat(513) })).toEqual([expect.stringMatching('^FAL_KEY: expected ')]);
  });

  test('every log level', () => {
    for (const level of LOG_LEVELS) expect(readConfig({ LOG_LEVEL: level }).logLevel).toBe(level);
  });
});

describe('dependent settings:', () => {
  test.each(['FAL_QUEUE_URL', 'FAL_REST_URL', 'FAL_JWKS_URL', 'FAL_ACCOUNT_ID'])(
    '%s is refused without FAL_KEY',
    (name) => {
      const environment = { [name]: 'https://fal.example' };
      expect(problemsOf(environment)).toEqual([expect.stringMatching(`^${name} is set but FAL_KEY is not`)]);
      expect(problemsOf({ ...environment, FAL_KEY: 'id:secret' })).toEqual([]);
    },
  );

  test.each(['AUTH_ISSUER', 'AUTH_AUDIENCE'])('%s is refused without keys', (name) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([expect.stringMatching(`^${name} is set but neither`)]);
    expect(problemsOf({ [name]: 'x', ...WITH_TOKENS })).toEqual([]);
  });

  test('a secret and a key set are refused together', () => {
    expect(problemsOf({ ...WITH_TOKENS, AUTH_JWKS_URL: 'https://id.example' })).toEqual([
      'AUTH_JWT_SECRET and AUTH_JWKS_URL: expected one of them, got both',
    ]);
  });
});

describe('TRAINERS_FILE', () => {
  function problemsWith(content: string): string[] {
    const dir = mkdtempSync(join(tmpdir(), 'likeness-trainers-'));
    const file = join(dir, 'trainers.json');
    writeFileSync(file, content);
    try {
      return problemsOf({ TRAINERS_FILE: file });
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  test('adds its trainers to the catalog, which STYLE_TRAINER chooses from', () => {
    const { catalog } = readConfig({ TRAINERS_FILE: EXAMPLE });
    expect(catalog.trainersFor('STYLE')).toContain('WAN_22_IMAGE');
    expect(problemsOf({ STYLE_TRAINER: 'WAN_22_IMAGE' })).toHaveLength(1);
  });

  test('is refused with all its problems, each with its place in the file', () => {
    expect(problemsWith('{"trainers": {"A": {}, "b": {}}, "generators": 1}')).toEqual(
      expect.arrayContaining([
        expect.stringMatching('^TRAINERS_FILE: trainers.A.endpoint: '),
        expect.stringMatching('^TRAINERS_FILE: trainers.b: expected a name'),
        expect.stringMatching('^TRAINERS_FILE: generators: '),
      ]),
    );
  });

  test('is a file of at most 100,000 bytes', () => {
    expect(problemsWith(`{"trainers": {}}${' '.repeat(99_984)}`)).toEqual([]);
    expect(problemsWith(`{"trainers": {}}${' '.repeat(99_985)}`)).toEqual([
      'TRAINERS_FILE: expected a file of at most 100000 bytes, got 100001 bytes',
    ]);
    expect(problemsOf({ TRAINERS_FILE: tmpdir() })).toEqual([
      'TRAINERS_FILE: expected a file of at most 100000 bytes, got no file',
    ]);
    expect(problemsOf({ TRAINERS_FILE: '/dev/zero' })).toEqual([
      'TRAINERS_FILE: expected a file of at most 100000 bytes, got no file',
    ]);
  });
});

const EVERYTHING_WRONG = {
  PORT: 'x',
  HOST: '0.0.0.0',
  LOG_LEVEL: 'x',
  DATABASE_URL: 'mysql://user:database-password@h/d',
  REDIS_URL: 'http://:redis-password@h',
  PUBLIC_URL: 'ftp://user:public-password@h',
  FAL_KEY: 'key with spaces',
  FAL_QUEUE_URL: 'ftp://user:queue-password@h',
  FAL_REST_URL: 'https://user:rest-password@h?token=rest-token',
  FAL_JWKS_URL: 'jwks',
  ALLOWED_ORIGINS: 'https://user:origin-password@h',
  PLAYGROUND: 'x',
  STUDIO: 'x',
  STUDIO_LOGIN_URL: 'ftp://user:login-password@h',
  INTROSPECTION: 'x',
  SIMULATE: 'x',
  STYLE_TRAINER: 'x',
  TRAINERS_FILE: '/no/such/file',
  FAL_ARTIFACT_RETENTION_DAYS: '0',
  FAL_IMAGE_RETENTION_DAYS: 'x',
  RECONCILE_INTERVAL_MS: '1',
  ...Object.fromEntries([...LIMITS, ...USD_LIMITS].map((name) => [name, 'x'])),
  BREAKER_WAITS_MS: '1',
  AUTH_JWT_SECRET: 'short secret',
  AUTH_JWKS_URL: 'ftp://user:jwks-password@h',
};

describe('an environment with several problems', () => {
  test('lists all of them', () => {
    const problems = problemsOf(EVERYTHING_WRONG);
    for (const name of Object.keys(EVERYTHING_WRONG)) {
      // AUTH_JWT_SECRET, however short, allows every host.
      if (name === 'HOST') continue;
      expect(
        problems.filter((problem) => problem.startsWith(`${name}:`)),
        name,
      ).toHaveLength(1);
    }
    expect(problems).toHaveLength(Object.keys(EVERYTHING_WRONG).length);
  });

  test('does not print its secrets', () => {
    const text = problemsOf(EVERYTHING_WRONG).join('\n');
    for (const secret of ['password', 'rest-token', 'key with spaces', 'short secret']) {
      expect(text).not.toContain(secret);
    }
  });

  test('names docs/settings.md', () => {
    expect(() => readConfig({ PORT: 'x' })).toThrow(
      /^Invalid configuration:\n {2}- PORT: .*\nSee docs\/settings\.md/,
    );
  });
});
