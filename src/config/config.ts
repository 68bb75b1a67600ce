import { LOG_LEVELS } from '../log/log.ts';
import { EnvReader, type Environment } from './env-reader.ts';
import { readStudio } from './studio.ts';
import { readBucket } from './bucket.ts';
import { readLimits } from './limits.ts';
import { BUILT_IN, type Catalog } from '../catalog/catalog.ts';
import { DEFAULT_TRAINERS, type DefaultTrainers } from '../catalog/trainers.ts';
import { MAX_TRAINERS_FILE_BYTES, readTrainersFile } from '../catalog/trainers-file.ts';
import { DAY_MS, HOUR_MS } from '../values/units.ts';

export type Config = Readonly<ReturnType<typeof readConfig>>;

export type FalConfig = {
  readonly key: string;
  readonly queueUrl: string;
  readonly restUrl: string;
  readonly jwksUrl: string;
};

/** LOCAL: no tokens, one local user. */
export type AuthConfig =
  | { readonly kind: 'LOCAL' }
  | {
      readonly kind: 'JWT';
      readonly keys: { readonly secret: string } | { readonly jwksUrl: string };
      readonly issuer: string | null;
      readonly audience: string | null;
    };

export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    const list = problems.map((problem) => `  - ${problem}`).join('\n');
    super(`Invalid configuration:\n${list}\nSee docs/settings.md for all settings.`);
    this.name = 'ConfigError';
  }
}

/**
 * An empty value counts as not set.
 * @throws ConfigError with all problems
 */
export function readConfig(environment: Environment) {
  const read = new EnvReader(environment);
  const host = read.text('HOST') ?? '127.0.0.1';
  const isProduction = read.oneOf('NODE_ENV', ['production', 'development', 'test']) === 'production';
  const auth = readAuth(read);
  if (auth.kind === 'LOCAL' && (!LOOPBACK_HOSTS.has(host) || isProduction)) {
    read.problems.push(
      `${isProduction ? 'NODE_ENV=production' : `HOST=${host}`}: a server without tokens must not run in production and needs a loopback HOST; set AUTH_JWKS_URL or AUTH_JWT_SECRET`,
    );
  }
  const fal = readFal(read);
  const catalog = readCatalog(read);
  checkSimulate(read, { isProduction, hasFal: fal !== null });
  const bucket = readBucket(read);
  const databaseUrl = read.url('DATABASE_URL', ['postgres:', 'postgresql:']);
  const config = {
    host,
    port: read.wholeNumber('PORT', { min: 0, max: 65_535 }) ?? 4000,
    isProduction,
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    dataDir: read.text('DATA_DIR') ?? './.data',
    bucket,
    databaseUrl,
    /** Copies the files of runs. By default where every instance can read every copy. */
    keepsFiles: read.onOff('KEEP_FILES') ?? (databaseUrl === null || bucket !== null),
    redisUrl: read.url('REDIS_URL', ['redis:', 'rediss:']),
    /** Base of the callback URLs; null: no webhooks. */
    publicUrl: read.base('PUBLIC_URL'),
    /** Null: the built-in simulator replaces fal. */
    fal,
    /** Only webhooks of this fal account are accepted; null: any account. */
    falAccountId: read.text('FAL_ACCOUNT_ID'),
    catalog,
    defaultTrainers: readDefaultTrainers(read, catalog),
    retentionDays: {
      artifacts: read.days('FAL_ARTIFACT_RETENTION_DAYS', 365),
      images: read.days('FAL_IMAGE_RETENTION_DAYS', 30),
    },
    /** How long photos are kept for trainings; null: until they are deleted. */
    photoRetentionDays: read.days('PHOTO_RETENTION_DAYS', 30),
    reconcileIntervalMs:
      read.wholeNumber('RECONCILE_INTERVAL_MS', { min: 50, max: HOUR_MS }) ?? (fal === null ? 500 : 3000),
    /** Waits before the next probe of an open circuit breaker; the last one repeats. */
    breakerWaitsMs:
      read.wholeNumbers('BREAKER_WAITS_MS', { min: 100, max: DAY_MS, maxCount: 10 }) ?? BREAKER_WAITS_MS,
    auth,
    limits: readLimits(read, { isLocal: auth.kind === 'LOCAL' }),
    /** Bearer token of `/metrics`; null: public. */
    metricsToken: readMetricsToken(read),
    /** Origins whose pages may call the API, `*` for all; in addition to this machine and this host. */
    allowedOrigins: read.origins('ALLOWED_ORIGINS'),
    /** Origins of LoRA files that may be imported although their address is not public. */
    importOrigins: readImportOrigins(read),
    showsPlayground: read.onOff('PLAYGROUND') ?? !isProduction,
    /** The page at `/`; null: there is none. */
    studio: readStudio(read, { isProduction, needsToken: auth.kind === 'JWT' }),
    /** No introspection, and no schema names in error messages. */
    hidesSchema: !(read.onOff('INTROSPECTION') ?? !isProduction),
    /** For a warning: a misspelt limit limits nothing. */
    unknownLimits: read.unreadLimits(),
  };
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return config;
}

export const FAL_REST_URL = 'https://rest.fal.ai';

const BREAKER_WAITS_MS = [60_000, 120_000, 300_000, 900_000];

export const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1']);

function readFal(read: EnvReader): FalConfig | null {
  const key = read.text('FAL_KEY');
  const queueUrl = read.base('FAL_QUEUE_URL');
  const restUrl = read.base('FAL_REST_URL');
  const jwksUrl = read.url('FAL_JWKS_URL', ['https:', 'http:']);
  if (key !== null) {
    if (!/^[\x21-\x7e]{1,512}$/.test(key))
      read.problems.push('FAL_KEY: expected up to 512 visible ASCII characters');
    const rest = restUrl ?? FAL_REST_URL;
    return {
      key,
      queueUrl: queueUrl ?? 'https://queue.fal.run',
      restUrl: rest,
      jwksUrl: jwksUrl ?? `${rest}/.well-known/jwks.json`,
    };
  }
  for (const name of ['FAL_QUEUE_URL', 'FAL_REST_URL', 'FAL_JWKS_URL', 'FAL_ACCOUNT_ID']) {
    if (read.text(name) !== null) {
      read.problems.push(
        `${name} is set but FAL_KEY is not: set FAL_KEY too, or unset ${name} to use the built-in simulator`,
      );
    }
  }
  return null;
}

function readImportOrigins(read: EnvReader): readonly string[] {
  const origins = read.origins('IMPORT_ORIGINS');
  if (origins.includes('*')) read.problems.push('IMPORT_ORIGINS: expected origins, got *');
  return origins;
}

function readCatalog(read: EnvReader): Catalog {
  const text = read.file('TRAINERS_FILE', MAX_TRAINERS_FILE_BYTES);
  if (text === null) return BUILT_IN;
  const reading = readTrainersFile(text);
  if ('catalog' in reading) return reading.catalog;
  read.problems.push(...reading.problems.map((problem) => `TRAINERS_FILE: ${problem}`));
  return BUILT_IN;
}

function readDefaultTrainers(read: EnvReader, catalog: Catalog): DefaultTrainers {
  const style = read.oneOf('STYLE_TRAINER', ['auto', ...catalog.trainersFor('STYLE')]) ?? 'auto';
  return style === 'auto' ? DEFAULT_TRAINERS : { ...DEFAULT_TRAINERS, STYLE: [style] };
}

/** Simulated results look real, so a production server needs SIMULATE=yes to serve them. */
function checkSimulate(
  read: EnvReader,
  { isProduction, hasFal }: { readonly isProduction: boolean; readonly hasFal: boolean },
): void {
  const isWanted = read.oneOf('SIMULATE', ['yes']) !== null;
  if (isWanted && hasFal) {
    read.problems.push('SIMULATE and FAL_KEY: expected one of them, got both; unset SIMULATE to use fal');
  }
  if (isProduction && !hasFal && !isWanted) {
    read.problems.push(
      'NODE_ENV=production: FAL_KEY is not set; set FAL_KEY, or set SIMULATE=yes to serve simulated results',
    );
  }
}

function readAuth(read: EnvReader): AuthConfig {
  const secret = read.text('AUTH_JWT_SECRET');
  const jwksUrl = read.url('AUTH_JWKS_URL', ['https:', 'http:']);
  const issuer = read.text('AUTH_ISSUER');
  const audience = read.text('AUTH_AUDIENCE');
  if (secret !== null && read.text('AUTH_JWKS_URL') !== null) {
    read.problems.push('AUTH_JWT_SECRET and AUTH_JWKS_URL: expected one of them, got both');
  }
  if (secret !== null && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    read.problems.push(
      `AUTH_JWT_SECRET: expected at least ${MIN_SECRET_BYTES} bytes (32 recommended for HS256), got ${Buffer.byteLength(secret)}`,
    );
  }
  if (secret !== null) return { kind: 'JWT', keys: { secret }, issuer, audience };
  if (jwksUrl !== null) return { kind: 'JWT', keys: { jwksUrl }, issuer, audience };
  for (const [name, value] of [['AUTH_ISSUER', issuer] as const, ['AUTH_AUDIENCE', audience] as const]) {
    if (value !== null && read.text('AUTH_JWKS_URL') === null) {
      read.problems.push(
        `${name} is set but neither AUTH_JWKS_URL nor AUTH_JWT_SECRET is: tokens cannot be verified`,
      );
    }
  }
  return { kind: 'LOCAL' };
}

function readMetricsToken(read: EnvReader): string | null {
  const token = read.text('METRICS_TOKEN');
  if (token !== null && !/^[\x21-\x7e]{16,512}$/.test(token))
    read.problems.push('METRICS_TOKEN: expected 16 to 512 visible ASCII characters');
  return token;
}

const MIN_SECRET_BYTES = 16;
