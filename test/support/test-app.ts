import { inspect } from 'node:util';
import type { Client } from 'graphql-ws';
import { ask, shown, type Answer, type CallOptions } from './graphql-call.ts';
import {
  AvatarStatusDocument,
  GenerationStatusDocument,
  type AvatarStatusSubscription,
  type AvatarStatusSubscriptionVariables,
  type GenerationStatusSubscription,
  type GenerationStatusSubscriptionVariables,
  type TypedDocumentString,
} from '../../src/generated/contract/graphql.ts';
import { CollectedLog } from './collected-log.ts';
import { createApp, type App } from '../../src/app.ts';
import { createLog } from '../../src/log/create-log.ts';
import { databasePlace, type DatabasePlace } from './database.ts';
import { eventually } from './eventually.ts';
import { FAL_KEY } from './fal-key.ts';
import { FAST } from './fast-timing.ts';
import { freePort } from './free-port.ts';
import { openSocket, overWs } from './watch-over-ws.ts';
import { overSse } from './watch-over-sse.ts';
import { readConfig } from '../../src/config/config.ts';
import { requestGate, type RequestGate } from './request-gate.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '@likeness/fal-simulator';
import { sumOfSamples } from './metric-samples.ts';
import { Watch } from './watch.ts';
import type { Database } from '../../src/open-database.ts';

export type AvatarRow = AvatarStatusSubscription['avatarStatus'];
export type GenerationRow = GenerationStatusSubscription['generationStatus'];

export type WatchOptions = {
  readonly over?: 'ws' | 'sse';
  readonly token?: string | undefined;
  /** A socket to share; see TestApp.socket(). */
  readonly socket?: Client;
};

export type TestAppOptions = {
  /** On top of what every test app has; undefined takes a setting away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly simulator?: SimulatorOptions;
  /** Puts a gate between the server and fal's queue; see TestApp.gate. */
  readonly gated?: boolean;
};

export { FAL_KEY };

/** For tests about webhooks: nothing is found by polling. */
export const NEVER_POLL = { RECONCILE_INTERVAL_MS: '3600000' } as const;

/** What the server gives requests under way, and the database its last statements, before it ends them. */
const GRACE_MS = 5000;

/** A server as people run it, on a database of its own, with a look-alike of fal in front of which it stands. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const bugs: string[] = [];
  const simulator = await startSimulator({
    apiKeys: [FAL_KEY],
    // The smallest pictures that drawing does not make cheaper.
    images: { ultraLongSide: 128 },
    ...options.simulator,
    timing: { ...FAST, ...options.simulator?.timing },
    log: (event) => {
      if (event.type === 'bug') bugs.push(`A bug inside the simulator: ${event.message}`);
    },
  });
  const gate = options.gated === true ? await requestGate(() => simulator.queueUrl) : null;
  const place = await databasePlace();
  const port = await freePort();
  const env = {
    PORT: String(port),
    LOG_LEVEL: 'debug',
    FAL_KEY,
    FAL_QUEUE_URL: gate?.url ?? simulator.queueUrl,
    FAL_REST_URL: simulator.restUrl,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    RECONCILE_INTERVAL_MS: '100',
    ...place.env,
    ...options.env,
  };
  const log = new CollectedLog(FAL_KEY);
  const open = () => createApp(readConfig(env), createLog('debug', [], log));
  try {
    const metricsToken = options.env?.['METRICS_TOKEN'];
    return new TestApp({
      simulator,
      gate,
      place,
      log,
      open,
      app: await open(),
      complaints: bugs,
      metricsToken,
    });
  } catch (error) {
    await gate?.close();
    await simulator.close();
    await place.drop();
    throw error;
  }
}

type Parts = {
  readonly simulator: Simulator;
  readonly gate: RequestGate | null;
  readonly place: DatabasePlace;
  readonly log: CollectedLog;
  readonly open: () => Promise<App>;
  readonly app: App;
  readonly complaints: string[];
  readonly metricsToken: string | undefined;
};

export class TestApp {
  readonly simulator: Simulator;
  readonly log: CollectedLog;
  readonly #parts: Parts;
  readonly #complaints: string[];
  readonly #watches = new Set<{ stop(): Promise<void> }>();
  #app: App;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#complaints = parts.complaints;
    this.#app = parts.app;
    this.simulator = parts.simulator;
    this.log = parts.log;
  }

  /** In front of fal's queue, in an app that was started with one. */
  get gate(): RequestGate {
    if (this.#parts.gate === null) throw new Error('This app was started without a gate');
    return this.#parts.gate;
  }

  get url(): string {
    return this.#app.url;
  }

  get graphqlUrl(): string {
    return this.#app.graphqlUrl;
  }

  /** The data of an operation that has to succeed. */
  async execute<R, V>(
    document: TypedDocumentString<R, V>,
    variables: NoInfer<V>,
    options?: CallOptions,
  ): Promise<R> {
    const { status, text, data, errors } = await this.ask(document, variables, options);
    if (status === 200 && errors.length === 0 && data !== null) return data;
    throw new Error(`Refused.\n${shown({ query: document.toString(), variables }, status, text)}`);
  }

  /** The answer to an operation, whatever it is. A masked error has to be announced: `log.expectError`. */
  async ask<R, V>(
    document: TypedDocumentString<R, V>,
    variables: NoInfer<V>,
    options?: CallOptions,
  ): Promise<Answer<R>> {
    const answer = await ask<R, V>(this.graphqlUrl, document, variables, options);
    if (answer.text.includes(FAL_KEY)) this.#complaints.push(`An answer has the key in it: ${answer.text}`);
    return answer;
  }

  avatarStatus(variables: AvatarStatusSubscriptionVariables, options: WatchOptions = {}): Watch<AvatarRow> {
    return this.#watch(
      AvatarStatusDocument,
      variables,
      (data) => (data as AvatarStatusSubscription).avatarStatus,
      options,
    );
  }

  generationStatus(
    variables: GenerationStatusSubscriptionVariables,
    options: WatchOptions = {},
  ): Watch<GenerationRow> {
    return this.#watch(
      GenerationStatusDocument,
      variables,
      (data) => (data as GenerationStatusSubscription).generationStatus,
      options,
    );
  }

  /** A socket for several operations; ends with the app. */
  socket(token?: string): Client {
    const client = openSocket(this.graphqlUrl, token);
    this.#watches.add({ stop: async () => client.dispose() });
    return client;
  }

  /** The sum of a metric's samples whose labels fit. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const token = this.#parts.metricsToken;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${this.url}/metrics`, { headers });
    return sumOfSamples(await answer.text(), name, labels);
  }

  /** Ends the server; objects when something in it did not end by itself. */
  async #end(): Promise<void> {
    const began = performance.now();
    await this.#app.close();
    const took = Math.round(performance.now() - began);
    if (took >= GRACE_MS) this.#complaints.push(`Ending took ${took} ms: something had to be torn off`);
  }

  /** Ends the server, lets `between` at the database nobody then uses, and starts it again at the same address. */
  async restart(between: (database: Database) => Promise<void> = async () => undefined): Promise<void> {
    await this.#end();
    const database = await this.#parts.place.open();
    try {
      await between(database);
    } finally {
      await database.close();
    }
    this.#app = await this.#parts.open();
  }

  /** Ends everything in reverse order. Throws when anything was not as it should be. */
  async close(): Promise<void> {
    await Promise.all([...this.#watches].map((watch) => watch.stop()));
    await this.#noListenersLeft().catch((error: unknown) => this.#complaints.push(inspect(error)));
    this.#parts.gate?.release();
    await this.#end();
    await this.#parts.gate?.close();
    await this.simulator.close();
    await this.#parts.place.drop();
    const complaints = [...this.#complaints, ...this.log.complaints()];
    if (complaints.length > 0) throw new Error(`Not as it should be:\n${complaints.join('\n')}`);
  }

  async #noListenersLeft(): Promise<void> {
    await eventually('every listener of a subscription to be gone', async () =>
      (await this.metric('likeness_subscription_listeners')) === 0 ? true : null,
    );
  }

  #watch<R, V, Row>(
    document: TypedDocumentString<R, V>,
    variables: V,
    rowOf: (data: unknown) => Row,
    { over = 'ws', token, socket }: WatchOptions,
  ): Watch<Row> {
    const call = { query: document.toString(), variables };
    const transport =
      over === 'sse' ? overSse(this.graphqlUrl, call, token) : overWs(this.graphqlUrl, call, token, socket);
    const watch = new Watch(`${over} ${JSON.stringify(variables)}`, transport, rowOf);
    this.#watches.add(watch);
    return watch;
  }
}
