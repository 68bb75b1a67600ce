import { AvatarStatusDocument, GenerationStatusDocument } from '../../src/generated/contract/graphql.ts';
import { idsIn, type History } from './history.ts';
import { overSse } from '../support/watch-over-sse.ts';
import { overWs } from '../support/watch-over-ws.ts';
import { seenRow, type AnyRow } from './seen-row.ts';

/** The first pause before it comes again; each one after it is twice as long, until a frame arrives. */
const COME_AGAIN_MS = 200;
const LONGEST_PAUSE_MS = 2000;

export type SubscriberOptions = {
  readonly name: string;
  readonly tenant: string;
  readonly token: string;
  /** An avatar or a generation; null: all avatars of the tenant. */
  readonly about: string | null;
  readonly over: 'ws' | 'sse';
  /** Asked anew for every stream. */
  readonly graphqlUrl: () => string;
};

/** Follows something over all restarts, as a client does: after a lost stream it comes again, after a complete one not. */
export class Subscriber {
  /** It was told that nothing more will come. */
  isOver = false;
  readonly #options: SubscriberOptions;
  readonly #history: History;
  #lastVersion: number | null = null;
  #pauseMs = COME_AGAIN_MS;
  #stop: () => Promise<void> = async () => undefined;
  #isStopped = false;

  constructor(history: History, options: SubscriberOptions) {
    this.#history = history;
    this.#options = options;
    this.#open();
  }

  /** Leaves. What its stream was up to now stands in the history as it is: open. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#stop();
  }

  #open(): void {
    const { name: subscriber, tenant, token, about, over, graphqlUrl } = this.#options;
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
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    };
    const transport = (over === 'ws' ? overWs : overSse)(graphqlUrl(), call, token);
    this.#stop = transport({
      next: (data) => {
        const row = Object.values(data as Record<string, AnyRow>)[0];
        if (hasEnded || this.#isStopped || row === undefined) return;
        this.#pauseMs = COME_AGAIN_MS;
        if (about !== null) this.#lastVersion = row.version;
        this.#history.add({ kind: 'frame', stream, row: seenRow(row), ids: idsIn(JSON.stringify(data)) });
      },
      // A stream of what is not there, or is somebody else's, is refused; nothing will ever come of it.
      failed: (errors) =>
        end(errors.some(({ extensions }) => extensions?.['code'] === 'NOT_FOUND') ? 'complete' : 'lost'),
      ended: (without) => end(without === undefined ? 'complete' : 'lost'),
    });
  }
}
