import pg from 'pg';
import { createPostgresDatabase, dropPostgresDatabase } from './postgres-template.ts';
import { FAST } from './fast-timing.ts';
import { Instance } from './instance.ts';
import { POSTGRES } from './several-needs.ts';
import { startAnswerGate, type AnswerGate } from './answer-gate.ts';
import { startBalancer, type Balancer } from './balancer.ts';
import { startServer } from './server-process.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '@likeness/fal-simulator';

export const FAL_KEY = 'test-key-id:test-key-secret-7c2e';

/** Nothing is found by polling. */
export const NEVER_POLL = { RECONCILE_INTERVAL_MS: '3600000' } as const;

export type ServiceOptions = {
  readonly instances: number;
  /** On top of what every instance has; undefined takes a setting away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Left out: the instances share no news. */
  readonly redisUrl?: string;
  /** Left out: a database of its own in the PostgreSQL all tests use. */
  readonly databaseUrl?: string;
  readonly simulator?: SimulatorOptions;
};

/**
 * Several instances of the built server over one PostgreSQL, with a balancer in front of them that fal's webhooks come
 * through, and a gate in front of the look-alike of fal.
 */
export type Service = {
  readonly instances: readonly Instance[];
  /** Starts one more; the balancer does not know it. */
  readonly join: () => Promise<Instance>;
  /** The first, second, … of them. */
  readonly instance: (number: number) => Instance;
  readonly simulator: Simulator;
  readonly fal: AnswerGate;
  readonly balancer: Balancer;
  /** Of the instances' own database. */
  readonly sql: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** Takes an advisory lock of that database; what it resolves with gives it back. */
  readonly holdLock: (key: number) => Promise<() => Promise<void>>;
  /** Ends everything. Throws when an instance ended by itself or said that something was badly wrong. */
  readonly close: () => Promise<void>;
};

export async function startService(options: ServiceOptions): Promise<Service> {
  const ends: (() => Promise<unknown>)[] = [];
  const close = async () => {
    const failures: unknown[] = [];
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
      await end().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
  };
  try {
    const simulator = await startSimulator({
      apiKeys: [FAL_KEY],
      images: { ultraLongSide: 128 },
      ...options.simulator,
      timing: { ...FAST, ...options.simulator?.timing },
    });
    ends.push(() => simulator.close());
    const fal = await startAnswerGate(simulator.queueUrl);
    ends.push(() => fal.close());
    const balancer = await startBalancer();
    ends.push(() => balancer.close());
    const url = options.databaseUrl ?? (await ownDatabase(ends));
    const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'test' });
    pool.on('error', () => undefined);
    ends.push(() => pool.end());

    const env = {
      LOG_LEVEL: 'debug',
      FAL_KEY,
      FAL_QUEUE_URL: fal.url,
      FAL_REST_URL: simulator.restUrl,
      PUBLIC_URL: balancer.url,
      RECONCILE_INTERVAL_MS: '100',
      DATABASE_URL: url,
      ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
      ...options.env,
    };
    const join = async () => {
      const instance = new Instance(await startServer(env));
      ends.push(() => instance.close());
      return instance;
    };
    const instances = await Promise.all(Array.from({ length: options.instances }, join));
    balancer.use(instances.map(({ port }) => port));
    const sql: Service['sql'] = async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
      (await pool.query<Row>(text, values)).rows;
    const instance = (number: number) => {
      const found = instances[number - 1];
      if (found === undefined) throw new Error(`There is no instance ${number}`);
      return found;
    };
    const holdLock = async (key: number) => {
      const client = await pool.connect();
      await client.query('SELECT pg_advisory_lock($1)', [key]);
      // The lock is the connection's, and ends with it.
      return async () => client.release(true);
    };
    return { holdLock, instances, join, instance, simulator, fal, balancer, sql, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ownDatabase(ends: (() => Promise<unknown>)[]): Promise<string> {
  const { name, url } = await createPostgresDatabase(POSTGRES);
  ends.push(() => dropPostgresDatabase(POSTGRES, name));
  return url;
}
