import type { LikenessClient, PhotoFile, UploadOptions, UploadProgress, UploadedPhoto } from './client.ts';

export type UploadState = {
  readonly isUploading: boolean;
  /** Of the latest upload; null before the first. */
  readonly progress: UploadProgress | null;
  /** Why the latest upload was refused as a whole. */
  readonly error: Error | null;
};

const IDLE: UploadState = { isUploading: false, progress: null, error: null };

/** The uploads of an avatar for React. They end with the last listener. */
export class UploadStore {
  readonly #client: LikenessClient;
  readonly #avatarId: string;
  readonly #listeners = new Set<() => void>();
  #state = IDLE;
  #controller = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: LikenessClient, avatarId: string) {
    this.#client = client;
    this.#avatarId = avatarId;
  }

  readonly initial = (): UploadState => IDLE;

  readonly state = (): UploadState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.cancel();
    };
  };

  /** Begins after the uploads under way. Never rejects: the state has the error. */
  readonly upload = (
    files: Iterable<PhotoFile>,
    options: Pick<UploadOptions, 'captionOf'> = {},
  ): Promise<readonly UploadedPhoto[]> => {
    // A page empties its file input after the event.
    const kept = [...files];
    const { signal } = this.#controller;
    const uploaded = this.#last.then(() => this.#run(kept, options, signal));
    this.#last = uploaded;
    return uploaded;
  };

  /** The promises of the uploads resolve with an empty list. */
  readonly cancel = (): void => {
    this.#controller.abort();
    this.#controller = new AbortController();
    if (this.#state.isUploading) this.#set({ isUploading: false });
  };

  async #run(
    files: readonly PhotoFile[],
    options: Pick<UploadOptions, 'captionOf'>,
    signal: AbortSignal,
  ): Promise<readonly UploadedPhoto[]> {
    if (signal.aborted) return [];
    this.#set({ isUploading: true, error: null, progress: null });
    const update = (change: Partial<UploadState>) => {
      if (!signal.aborted) this.#set(change);
    };
    try {
      const onProgress = (progress: UploadProgress) => update({ progress });
      return await this.#client.uploadPhotos(this.#avatarId, files, { ...options, onProgress, signal });
    } catch (error) {
      update({ error: error as Error });
      return [];
    } finally {
      update({ isUploading: false });
    }
  }

  #set(change: Partial<UploadState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
