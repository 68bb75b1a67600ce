import { setTimeout as pause } from 'node:timers/promises';
import { check } from './check.ts';
import { Client } from './client.ts';
import { databasePlace, type DatabasePlace } from '../support/database.ts';
import { FAL_ACCOUNT, FAL_KEY, watchedFal, type WatchedFal } from './fal.ts';
import { freePort } from '../support/free-port.ts';
import { History } from './history.ts';
import { Instance } from './instance.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { Load, type Tenant } from './load.ts';
import { passMinutes, readFacts } from './read-facts.ts';
import { stallingProxy, type StallingProxy } from '../support/stalling-proxy.ts';
import { Subscriber } from './subscriber.ts';
import { underWay } from './under-way.ts';
import type { Recorded, Violation } from './calls.ts';

/** How long everything may take to come to rest on a busy machine. */
const SETTLE_MS = 240_000;
const LOOK_EVERY_MS = 250;
/** Longer than a change waits whose announcer died. */
const QUIET_MS = 7_000;
/** Longer than a killed server's hold on a job, and than the minute of a submit that nobody finished. */
const LEASE_MINUTES = 3;

export type WorldOptions = {
  readonly seed: number;
  /** Two at least: they try to get at each other's things. */
  readonly tenants: readonly [string, string, ...string[]];
  readonly instances: number;
  /** How often a server looks at fal. */
  readonly reconcileMs: number;
  readonly redisUrl?: string | undefined;
};

type Parts = Pick<World, 'history' | 'fal' | 'place' | 'instances' | 'tenants' | 'proxy'>;

/** Servers that may be killed at any time, and what outlives them: the database, fal's look-alike and the clients. */
export class World {
  readonly history: History;
  readonly fal: WatchedFal;
  readonly place: DatabasePlace;
  readonly instances: readonly Instance[];
  readonly tenants: readonly Tenant[];
  /** Between the first instance and one subscriber of each tenant. */
  readonly proxy: StallingProxy;
  readonly #seed: number;
  #load: Load | null = null;

  private constructor(seed: number, parts: Parts) {
    this.#seed = seed;
    this.history = parts.history;
    this.fal = parts.fal;
    this.place = parts.place;
    this.instances = parts.instances;
    this.tenants = parts.tenants;
    this.proxy = parts.proxy;
  }

  static async create({ seed, tenants, instances, reconcileMs, redisUrl }: WorldOptions): Promise<World> {
    const history = new History();
    const fal = await watchedFal(history);
    const place = await databasePlace();
    const env = {
      ...place.env,
      REDIS_URL: redisUrl,
      FAL_KEY,
      FAL_QUEUE_URL: fal.simulator.queueUrl,
      FAL_REST_URL: fal.simulator.restUrl,
      FAL_ACCOUNT_ID: FAL_ACCOUNT,
      AUTH_JWT_SECRET: JWT_SECRET,
      RECONCILE_INTERVAL_MS: String(reconcileMs),
      // Counted, and never met.
      LIMIT_RUNNING_TRAININGS: '100000',
      LIMIT_TRAININGS_PER_DAY: '1000000',
      LIMIT_IMAGES_PER_DAY: '1000000',
    };
    const ports = await Promise.all(Array.from({ length: instances }, freePort));
    return new World(seed, {
      history,
      fal,
      place,
      instances: ports.map((port) => new Instance(port, env)),
      tenants: await Promise.all(tenants.map((name) => tenantOf(name, history))),
      proxy: await stallingProxy({ host: '127.0.0.1', port: ports[0] ?? 0 }),
    });
  }

  /** Begins with the clients; servers are the caller's to start, and clients do not mind when there are none. */
  begin(clientsPerTenant: number): void {
    for (const { name: tenant, token, subscribers } of this.tenants) {
      const everything = { tenant, token, about: null } as const;
      const stalled = `http://127.0.0.1:${this.proxy.port}/graphql`;
      const direct = this.instances.at(-1)?.graphqlUrl ?? '';
      subscribers.push(
        this.#subscriber({ ...everything, name: `${tenant} slowly`, over: 'ws', graphqlUrl: () => stalled }),
        this.#subscriber({ ...everything, name: `${tenant} all`, over: 'sse', graphqlUrl: () => direct }),
      );
    }
    const { history, tenants } = this;
    const urls = this.instances.map(({ graphqlUrl }) => graphqlUrl);
    this.#load = new Load({ seed: this.#seed, history, tenants, urls }, clientsPerTenant);
  }

  get decisions(): number {
    return this.#load?.decisions ?? 0;
  }

  /**
   * Ends the load and lets everything come to rest: whatever a killed server held is free, fal has told all it will
   * tell, and nobody has news. Then reads everything once more, and ends the servers.
   *
   * @throws when that takes too long
   */
  async settle(): Promise<void> {
    await Promise.all(this.instances.filter(({ isUp }) => !isUp).map((instance) => instance.start()));
    this.proxy.resume();
    await this.#load?.stop();
    await this.#endAll();
    await this.#atDatabase((database) => passMinutes(database, LEASE_MINUTES));
    await Promise.all(
      this.instances.map((instance) => instance.start({ RECONCILE_INTERVAL_MS: String(LOOK_EVERY_MS) })),
    );
    await this.#comesToRest();
    await pause(QUIET_MS);
    for (const { client, avatars, generations } of this.tenants) {
      for (const id of [...avatars, ...generations]) await client.read(this.#anyUrl(), id);
    }
    await Promise.all(
      this.tenants.flatMap(({ subscribers }) => subscribers.map((subscriber) => subscriber.stop())),
    );
    await this.#endAll();
  }

  /** To be asked after settle(). */
  async verdict(): Promise<{ readonly recorded: Recorded; readonly violations: readonly Violation[] }> {
    const tables = await this.#atDatabase(readFacts);
    const facts = { ...tables, posts: this.fal.posts() };
    const recorded = { history: this.history.entries, facts };
    const troubles = [...this.instances.flatMap((instance) => instance.troubles), ...this.fal.bugs];
    return {
      recorded,
      violations: [
        ...check(recorded),
        ...troubles.map((text) => ({ rule: 'every process does as told', text })),
      ],
    };
  }

  /** Safe after a failure of any of the others. */
  async close(): Promise<void> {
    const loadEnded = this.#load?.stop();
    await Promise.all(this.instances.map((instance) => instance.kill()));
    await loadEnded;
    await Promise.all(
      this.tenants.flatMap(({ subscribers }) => subscribers.map((subscriber) => subscriber.stop())),
    );
    await this.proxy.close();
    await this.fal.simulator.close();
    await this.place.drop();
  }

  #subscriber(options: ConstructorParameters<typeof Subscriber>[1]): Subscriber {
    return new Subscriber(this.history, options);
  }

  #anyUrl(): string {
    return this.instances[0]?.graphqlUrl ?? '';
  }

  async #endAll(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.terminate()));
  }

  async #atDatabase<T>(
    work: (database: Awaited<ReturnType<DatabasePlace['open']>>) => Promise<T>,
  ): Promise<T> {
    const database = await this.place.open();
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  }

  async #comesToRest(): Promise<void> {
    const giveUpAt = performance.now() + SETTLE_MS;
    for (;;) {
      const open = this.fal.isQuiet() ? await underWay(this.#anyUrl(), this.tenants) : ['fal'];
      if (open.length === 0) return;
      if (performance.now() > giveUpAt)
        throw new Error(`After ${SETTLE_MS} ms not at rest: ${open.slice(0, 10).join(', ')}`);
      await pause(LOOK_EVERY_MS);
    }
  }
}

async function tenantOf(name: string, history: History): Promise<Tenant> {
  const token = await tokenOf(name, { expiresIn: '30d' });
  return {
    name,
    token,
    client: new Client(history, name, token),
    avatars: [],
    generations: [],
    subscribers: [],
  };
}
