import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BUILT_IN, Catalog } from '../../src/catalog/catalog.ts';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { LOG_LEVELS } from '../../src/log/log.ts';
import { NO_LIMITS } from '../../src/domain/quota.ts';

const LIMITS = [
  'LIMIT_RUNNING_TRAININGS',
  'LIMIT_TRAININGS_PER_DAY',
  'LIMIT_IMAGES_PER_DAY',
  'LIMIT_TOTAL_TRAININGS_PER_DAY',
  'LIMIT_TOTAL_IMAGES_PER_DAY',
  'LIMIT_AVATARS_PER_OWNER',
  'LIMIT_SUBSCRIPTIONS_PER_OWNER',
  'LIMIT_OPERATIONS_PER_SOCKET',
  'LIMIT_SOCKETS',
  'LIMIT_SOCKETS_PER_OWNER',
  'LIMIT_COST_PER_MINUTE',
  'LIMIT_PHOTOS_PER_OWNER',
];

const USD_LIMITS = ['LIMIT_USD_PER_DAY', 'LIMIT_TOTAL_USD_PER_DAY'];

const NAMES = (
  'PORT HOST NODE_ENV LOG_LEVEL DATA_DIR DATABASE_URL KEEP_FILES REDIS_URL PUBLIC_URL FAL_KEY FAL_QUEUE_URL FAL_REST_URL ' +
  'FAL_JWKS_URL FAL_ACCOUNT_ID STYLE_TRAINER RECONCILE_INTERVAL_MS AUTH_JWT_SECRET AUTH_JWKS_URL AUTH_ISSUER ' +
  'AUTH_AUDIENCE ALLOWED_ORIGINS IMPORT_ORIGINS PLAYGROUND INTROSPECTION SIMULATE METRICS_TOKEN STUDIO STUDIO_LOGIN_URL ' +
  'FAL_ARTIFACT_RETENTION_DAYS FAL_IMAGE_RETENTION_DAYS PHOTO_RETENTION_DAYS TRAINERS_FILE BREAKER_WAITS_MS ' +
  'S3_BUCKET S3_REGION S3_ENDPOINT S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY S3_PREFIX S3_PATH_STYLE'
).split(' ');

const LOCAL_LIMITS = {
  ...NO_LIMITS,
  avatarsPerOwner: null,
  photosPerOwner: null,
  streamsPerOwner: null,
  operationsPerSocket: 10,
  sockets: 20_000,
  socketsPerOwner: null,
  costPerMinute: null,
};

type Environment = Readonly<Record<string, string>>;

const EXAMPLE = fileURLToPath(new URL('../../docs/trainers.example.json', import.meta.url));

const SECRET = 'sixteen bytes at least';
const WITH_TOKENS = { AUTH_JWT_SECRET: SECRET };

/** The problems a ConfigError lists; none where the environment is right. */
function problemsOf(environment: Environment): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').flatMap((line) => (line.startsWith('  - ') ? [line.slice(4)] : []));
  }
}

test('an empty or blank environment is a local server without dependencies', () => {
  const config = {
    host: '127.0.0.1',
    port: 4000,
    isProduction: false,
    logLevel: 'info',
    dataDir: './.data',
    bucket: null,
    databaseUrl: null,
    keepsFiles: true,
    redisUrl: null,
    publicUrl: null,
    fal: null,
    falAccountId: null,
    catalog: BUILT_IN,
    defaultTrainers: { PORTRAIT: ['FLUX_LORA_PORTRAIT'], STYLE: ['FLUX_PRO', 'FLUX_LORA_FAST'] },
    retentionDays: { artifacts: 365, images: 30 },
    photoRetentionDays: 30,
    unknownLimits: [],
    reconcileIntervalMs: 500,
    breakerWaitsMs: [60_000, 120_000, 300_000, 900_000],
    auth: { kind: 'LOCAL' },
    limits: LOCAL_LIMITS,
    metricsToken: null,
    allowedOrigins: [],
    importOrigins: [],
    studio: { needsToken: false, loginUrl: null },
    showsPlayground: true,
    hidesSchema: false,
  };
  expect(readConfig({})).toEqual(config);
  for (const blank of ['', ' ', '\t']) {
    const environment = Object.fromEntries([...NAMES, ...LIMITS, ...USD_LIMITS].map((name) => [name, blank]));
    expect(readConfig(environment)).toEqual(config);
  }
});

test('every setting is applied', () => {
  expect(
    readConfig({
      PORT: '8080',
      HOST: '0.0.0.0',
      NODE_ENV: 'production',
      LOG_LEVEL: 'debug',
      DATA_DIR: '/var/lib/likeness',
      S3_BUCKET: 'files',
      S3_REGION: 'eu-1',
      S3_ENDPOINT: 'https://s3.example/',
      S3_PATH_STYLE: 'off',
      S3_ACCESS_KEY_ID: 'id',
      S3_SECRET_ACCESS_KEY: 'top-secret',
      S3_PREFIX: 'here',
      DATABASE_URL: 'postgres://u:p@db.example/likeness',
      KEEP_FILES: 'on',
      REDIS_URL: 'rediss://cache.example:6380/1',
      PUBLIC_URL: 'https://likeness.example/base/',
      FAL_KEY: 'id:secret',
      FAL_QUEUE_URL: 'https://queue.example/',
      FAL_REST_URL: 'https://rest.example//',
      FAL_JWKS_URL: 'https://keys.example/jwks.json?x=1',
      FAL_ACCOUNT_ID: 'user_1',
      TRAINERS_FILE: EXAMPLE,
      STYLE_TRAINER: 'WAN_22_IMAGE',
      FAL_ARTIFACT_RETENTION_DAYS: '7',
      FAL_IMAGE_RETENTION_DAYS: 'none',
      PHOTO_RETENTION_DAYS: '8',
      RECONCILE_INTERVAL_MS: '1500',
      BREAKER_WAITS_MS: '5000, 60000',
      AUTH_JWKS_URL: 'https://id.example/jwks.json',
      AUTH_ISSUER: 'https://id.example',
      AUTH_AUDIENCE: 'likeness',
      LIMIT_RUNNING_TRAININGS: '1',
      LIMIT_TRAININGS_PER_DAY: '2',
      LIMIT_IMAGES_PER_DAY: '3',
      LIMIT_TOTAL_TRAININGS_PER_DAY: '4',
      LIMIT_TOTAL_IMAGES_PER_DAY: 'none',
      LIMIT_AVATARS_PER_OWNER: '5',
      LIMIT_SUBSCRIPTIONS_PER_OWNER: '6',
      LIMIT_OPERATIONS_PER_SOCKET: '7',
      LIMIT_SOCKETS: '8',
      LIMIT_SOCKETS_PER_OWNER: '9',
      LIMIT_COST_PER_MINUTE: '10',
      LIMIT_PHOTOS_PER_OWNER: '11',
      LIMIT_USD_PER_DAY: '1.50',
      LIMIT_TOTAL_USD_PER_DAY: '20',
      METRICS_TOKEN: 'for-the-metrics-only',
      ALLOWED_ORIGINS: 'https://app.example, https://shop.example:8443',
      IMPORT_ORIGINS: 'http://storage.internal:9000',
      PLAYGROUND: 'on',
      STUDIO: 'on',
      STUDIO_LOGIN_URL: 'https://app.example/login?from=studio',
      INTROSPECTION: 'on',
      UNRELATED: 'ignored',
    }),
  ).toEqual({
    host: '0.0.0.0',
    port: 8080,
    isProduction: true,
    logLevel: 'debug',
    dataDir: '/var/lib/likeness',
    bucket: {
      name: 'files',
      region: 'eu-1',
      endpoint: 'https://s3.example',
      isNameInPath: false,
      accessKeyId: 'id',
      secretAccessKey: 'top-secret',
      prefix: 'here/',
    },
    databaseUrl: 'postgres://u:p@db.example/likeness',
    keepsFiles: true,
    redisUrl: 'rediss://cache.example:6380/1',
    publicUrl: 'https://likeness.example/base',
    fal: {
      key: 'id:secret',
      queueUrl: 'https://queue.example',
      restUrl: 'https://rest.example',
      jwksUrl: 'https://keys.example/jwks.json?x=1',
    },
    falAccountId: 'user_1',
    catalog: expect.any(Catalog) as Catalog,
    defaultTrainers: { PORTRAIT: ['FLUX_LORA_PORTRAIT'], STYLE: ['WAN_22_IMAGE'] },
    retentionDays: { artifacts: 7, images: null },
    photoRetentionDays: 8,
    unknownLimits: [],
    reconcileIntervalMs: 1500,
    breakerWaitsMs: [5000, 60_000],
    auth: {
      kind: 'JWT',
      keys: { jwksUrl: 'https://id.example/jwks.json' },
      issuer: 'https://id.example',
      audience: 'likeness',
    },
    limits: {
      runningTrainings: 1,
      trainingsPerDay: 2,
      imagesPerDay: 3,
      totalTrainingsPerDay: 4,
      totalImagesPerDay: null,
      microUsdPerDay: 1_500_000,
      totalMicroUsdPerDay: 20_000_000,
      avatarsPerOwner: 5,
      streamsPerOwner: 6,
      operationsPerSocket: 7,
      sockets: 8,
      socketsPerOwner: 9,
      costPerMinute: 10,
      photosPerOwner: 11,
    },
    metricsToken: 'for-the-metrics-only',
    allowedOrigins: ['https://app.example', 'https://shop.example:8443'],
    importOrigins: ['http://storage.internal:9000'],
    studio: { needsToken: true, loginUrl: 'https://app.example/login?from=studio' },
    showsPlayground: true,
    hidesSchema: false,
  });
});

test('FAL_KEY alone selects fal itself, polled every three seconds', () => {
  expect(readConfig({ FAL_KEY: 'id:secret' })).toMatchObject({
    fal: {
      key: 'id:secret',
      queueUrl: 'https://queue.fal.run',
      restUrl: 'https://rest.fal.ai',
      jwksUrl: 'https://rest.fal.ai/.well-known/jwks.json',
    },
    reconcileIntervalMs: 3000,
  });
  expect(readConfig({ FAL_KEY: 'x', FAL_REST_URL: 'http://127.0.0.1:1/' })).toMatchObject({
    fal: { jwksUrl: 'http://127.0.0.1:1/.well-known/jwks.json' },
  });
});

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

describe('without tokens the server is local:', () => {
  test.each(['127.0.0.1', 'localhost', '::1'])('HOST=%s is accepted', (HOST) => {
    expect(readConfig({ HOST })).toMatchObject({ host: HOST, auth: { kind: 'LOCAL' } });
  });

  test.each(['0.0.0.0', '::', '192.168.1.2', 'likeness.example', '127.0.0.1.example', 'localhost.example'])(
    'HOST=%s is refused',
    (HOST) => {
      expect(problemsOf({ HOST })).toEqual([expect.stringContaining(`HOST=${HOST}`)]);
      expect(problemsOf({ HOST, ...WITH_TOKENS })).toEqual([]);
      expect(problemsOf({ HOST, AUTH_JWKS_URL: 'https://id.example/jwks.json' })).toEqual([]);
    },
  );

  test('production is refused', () => {
    const production = { NODE_ENV: 'production', FAL_KEY: 'id:secret' };
    expect(problemsOf(production)).toEqual([expect.stringContaining('NODE_ENV=production')]);
    expect(problemsOf({ ...production, ...WITH_TOKENS })).toEqual([]);
    expect(problemsOf({ NODE_ENV: 'development' })).toEqual([]);
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

describe('simulated results in production', () => {
  const production = { NODE_ENV: 'production', ...WITH_TOKENS };

  test.each(['', ' '])('need SIMULATE=yes, not %j', (SIMULATE) => {
    expect(problemsOf({ ...production, SIMULATE })).toEqual([
      'NODE_ENV=production: FAL_KEY is not set; set FAL_KEY, or set SIMULATE=yes to serve simulated results',
    ]);
    expect(problemsOf({ ...production, SIMULATE, FAL_KEY: 'id:secret' })).toEqual([]);
    expect(readConfig({ ...production, SIMULATE: 'yes' }).fal).toBeNull();
  });

  test('are refused with a FAL_KEY, as elsewhere', () => {
    const both = { SIMULATE: 'yes', FAL_KEY: 'id:secret' };
    const problem = 'SIMULATE and FAL_KEY: expected one of them, got both; unset SIMULATE to use fal';
    expect(problemsOf(both)).toEqual([problem]);
    expect(problemsOf({ ...production, ...both })).toEqual([problem]);
  });

  test.each(['no', 'on', 'true', '1', 'YES'])('are refused with SIMULATE=%s', (SIMULATE) => {
    expect(problemsOf({ SIMULATE })).toEqual([`SIMULATE: expected yes, got "${SIMULATE}"`]);
  });

  test('are the default elsewhere', () => {
    expect(readConfig({}).fal).toBeNull();
    expect(readConfig({ SIMULATE: 'yes' }).fal).toBeNull();
  });
});

test('in production the playground and the schema are hidden by default', () => {
  const production = { NODE_ENV: 'production', FAL_KEY: 'id:secret', ...WITH_TOKENS };
  expect(readConfig(production)).toMatchObject({ showsPlayground: false, hidesSchema: true });
  expect(readConfig({ ...production, PLAYGROUND: 'on', INTROSPECTION: 'on' })).toMatchObject({
    showsPlayground: true,
    hidesSchema: false,
  });
  expect(readConfig({ PLAYGROUND: 'off', INTROSPECTION: 'off' })).toMatchObject({
    showsPlayground: false,
    hidesSchema: true,
  });
});

test('the Studio is on by default, but not in production, and knows whether it needs a token', () => {
  const production = { NODE_ENV: 'production', FAL_KEY: 'id:secret', ...WITH_TOKENS };
  const STUDIO_LOGIN_URL = 'https://app.example/login';
  expect(readConfig({}).studio).toEqual({ needsToken: false, loginUrl: null });
  expect(readConfig({ STUDIO: 'off' }).studio).toBeNull();
  expect(readConfig({ ...production, STUDIO_LOGIN_URL }).studio).toBeNull();
  expect(readConfig({ ...production, STUDIO: 'on', STUDIO_LOGIN_URL }).studio).toEqual({
    needsToken: true,
    loginUrl: STUDIO_LOGIN_URL,
  });
  expect(problemsOf({ STUDIO_LOGIN_URL })).toEqual([
    'STUDIO_LOGIN_URL is set, but a server without tokens needs no login: unset it',
  ]);
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

describe('a bucket', () => {
  const KEY = { S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'top/secret+key' };
  const AMAZON = { S3_BUCKET: 'likeness-files', S3_REGION: 'eu-central-1', ...KEY };
  const OTHER = { S3_BUCKET: 'likeness-files', S3_ENDPOINT: 'http://127.0.0.1:9000', ...KEY };

  test('of Amazon needs a region, and has its name in the host', () => {
    expect(readConfig(AMAZON).bucket).toEqual({
      name: 'likeness-files',
      region: 'eu-central-1',
      endpoint: null,
      isNameInPath: false,
      accessKeyId: 'id',
      secretAccessKey: 'top/secret+key',
      prefix: 'likeness/',
    });
    expect(readConfig({}).bucket).toBeNull();
  });

  test('of another storage needs an endpoint, and has its name in the path', () => {
    const { bucket } = readConfig({ ...OTHER, S3_PREFIX: 'staging/files' });
    expect(bucket).toMatchObject({ region: 'us-east-1', isNameInPath: true, prefix: 'staging/files/' });
    expect(readConfig({ ...OTHER, S3_PATH_STYLE: 'off' }).bucket).toMatchObject({ isNameInPath: false });
  });

  test.each(['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'])('without %s is refused', (name) => {
    const problems = problemsOf({ ...AMAZON, [name]: '' });
    expect(problems).toEqual([`S3_BUCKET is set but ${name} is not`]);
  });

  test('without a region and an endpoint is refused, and so is the rest without a bucket', () => {
    expect(problemsOf({ ...AMAZON, S3_REGION: '' })).toEqual([
      'S3_BUCKET is set but neither S3_REGION nor S3_ENDPOINT is',
    ]);
    expect(problemsOf({ ...OTHER, S3_BUCKET: '' })).toEqual([
      'S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_ENDPOINT: S3_BUCKET is not set; set it too, or unset the others',
    ]);
  });

  test.each([
    'https://s3.example.com',
    'http://10.0.0.7:9000',
    'http://172.31.0.7',
    'http://192.168.1.1',
    'http://[::1]:9000',
    'http://[fd00::7]',
    'http://minio:9000',
    'http://minio.storage.svc',
    'http://minio.storage.svc.cluster.local:9000',
  ])('may be at %s', (S3_ENDPOINT) => {
    expect(problemsOf({ ...OTHER, S3_ENDPOINT })).toEqual([]);
  });

  test.each([
    'http://s3.example.com',
    'http://8.8.8.8',
    'http://172.32.0.7',
    'http://134744072',
    'http://10.example.com',
    'http://[2001:db8::1]',
    'https://s3.example.com/bucket',
    'https://id:secret@s3.example.com',
    'https://:secret@s3.example.com',
    'ftp://10.0.0.7',
  ])('must not be at %s', (S3_ENDPOINT) => {
    expect(problemsOf({ ...OTHER, S3_ENDPOINT })).toEqual([
      expect.stringMatching(/^S3_ENDPOINT: expected (?!.*secret)/),
    ]);
  });

  test('has a name, a region, a prefix and a key of the right form, which no problem quotes', () => {
    const wrong = {
      ...AMAZON,
      S3_BUCKET: 'My_Bucket',
      S3_REGION: 'eu central',
      S3_PREFIX: '../a',
      S3_SECRET_ACCESS_KEY: 'top secret',
    };
    expect(problemsOf(wrong).map((problem) => problem.split(':')[0])).toEqual([
      'S3_BUCKET',
      'S3_PREFIX',
      'S3_REGION',
      'S3_SECRET_ACCESS_KEY',
    ]);
    expect(problemsOf(wrong).join()).not.toContain('top secret');
  });
});

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

  test('names README.md', () => {
    expect(() => readConfig({ PORT: 'x' })).toThrow(
      /^Invalid configuration:\n {2}- PORT: .*\nSee docs\/settings\.md/,
    );
  });
});

test('docs/settings.md lists every setting and no other', () => {
  const source = ['config', 'bucket', 'limits', 'studio']
    .map((name) => readFileSync(new URL(`../../src/config/${name}.ts`, import.meta.url), 'utf8'))
    .join('');
  const names = [...source.matchAll(/read\.\w+(?:<\w+>)?\('([A-Z\d_]+)'/g)].map(([, name]) => name ?? '');
  const page = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (`[A-Z\d_]+`[^|]*)\|/gm)].map(([, cell]) => cell ?? '');
  const listed = rows.flatMap((cell) => [...cell.matchAll(/`([A-Z\d_]+)`/g)].map(([, name]) => name ?? ''));
  expect(listed.toSorted()).toEqual([...new Set(names)].sort());
  for (const name of [...NAMES, ...LIMITS, ...USD_LIMITS]) expect(names).toContain(name);
});

test('files are kept where every instance can read them, unless a setting says otherwise', () => {
  const DATABASE_URL = 'postgres://u:p@db.example/likeness';
  expect(readConfig({}).keepsFiles).toBe(true);
  expect(readConfig({ KEEP_FILES: 'off' }).keepsFiles).toBe(false);
  expect(readConfig({ DATABASE_URL }).keepsFiles).toBe(false);
  expect(readConfig({ DATABASE_URL, KEEP_FILES: 'on' }).keepsFiles).toBe(true);
  const bucket = { S3_BUCKET: 'files', S3_REGION: 'eu-1', S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'x' };
  expect(readConfig({ DATABASE_URL, ...bucket }).keepsFiles).toBe(true);
  expect(readConfig({ ...bucket, KEEP_FILES: 'off' }).keepsFiles).toBe(false);
});
