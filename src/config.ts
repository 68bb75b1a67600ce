import { DEFAULT_TRAINERS, trainersFor, type DefaultTrainers, type Trainer } from './domain/trainers.ts';

/** Everything the environment decides, read once. */
export type Config = {
  readonly host: string;
  readonly port: number;
  readonly isProduction: boolean;
  readonly logLevel: LogLevel;
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  /** Base of the callback URL that fal can reach; null: no webhooks. */
  readonly publicUrl: string | null;
  /** Null: the built-in simulator stands in for fal. */
  readonly fal: FalConfig | null;
  /** The only fal account whose webhooks are believed; null: any. */
  readonly falAccountId: string | null;
  readonly defaultTrainers: DefaultTrainers;
  readonly reconcileIntervalMs: number;
  readonly auth: AuthConfig;
};

export type FalConfig = {
  readonly key: string;
  readonly queueUrl: string;
  readonly restUrl: string;
  readonly jwksUrl: string;
};

/** LOCAL: one local user, no tokens. */
export type AuthConfig =
  | { readonly kind: 'LOCAL' }
  | {
      readonly kind: 'JWT';
      readonly keys: { readonly secret: string } | { readonly jwksUrl: string };
      readonly issuer: string | null;
      readonly audience: string | null;
    };

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/** Says what is wrong with the environment: all of it, one line each. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    const list = problems.map((problem) => `  - ${problem}`).join('\n');
    super(`The environment is not right:\n${list}\nREADME.md lists every setting.`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the environment. Empty values count as not set.
 * @throws ConfigError naming every problem at once
 */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];
  const read = new Settings(environment, problems);
  const host = read.text('HOST') ?? '127.0.0.1';
  const isProduction = read.text('NODE_ENV') === 'production';
  const auth = readAuth(read, problems);
  if (auth.kind === 'LOCAL' && (!LOOPBACK_HOSTS.has(host) || isProduction)) {
    problems.push(
      `${isProduction ? 'NODE_ENV=production' : `HOST=${host}`}: without tokens the server serves one local user on a loopback address only; set AUTH_JWKS_URL or AUTH_JWT_SECRET`,
    );
  }
  const fal = readFal(read, problems);
  const config: Config = {
    host,
    port: read.wholeNumber('PORT', { min: 0, max: 65_535 }) ?? 4000,
    isProduction,
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    dataDir: read.text('DATA_DIR') ?? './.data',
    databaseUrl: read.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: read.url('REDIS_URL', ['redis:', 'rediss:']),
    publicUrl: read.base('PUBLIC_URL'),
    fal,
    falAccountId: read.text('FAL_ACCOUNT_ID'),
    defaultTrainers: {
      ...DEFAULT_TRAINERS,
      STYLE: read.oneOf<Trainer>('STYLE_TRAINER', trainersFor('STYLE')) ?? DEFAULT_TRAINERS.STYLE,
    },
    reconcileIntervalMs:
      read.wholeNumber('RECONCILE_INTERVAL_MS', { min: 50, max: 3_600_000 }) ?? (fal === null ? 500 : 3000),
    auth,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** The hosts only this machine reaches. */
export const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1']);

function readFal(read: Settings, problems: string[]): FalConfig | null {
  const key = read.text('FAL_KEY');
  const queueUrl = read.base('FAL_QUEUE_URL');
  const restUrl = read.base('FAL_REST_URL');
  const jwksUrl = read.url('FAL_JWKS_URL', ['https:', 'http:']);
  if (key !== null) {
    if (!/^[\x21-\x7e]{1,512}$/.test(key))
      problems.push('FAL_KEY: expected up to 512 visible ASCII characters');
    const rest = restUrl ?? 'https://rest.fal.ai';
    return {
      key,
      queueUrl: queueUrl ?? 'https://queue.fal.run',
      restUrl: rest,
      jwksUrl: jwksUrl ?? `${rest}/.well-known/jwks.json`,
    };
  }
  for (const name of ['FAL_QUEUE_URL', 'FAL_REST_URL', 'FAL_JWKS_URL', 'FAL_ACCOUNT_ID']) {
    if (read.text(name) !== null) {
      problems.push(
        `${name} is set but FAL_KEY is not: set FAL_KEY too, or unset ${name} to use the built-in simulator`,
      );
    }
  }
  return null;
}

function readAuth(read: Settings, problems: string[]): AuthConfig {
  const secret = read.text('AUTH_JWT_SECRET');
  const jwksUrl = read.url('AUTH_JWKS_URL', ['https:', 'http:']);
  const issuer = read.text('AUTH_ISSUER');
  const audience = read.text('AUTH_AUDIENCE');
  if (secret !== null && read.text('AUTH_JWKS_URL') !== null) {
    problems.push('AUTH_JWT_SECRET and AUTH_JWKS_URL: expected one of them, got both');
  }
  if (secret !== null && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    problems.push(
      `AUTH_JWT_SECRET: expected at least ${MIN_SECRET_BYTES} bytes, better 32 (the strength of HS256), got ${Buffer.byteLength(secret)}`,
    );
  }
  if (secret !== null) return { kind: 'JWT', keys: { secret }, issuer, audience };
  if (jwksUrl !== null) return { kind: 'JWT', keys: { jwksUrl }, issuer, audience };
  for (const [name, value] of [['AUTH_ISSUER', issuer] as const, ['AUTH_AUDIENCE', audience] as const]) {
    if (value !== null && read.text('AUTH_JWKS_URL') === null) {
      problems.push(
        `${name} is set but neither AUTH_JWKS_URL nor AUTH_JWT_SECRET is: no token could be checked`,
      );
    }
  }
  return { kind: 'LOCAL' };
}

const MIN_SECRET_BYTES = 16;

/** Reads single settings; what is wrong goes to the list, never with the value of a secret. */
class Settings {
  readonly #environment: Environment;
  readonly #problems: string[];

  constructor(environment: Environment, problems: string[]) {
    this.#environment = environment;
    this.#problems = problems;
  }

  text(name: string): string | null {
    const value = this.#environment[name]?.trim();
    return value === undefined || value === '' ? null : value;
  }

  wholeNumber(name: string, { min, max }: { readonly min: number; readonly max: number }): number | null {
    const value = this.text(name);
    if (value === null) return null;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
    if (number >= min && number <= max) return number;
    this.#problems.push(
      `${name}: expected a whole number from ${min} to ${max}, got ${JSON.stringify(value)}`,
    );
    return null;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.text(name);
    if (value === null) return null;
    const match = allowed.find((choice) => choice === value);
    if (match === undefined) {
      this.#problems.push(`${name}: expected one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`);
    }
    return match ?? null;
  }

  url(name: string, protocols: readonly string[]): string | null {
    const value = this.text(name);
    if (value === null) return null;
    if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
    // A URL may hold a password, so the value is not shown.
    this.#problems.push(
      `${name}: expected a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );
    return null;
  }

  /** An http(s) URL that paths are added to: without query, fragment and trailing slash. */
  base(name: string): string | null {
    const value = this.url(name, ['https:', 'http:']);
    if (value === null) return null;
    const { search, hash } = new URL(value);
    if (search !== '' || hash !== '') {
      this.#problems.push(`${name}: expected a URL without query and fragment`);
      return null;
    }
    return value.replace(/\/+$/, '');
  }
}
