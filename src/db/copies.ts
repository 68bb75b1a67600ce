import { join } from 'node:path';
import { removeCopy, withdrawCopy } from './copy-folders.ts';
import type { DatabaseLog } from './log.ts';

export type Copy = {
  readonly name: string;
  /** Aborted when it is taken back from its asker. */
  readonly takenBack: AbortSignal;
};

type Held = {
  readonly stop: AbortController;
  /** Settles when it is made or has failed. Never rejects. */
  readonly tried: Promise<unknown>;
  /** Undefined until it is made. */
  path: string | undefined;
};

/** The copies of a database that are made or read at present. */
export class Copies {
  readonly #held = new Set<Held>();
  readonly #dataDir: string;
  readonly #copy: (gone: AbortSignal) => Promise<string>;
  readonly #log: DatabaseLog;

  /** @param copy makes one in `dataDir` and gives its name */
  constructor(dataDir: string, copy: (gone: AbortSignal) => Promise<string>, log: DatabaseLog) {
    this.#dataDir = dataDir;
    this.#copy = copy;
    this.#log = log;
  }

  get any(): boolean {
    return this.#held.size > 0;
  }

  /** Makes one that stays until `gone` says that its asker is. */
  async make(gone: AbortSignal): Promise<Copy> {
    const stop = new AbortController();
    const made = this.#copy(AbortSignal.any([gone, stop.signal]));
    const held: Held = { stop, tried: Promise.allSettled([made]), path: undefined };
    this.#held.add(held);
    try {
      const name = await made;
      held.path = join(this.#dataDir, name);
      if (gone.aborted) void this.#remove(held);
      else gone.addEventListener('abort', () => void this.#remove(held), { once: true });
      return { name, takenBack: stop.signal };
    } catch (error) {
      this.#held.delete(held);
      throw error;
    }
  }

  /** Takes all of them away, whoever reads them: their room is needed. */
  async takeBack(reason: Error): Promise<void> {
    await this.#each(async (held) => {
      if (held.path === undefined) held.stop.abort(reason);
      await held.tried;
      if (held.path === undefined) return;
      const { path: copy, stop } = held;
      await withdrawCopy(copy, () => stop.abort(reason)).catch((err: unknown) => this.#isLeft(copy, err));
      this.#held.delete(held);
    });
  }

  /** Breaks off what is being made, and waits for that. What somebody reads stays until he has read it. */
  async end(): Promise<void> {
    await this.#each(async (held) => {
      held.stop.abort(new Error('the server ends'));
      await held.tried;
      await this.#remove(held);
    });
  }

  async #each(work: (held: Held) => Promise<void>): Promise<void> {
    await Promise.all([...this.#held].map(work));
  }

  async #remove(held: Held): Promise<void> {
    if (held.path === undefined || !this.#held.delete(held)) return;
    const { path: copy } = held;
    await removeCopy(copy, this.#log).catch((err: unknown) => this.#isLeft(copy, err));
  }

  #isLeft(copy: string, err: unknown): void {
    this.#log.warn({ err, copy }, 'A copy that was made for a backup is left; the next start removes it');
  }
}
