import { ask, shown } from '../support/graphql-call.ts';
import {
  AvatarByIdDocument,
  AvatarStatusDocument,
  CreateAvatarDocument,
  StartTrainingDocument,
  type AvatarStatusSubscription,
  type TypedDocumentString,
} from '../../src/generated/contract/graphql.ts';
import { databasePlace, type DatabasePlace } from '../support/database.ts';
import { FAST } from '../support/fast-timing.ts';
import { freePort } from '../support/free-port.ts';
import { okFor } from '../support/held-runs.ts';
import { overSse } from '../support/watch-over-sse.ts';
import { requestGate, type RequestGate } from '../support/request-gate.ts';
import { startServer, type ServerProcess } from '../support/server-process.ts';
import {
  startSimulator,
  type LooseMessage,
  type ScenarioName,
  type Simulator,
} from '@likeness/fal-simulator';
import { Watch } from '../support/watch.ts';
import type { AvatarRow } from '../support/test-app.ts';
import type { Database } from '../../src/open-database.ts';

const FAL_KEY = 'test-key-id:test-key-secret-9c2e';
/** Nothing is found by polling. */
const NEVER_MS = '3600000';

type StartOptions = Parameters<typeof startServer>[1] & {
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** The built server over a database, fal's look-alike and a gate in front of it, all of which outlive its processes. */
export class Killable {
  readonly fal: Simulator;
  /** Between the server and fal's queue. */
  readonly gate: RequestGate;
  readonly #place: DatabasePlace;
  readonly #port: number;
  readonly #watches = new Set<Watch<AvatarRow>>();
  #server: ServerProcess | null = null;

  private constructor(parts: { fal: Simulator; gate: RequestGate; place: DatabasePlace; port: number }) {
    this.fal = parts.fal;
    this.gate = parts.gate;
    this.#place = parts.place;
    this.#port = parts.port;
  }

  static async create(): Promise<Killable> {
    const fal = await startSimulator({ apiKeys: [FAL_KEY], timing: FAST });
    const gate = await requestGate(() => fal.queueUrl);
    return new Killable({ fal, gate, place: await databasePlace(), port: await freePort() });
  }

  get server(): ServerProcess {
    if (this.#server === null) throw new Error('No server was started');
    return this.#server;
  }

  /** Starts a process, always at the same address. It finds nothing by polling unless `env` says otherwise. */
  async start({ env = {}, ...options }: StartOptions = {}): Promise<void> {
    const url = `http://127.0.0.1:${this.#port}`;
    this.#server = await startServer(
      {
        PORT: String(this.#port),
        FAL_KEY,
        FAL_QUEUE_URL: this.gate.url,
        FAL_REST_URL: this.fal.restUrl,
        PUBLIC_URL: url,
        RECONCILE_INTERVAL_MS: NEVER_MS,
        ...this.#place.env,
        ...env,
      },
      options,
    );
  }

  /** At the database that nobody uses meanwhile. */
  async between(work: (database: Database) => Promise<unknown>): Promise<void> {
    const database = await this.#place.open();
    try {
      await work(database);
    } finally {
      await database.close();
    }
  }

  /** What a minute of waiting does to the jobs, which count it by the database's clock. */
  async passMinute(): Promise<void> {
    await this.between(({ pool }) =>
      pool.query(
        `UPDATE jobs SET created_at = created_at - interval '61 s', next_poll_at = next_poll_at - interval '61 s'`,
      ),
    );
  }

  async newAvatar(): Promise<AvatarRow> {
    const input = { name: 'Ada', trainingType: 'PORTRAIT' } as const;
    const { createAvatar: result } = await this.#execute(CreateAvatarDocument, { input });
    if (!('avatar' in result)) throw new Error(JSON.stringify(result));
    return result.avatar;
  }

  /** Rejects when the server dies of it. */
  async startTraining(avatarId: string, ...scenarios: ScenarioName[]): Promise<AvatarRow> {
    const imagesUrl = `https://photos.example/a.zip?scenario=${scenarios.join(',')}`;
    const { startTraining: result } = await this.#execute(StartTrainingDocument, {
      input: { avatarId, imagesUrl, idempotencyKey: 'the one' },
    });
    if (!('avatar' in result)) throw new Error(JSON.stringify(result));
    return result.avatar;
  }

  async avatar(id: string): Promise<AvatarRow> {
    const { avatar } = await this.#execute(AvatarByIdDocument, { id });
    if (avatar === null) throw new Error(`There is no avatar ${id}`);
    return avatar;
  }

  watch(avatarId: string, afterVersion = 0): Watch<AvatarRow> {
    const call = { query: AvatarStatusDocument.toString(), variables: { avatarId, afterVersion } };
    const watch = new Watch(
      `avatarStatus ${avatarId}`,
      overSse(this.server.graphqlUrl, call),
      (data) => (data as AvatarStatusSubscription).avatarStatus,
    );
    this.#watches.add(watch);
    return watch;
  }

  /** What fal would call back with at a run's good end. */
  webhookOf(run: string | null): LooseMessage {
    const { requestId, webhookUrl: url } = this.fal.requests().find((one) => one.requestId === run) ?? {};
    if (requestId == null || url == null) throw new Error(`fal has no run ${run ?? ''} to call back about`);
    return { url, requestId, body: okFor(requestId) };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#watches].map((watch) => watch.stop()));
    await this.#server?.kill();
    await this.gate.close();
    await this.fal.close();
    await this.#place.drop();
  }

  async #execute<R, V>(document: TypedDocumentString<R, V>, variables: NoInfer<V>): Promise<R> {
    const { data, errors, status, text } = await ask<R, V>(this.server.graphqlUrl, document, variables);
    if (data !== null && errors.length === 0) return data;
    throw new Error(shown({ query: document.toString(), variables }, status, text));
  }
}
