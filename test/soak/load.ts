import { setTimeout as pause } from 'node:timers/promises';
import type { Client, Outcome } from './client.ts';
import { decide, type Action } from './actions.ts';
import { randomFor } from '../support/prng.ts';
import { Subscriber } from './subscriber.ts';
import type { History } from './history.ts';

/** A tenant with more avatars deletes instead of creating, so that reads after a restart stay small. */
const MOST_AVATARS = 40;
/** Streams of one tenant, each on a connection of its own. */
const MOST_WATCHED = 12;

export type Tenant = {
  readonly name: string;
  readonly token: string;
  readonly client: Client;
  /** The ids it created and did not delete, as far as it knows. */
  readonly avatars: string[];
  readonly generations: string[];
  readonly subscribers: Subscriber[];
};

type LoadOptions = {
  readonly seed: number;
  readonly history: History;
  readonly tenants: readonly Tenant[];
  /** Of the servers. */
  readonly urls: readonly string[];
};

/** Clients that act at random until they are stopped. Each decision depends on seed, actor and its number only. */
export class Load {
  readonly #options: LoadOptions;
  readonly #ended: Promise<unknown>;
  #isStopped = false;
  /** Decisions so far. */
  decisions = 0;

  constructor(options: LoadOptions, clientsPerTenant: number) {
    this.#options = options;
    this.#ended = Promise.all(
      options.tenants.flatMap((tenant) =>
        Array.from({ length: clientsPerTenant }, (_, n) => this.#live(tenant, `${tenant.name} client ${n}`)),
      ),
    );
  }

  /** Resolves when every open call has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }

  async #live(tenant: Tenant, actor: string): Promise<void> {
    const { seed, urls } = this.#options;
    for (let n = 0; !this.#isStopped; n += 1) {
      const { action, instance, pauseMs } = decide(randomFor(`${seed}/${actor}/${n}`));
      this.decisions += 1;
      const url = urls[instance % urls.length] ?? '';
      // Letters, digits and hyphens only: it stands in URLs and prompts.
      await this.#carryOut(tenant, action, { url, key: `${actor.replaceAll(' ', '-')}-${n}` });
      await pause(pauseMs);
    }
  }

  async #carryOut(tenant: Tenant, action: Action, at: { url: string; key: string }): Promise<void> {
    const { client, avatars, generations } = tenant;
    if (action.kind === 'trespass') return this.#trespass(tenant, action, at);
    if (action.kind === 'create' && avatars.length < MOST_AVATARS) {
      remember(avatars, await client.create(at.url, action.isStyle));
      return;
    }
    const target = action.kind === 'create' ? 0 : action.target;
    const id = avatars[target % avatars.length];
    if (id === undefined) return;
    switch (action.kind) {
      case 'create':
      case 'delete': {
        avatars.splice(avatars.indexOf(id), 1);
        // A client repeats a delete with unknown outcome.
        if ((await client.delete(at.url, id)) === undefined) await client.delete(at.url, id);
        return;
      }
      case 'train':
      case 'generate': {
        const { copies, isRepeated } = action;
        const once = (): Promise<Outcome> =>
          action.kind === 'train'
            ? client.train(at.url, id, { ...action, key: at.key })
            : client.generate(at.url, id, { ...action, key: at.key });
        const answers = await Promise.all(Array.from({ length: copies }, once));
        if (isRepeated || answers.includes(undefined)) answers.push(await once());
        if (action.kind === 'generate') for (const made of answers) remember(generations, made);
        return;
      }
      case 'cancel':
        await client.cancel(at.url, id);
        return;
      case 'read': {
        const generation = generations[target % generations.length];
        await client.read(at.url, target % 3 === 0 && generation !== undefined ? generation : id);
        return;
      }
      case 'watch': {
        const generation = generations[target % generations.length];
        this.#watch(tenant, target % 3 === 0 && generation !== undefined ? generation : id);
      }
    }
  }

  async #trespass(
    tenant: Tenant,
    { by, target }: Extract<Action, { kind: 'trespass' }>,
    { url, key }: { url: string; key: string },
  ): Promise<void> {
    const others = this.#options.tenants.filter((other) => other !== tenant);
    const { avatars = [] } = others[target % others.length] ?? {};
    const id = avatars[target % avatars.length];
    const { client } = tenant;
    if (id === undefined) return;
    if (by === 'train') await client.train(url, id, { key, scenarios: [] });
    else if (by === 'generate') await client.generate(url, id, { key, scenarios: [], images: 1 });
    else if (by === 'watch') this.#watch(tenant, id);
    else await client[by](url, id);
  }

  #watch({ name: owner, token, subscribers }: Tenant, about: string): void {
    if (subscribers.filter(({ isOver }) => !isOver).length >= MOST_WATCHED) return;
    const { history, urls } = this.#options;
    const n = subscribers.length;
    subscribers.push(
      new Subscriber(history, {
        name: `${owner} watching ${about} (${n})`,
        tenant: owner,
        token,
        about,
        over: n % 2 === 0 ? 'ws' : 'sse',
        url: () => urls[n % urls.length] ?? '',
      }),
    );
  }
}

function remember(list: string[], made: Outcome): void {
  if (made !== undefined && 'row' in made && made.row !== null && !list.includes(made.row.id))
    list.push(made.row.id);
}
