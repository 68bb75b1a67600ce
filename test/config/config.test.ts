import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BUILT_IN, Catalog } from '../../src/catalog/catalog.ts';
import { LOCAL_LIMITS, SETTINGS } from '../support/settings.ts';
import { readConfig } from '../../src/config/config.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/trainers.example.json', import.meta.url));

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
    const environment = Object.fromEntries(SETTINGS.map((name) => [name, blank]));
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

test('docs/settings.md lists every setting and no other', () => {
  const page = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (`[A-Z\d_]+`[^|]*)\|/gm)].map(([, cell]) => cell ?? '');
  const listed = rows.flatMap((cell) => [...cell.matchAll(/`([A-Z\d_]+)`/g)].map(([, name]) => name ?? ''));
  expect(listed.toSorted()).toEqual(SETTINGS.toSorted());
});
