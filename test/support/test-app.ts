import { inspect } from 'node:util';
import { vi } from 'vitest';
import type { RecordedRequest, Simulator, SimulatorOptions } from '@likeness/fal-simulator';
import { ApiClient, type AvatarRow } from './api-client.ts';
import { CollectedLog } from './collected-log.ts';
import { createApp, type App } from '../../src/app.ts';
import { createLog } from '../../src/log/create-log.ts';
import { workerPlace, type DatabasePlace } from './database.ts';
import { Disposer } from '../../src/async/disposer.ts';
import { eventually } from './eventually.ts';
import { lastRunAt, type RunAtFal } from './runs-at-fal.ts';
import { FAL_KEY } from './fal-key.ts';
import { freePort } from './free-port.ts';
import { readConfig } from '../../src/config/config.ts';
import { startTestSimulator } from './test-simulator.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import type { Answer, CallOptions } from './graphql-call.ts';
import type { Database } from '../../src/open-database.ts';
import type { TypedDocumentString } from '../../src/generated/contract/graphql.ts';

export type TestAppOptions = {
  /** On top of what every test app gets; undefined takes a setting away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly simulator?: SimulatorOptions;
  /** Puts a fault proxy between the server and fal's queue; see TestApp.fal. */
  readonly isProxied?: boolean;
};

/** The in-process counterpart of startStack: one server on its own database, with fal's simulator. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const disposer = new Disposer();
  const complaints: string[] = [];
  try {
    const simulator = await startTestSimulator({
      ...options.simulator,
      log: (event) => {
        if (event.type === 'bug') complaints.push(`A bug inside the simulator: ${event.message}`);
      },
    });
    disposer.add(() => simulator.close());
    const fal = options.isProxied === true ? await startFaultProxy(simulator.queueUrl) : null;
    if (fal !== null) disposer.add(() => fal.close());
    const place = await workerPlace();
    disposer.add(() => place.drop());
    const port = await freePort();
    const env = {
      PORT: String(port),
      LOG_LEVEL: 'debug',
      FAL_KEY,
      FAL_QUEUE_URL: fal?.url ?? simulator.queueUrl,
      FAL_REST_URL: simulator.restUrl,
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      RECONCILE_INTERVAL_MS: '500',
      // The URLs of copies change every hour, and so would answers that a test compares.
      KEEP_FILES: 'off',
      ...place.env,
      ...options.env,
    };
    const log = new CollectedLog(FAL_KEY);
    const open = () => createApp(readConfig(env), createLog('debug', [], log), place.open);
    const app = await open();
    return new TestApp({ app, complaints, disposer, env, fal, log, open, place, simulator });
  } catch (error) {
    await disposer.dispose().catch(() => undefined);
    throw error;
  }
}

type Parts = {
  readonly app: App;
  readonly complaints: string[];
  readonly disposer: Disposer;
  readonly env: NonNullable<TestAppOptions['env']>;
  readonly fal: FaultProxy | null;
  readonly log: CollectedLog;
  readonly open: () => Promise<App>;
  readonly place: DatabasePlace;
  readonly simulator: Simulator;
};

export class TestApp extends ApiClient {
  readonly simulator: Simulator;
  readonly log: CollectedLog;
  readonly #parts: Parts;
  #app: App;

  constructor(parts: Parts) {
    super(parts.app.url);
    this.#parts = parts;
    this.#app = parts.app;
    this.simulator = parts.simulator;
    this.log = parts.log;
  }

  /** The proxy in front of fal's queue. */
  get fal(): FaultProxy {
    if (this.#parts.fal === null) throw new Error('This app was started without isProxied');
    return this.#parts.fal;
  }

  /** The folder of the server's files. */
  get dataDir(): string {
    return this.#parts.env['DATA_DIR'] ?? '';
  }

  /** A masked error has to be announced: `log.expectError`. */
  override async ask<R, V>(
    document: TypedDocumentString<R, V>,
    variables: NoInfer<V>,
    options?: CallOptions,
  ): Promise<Answer<R>> {
    const answer = await super.ask<R, V>(document, variables, options);
    if (answer.text.includes(FAL_KEY))
      this.#parts.complaints.push(`An answer has the key in it: ${answer.text}`);
    return answer;
  }

  override metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number> {
    return super.metric(name, labels, { token: this.#parts.env['METRICS_TOKEN'] });
  }

  /** The avatar, which has to exist. */
  async avatarNow(id: string, token?: string): Promise<AvatarRow> {
    const avatar = await this.avatar(id, { token });
    if (avatar === null) throw new Error(`There is no avatar ${id}`);
    return avatar;
  }

  /** The latest submit that fal received. */
  lastSubmit(): RecordedRequest {
    const request = this.simulator.requests().at(-1);
    if (request === undefined) throw new Error('fal received no submit');
    return request;
  }

  /** The run of the latest submit. */
  lastRun(): RunAtFal {
    return lastRunAt(this.simulator);
  }

  /** Sends fal's webhook about a run, and resolves with the status of the answer. */
  deliver(run: RunAtFal, body: object): Promise<number | null> {
    return this.simulator.deliver({ ...run, body });
  }

  /** The submits that fal received with this archive of photos. */
  submitsOf(imagesUrl: string): RecordedRequest[] {
    return this.simulator.requests().filter(({ body }) => JSON.stringify(body).includes(imagesUrl));
  }

  /**
   * Stops the server, runs `between` on the database, and starts the server at the same address. Its loops begin early in
   * their intervals: that of the photos takes 10 s.
   */
  async restart(between?: (database: Database) => Promise<void>): Promise<void> {
    await this.#app.close();
    if (between !== undefined) {
      const database = await this.#parts.place.open();
      await between(database).finally(() => database.close());
    }
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.03);
    this.#app = await this.#parts.open().finally(() => random.mockRestore());
  }

  /** Ends everything in reverse order. Throws when the server left a listener, or logged an error nobody announced. */
  async close(): Promise<void> {
    const { complaints, disposer } = this.#parts;
    await this.disconnect();
    await eventually(
      'every listener of a subscription to be gone',
      async () => (await this.listeners()) === 0,
    ).catch((error: unknown) => complaints.push(inspect(error)));
    await this.#app.close();
    await disposer.dispose();
    const all = [...complaints, ...this.log.complaints()];
    if (all.length > 0) throw new Error(`Complaints:\n${all.join('\n')}`);
  }
}
