import { setTimeout as pause } from 'node:timers/promises';
import { check } from './check.ts';
import { Client } from './client.ts';
import { eventually } from '../support/eventually.ts';
import { FAL_ACCOUNT, RecordedFal } from './recorded-fal.ts';
import { History } from './history.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { Load, type Tenant } from './load.ts';
import { openWork } from './open-work.ts';
import { passMinutes, readFinalState } from './final-state.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { Subscriber, type SubscriberOptions } from './subscriber.ts';
import type { Env, Server } from '../support/server.ts';
import type { Recorded, Violation } from './calls.ts';

/** How long all jobs may take to end on a busy machine. */
const SETTLE_MS = 240_000;
const POLL_INTERVAL_MS = 250;
/** Longer than a change waits whose publisher died. */
const OUTBOX_MS = 7_000;
/** Longer than a killed server's lease of a job, and than the minute of an unfinished submit. */
const LEASE_MINUTES = 3;

type SoakRunOptions = {
  readonly seed: number;
  /** Two at least: each tries to reach the others' rows. */
  readonly tenants: readonly [string, string, ...string[]];
  readonly instances: number;
  readonly reconcileMs: number;
  readonly redisUrl?: string | undefined;
};

/** Servers that may be killed at any time, under random load; their database, simulator and clients survive. */
export class SoakRun {
  readonly history: History;
  readonly fal: RecordedFal;
  readonly stack: Stack;
  readonly tenants: readonly Tenant[];
  /** Between the first server and one subscriber of each tenant. */
  readonly proxy: TcpProxy;
  readonly #seed: number;
  #load: Load | null = null;

  private constructor(seed: number, parts: Pick<SoakRun, 'history' | 'fal' | 'stack' | 'tenants' | 'proxy'>) {
    this.#seed = seed;
    this.history = parts.history;
    this.fal = parts.fal;
    this.stack = parts.stack;
    this.tenants = parts.tenants;
    this.proxy = parts.proxy;
  }

  static async create({ seed, tenants, instances, reconcileMs, redisUrl }: SoakRunOptions): Promise<SoakRun> {
    const history = new History();
    const fal = new RecordedFal(history);
    const stack = await startStack({
      instances,
      isStarted: false,
      // The proxy would repair what the simulator breaks.
      isProxied: false,
      simulator: fal.options,
      env: {
        LOG_LEVEL: 'info',
        REDIS_URL: redisUrl,
        FAL_ACCOUNT_ID: FAL_ACCOUNT,
        AUTH_JWT_SECRET: JWT_SECRET,
        RECONCILE_INTERVAL_MS: String(reconcileMs),
        // Counted, and never reached.
        LIMIT_RUNNING_TRAININGS: '100000',
        LIMIT_TRAININGS_PER_DAY: '1000000',
        LIMIT_IMAGES_PER_DAY: '1000000',
      },
    });
    fal.attach(stack.simulator);
    return new SoakRun(seed, {
      history,
      fal,
      stack,
      tenants: await Promise.all(tenants.map((name) => tenantOf(name, history))),
      proxy: await startTcpProxy([{ port: stack.server().port }]),
    });
  }

  get servers(): readonly Server[] {
    return this.stack.servers;
  }

  get decisions(): number {
    return this.#load?.decisions ?? 0;
  }

  /** Starts the clients. They need no running server. */
  begin(clientsPerTenant: number): void {
    for (const { name: tenant, token, subscribers } of this.tenants) {
      const everything = { tenant, token, about: null } as const;
      const direct = this.servers.at(-1)?.url ?? '';
      subscribers.push(
        this.#subscriber({
          ...everything,
          name: `${tenant} proxied`,
          over: 'ws',
          url: () => this.proxy.url,
        }),
        this.#subscriber({ ...everything, name: `${tenant} direct`, over: 'sse', url: () => direct }),
      );
    }
    const { history, tenants } = this;
    const urls = this.servers.map(({ url }) => url);
    this.#load = new Load({ seed: this.#seed, history, tenants, urls }, clientsPerTenant);
  }

  /** Resolves when it is ready or has exited. An exit that nobody asked for is among its failures. */
  async start(server: Server, env: Env = {}): Promise<void> {
    await server.start({ env }).catch(() => undefined);
  }

  /**
   * Stops the load and waits until the leases of killed servers ended, fal sent all its webhooks and all subscribers are
   * up to date. Then reads every row once more, and stops the servers.
   *
   * @throws when that takes too long
   */
  async settle(): Promise<void> {
    await Promise.all(this.servers.filter(({ isRunning }) => !isRunning).map((server) => this.start(server)));
    this.proxy.resume();
    await this.#load?.stop();
    await this.#terminate();
    await this.stack.atDatabase((database) => passMinutes(database, LEASE_MINUTES));
    const env = { RECONCILE_INTERVAL_MS: String(POLL_INTERVAL_MS) };
    await Promise.all(this.servers.map((server) => this.start(server, env)));
    const { url } = this.stack.server();
    let open: string[] = [];
    await eventually(
      'all jobs to end',
      async () => {
        if (!this.fal.isIdle()) return null;
        open = await openWork(url, this.tenants);
        return open.length === 0;
      },
      SETTLE_MS,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; open: ${open.slice(0, 10).join(', ') || 'at fal'}`);
    });
    await pause(OUTBOX_MS);
    for (const { client, avatars, generations } of this.tenants) {
      for (const id of [...avatars, ...generations]) await client.read(url, id);
    }
    await this.#stopSubscribers();
    await this.#terminate();
  }

  /** Checks the invariants, after settle(). */
  async verify(): Promise<{ readonly recorded: Recorded; readonly violations: readonly Violation[] }> {
    const tables = await this.stack.atDatabase(readFinalState);
    const final = { ...tables, submits: this.fal.submits() };
    const recorded = { history: this.history.entries, final };
    const failures = [...this.servers.flatMap((server) => server.failures), ...this.fal.bugs];
    const invariant = 'no process fails';
    return {
      recorded,
      violations: [...check(recorded), ...failures.map((text) => ({ invariant, text }))],
    };
  }

  /** Safe after a failure of any other method. */
  async close(): Promise<void> {
    const stopped = this.#load?.stop();
    await Promise.all(this.servers.map((server) => server.kill()));
    await stopped;
    await this.#stopSubscribers();
    await this.proxy.close();
    await this.stack.close();
  }

  #subscriber(options: SubscriberOptions): Subscriber {
    return new Subscriber(this.history, options);
  }

  async #stopSubscribers(): Promise<void> {
    const all = this.tenants.flatMap(({ subscribers }) => subscribers);
    await Promise.all(all.map((subscriber) => subscriber.stop()));
  }

  async #terminate(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.terminate()));
  }
}

async function tenantOf(name: string, history: History): Promise<Tenant> {
  const token = await tokenOf(name, { lifetimeS: 30 * 86_400 });
  return {
    name,
    token,
    client: new Client(history, name, token),
    avatars: [],
    generations: [],
    subscribers: [],
  };
}
