import pg from 'pg';
import type { LooseMessage, SimulatorOptions } from '@likeness/fal-simulator';
import { Disposer } from '../../src/async/disposer.ts';
import { databasePlace, optionsOf, postgresPlace, type DatabasePlace } from './database.ts';
import { FAL_KEY } from './fal-key.ts';
import { freePort } from './free-port.ts';
import { okFor } from './runs-at-fal.ts';
import { openDatabase, type Database } from '../../src/open-database.ts';
import { POSTGRES } from './needed-services.ts';
import { Server, type Env } from './server.ts';
import { startTestSimulator } from './test-simulator.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { startTcpProxy } from './tcp-proxy.ts';

export type StackOptions = {
  /** Default 1. */
  readonly instances?: number;
  /** On top of what every instance gets; undefined takes a setting away. */
  readonly env?: Env;
  /** The database this run of the tests is about (default), a new one in PostgreSQL, or an existing one. */
  readonly database?: 'tested' | 'postgres' | DatabasePlace['env'];
  readonly simulator?: SimulatorOptions;
  /** False: the servers reach the simulator directly. */
  readonly isProxied?: boolean;
  /** False: the servers are created and not started. */
  readonly isStarted?: boolean;
};

export type Stack = Awaited<ReturnType<typeof startStack>>;

/** Starts built servers in processes of their own over one database. The rest outlives each process. */
export async function startStack(options: StackOptions = {}) {
  const disposer = new Disposer();
  try {
    const simulator = await startTestSimulator(options.simulator);
    disposer.add(() => simulator.close());
    const fal = await startFaultProxy(simulator.queueUrl);
    disposer.add(() => fal.close());
    const balancer = await startTcpProxy([]);
    disposer.add(() => balancer.close());
    const databaseEnv = await databaseOf(options.database ?? 'tested', disposer);
    const env = {
      FAL_KEY,
      FAL_QUEUE_URL: options.isProxied === false ? simulator.queueUrl : fal.url,
      FAL_REST_URL: simulator.restUrl,
      PUBLIC_URL: balancer.url,
      RECONCILE_INTERVAL_MS: '100',
      ...databaseEnv,
      ...options.env,
    };
    const ports = await Promise.all(Array.from({ length: options.instances ?? 1 }, freePort));
    const servers = ports.map((port) => new Server(port, env));
    balancer.use(ports.map((port) => ({ port })));
    for (const server of servers) disposer.add(() => server.close());
    if (options.isStarted !== false) await Promise.all(servers.map((server) => server.start()));

    let pool: pg.Pool | null = null;
    const connect = () => {
      if (pool !== null) return pool;
      if (!('DATABASE_URL' in databaseEnv)) throw new Error('This stack has no PostgreSQL');
      const made = new pg.Pool({
        connectionString: databaseEnv.DATABASE_URL,
        max: 2,
        application_name: 'test',
      });
      made.on('error', () => undefined);
      disposer.add(() => made.end());
      return (pool = made);
    };
    return {
      servers,
      simulator,
      /** In front of the simulator's queue. */
      fal,
      /** In front of the servers; fal's webhooks come through it. */
      balancer,
      databaseEnv,
      /** The nth server, counted from 1. */
      server(number = 1): Server {
        const server = servers[number - 1];
        if (server === undefined) throw new Error(`There is no server ${number}`);
        return server;
      },
      /** Starts one more server, which the balancer does not know. */
      async join(): Promise<Server> {
        const server = new Server(await freePort(), env);
        disposer.add(() => server.close());
        await server.start();
        return server;
      },
      /** The webhook of the first run at fal, or of the one named: it succeeded. */
      webhookOf(run?: string | null): LooseMessage {
        const request = simulator.requests().find(({ requestId }) => run === undefined || requestId === run);
        const { requestId = null, webhookUrl: url = null } = request ?? {};
        if (requestId === null || url === null) throw new Error(`fal has no run ${run ?? ''} to report`);
        return { url, requestId, body: okFor(requestId) };
      },
      /** Opens the database. The embedded one can be opened only while no server runs. */
      async atDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
        const database = await openDatabase(optionsOf(databaseEnv));
        try {
          return await work(database);
        } finally {
          await database.close();
        }
      },
      /** PostgreSQL only. */
      async sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
        return (await connect().query<Row>(text, values)).rows;
      },
      /**
       * Kills the servers and removes everything.
       *
       * @throws when a server exited by itself, logged a fatal line or printed a warning
       */
      close: () => disposer.dispose(),
    };
  } catch (error) {
    await disposer.dispose().catch(() => undefined);
    throw error;
  }
}

async function databaseOf(
  database: NonNullable<StackOptions['database']>,
  disposer: Disposer,
): Promise<DatabasePlace['env']> {
  if (typeof database !== 'string') return database;
  const place = await (database === 'tested' ? databasePlace() : postgresPlace(POSTGRES, false));
  disposer.add(() => place.drop());
  return place.env;
}
