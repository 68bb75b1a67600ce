import { AvatarStatusDocument, GenerationStatusDocument } from '../../src/generated/contract/graphql.ts';
import { idsIn, type History } from './history.ts';
import { overSse } from '../support/watch-over-sse.ts';
import { overWs } from '../support/watch-over-ws.ts';
import { observe, type AnyRow } from './observed-row.ts';

/** The first pause before it reconnects; each further one is twice as long, until a frame arrives. */
const RECONNECT_MS = 200;
const MAX_PAUSE_MS = 2000;

export type SubscriberOptions = {
  readonly name: string;
  readonly tenant: string;
  readonly token: string;
  /** An avatar or a generation; null: all avatars of the tenant. */
  readonly about: string | null;
  readonly over: 'ws' | 'sse';
  /** Of the server, called for every stream. */
  readonly url: () => string;
};

/** Follows a row over all restarts, as a client does: it reconnects after a lost stream, not after a complete one. */
export class Subscriber {
  /** Its stream is complete. */
  isOver = false;
  readonly #options: SubscriberOptions;
  readonly #history: History;
  #lastVersion: number | null = null;
  #pauseMs = RECONNECT_MS;
  #stop: () => Promise<void> = async () => undefined;
  #isStopped = false;

  constructor(history: History, options: SubscriberOptions) {
    this.#history = history;
    this.#options = options;
    this.#open();
  }

  /** Stops. In the history its stream stays open. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#stop();
  }

  #open(): void {
    const { name: subscriber, tenant, token, about, over, url } = this.#options;
    const afterVersion = this.#lastVersion;
    const stream = this.#history.open({ subscriber, tenant, about, afterVersion });
    const isGeneration = about?.startsWith('gen_') === true;
    const call = {
      query: (isGeneration ? GenerationStatusDocument : AvatarStatusDocument).toString(),
      variables: isGeneration
        ? { generationId: about, afterVersion }
        : { ...(about === null ? {} : { avatarId: about }), afterVersion },
    };
    let hasEnded = false;
    const end = (how: 'complete' | 'lost') => {
      if (hasEnded || this.#isStopped) return;
      hasEnded = true;
      this.#history.add({ kind: 'closed', stream, how });
      if (how === 'complete') this.isOver = true;
      if (how === 'complete') return;
      setTimeout(() => this.#isStopped || this.#open(), this.#pauseMs);
      this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
    };
    const transport = (over === 'ws' ? overWs : overSse)(`${url()}/graphql`, call, token);
    this.#stop = transport({
      next: (data) => {
        const row = Object.values(data as Record<string, AnyRow>)[0];
        if (hasEnded || this.#isStopped || row === undefined) return;
        this.#pauseMs = RECONNECT_MS;
        if (about !== null) this.#lastVersion = row.version;
        this.#history.add({ kind: 'frame', stream, row: observe(row), ids: idsIn(JSON.stringify(data)) });
      },
      // A stream of a missing or foreign row is refused for good.
      failed: (errors) =>
        end(errors.some(({ extensions }) => extensions?.['code'] === 'NOT_FOUND') ? 'complete' : 'lost'),
      ended: (without) => end(without === undefined ? 'complete' : 'lost'),
    });
  }
}
