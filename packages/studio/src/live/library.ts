import {
  GenerationsDocument,
  LikenessError,
  type Avatar,
  type Change,
  type Generation as ClientGeneration,
  type LikenessClient,
} from '@likeness/client';
import { Observable } from './observable.ts';
import type { Session } from '../session/session.ts';

/** A generation with its avatar. */
export type Generation = ClientGeneration & { readonly avatarId: string };

/** How much of an avatar's list of generations is loaded. */
export type Shelf = {
  readonly total: number | null;
  readonly next: string | null;
  readonly isLoading: boolean;
};

export type LibraryState = {
  /** `loading` until the list is loaded; `failed` if it cannot be read. */
  readonly phase: 'loading' | 'ready' | 'failed';
  readonly failure: Error | null;
  readonly avatars: ReadonlyMap<string, Avatar>;
  /** Cursor of the next page of avatars; null: all are loaded. */
  readonly next: string | null;
  readonly generations: ReadonlyMap<string, Generation>;
  readonly shelves: ReadonlyMap<string, Shelf>;
  /** Null before the first connection. */
  readonly isConnected: boolean | null;
};

const AVATARS_PER_PAGE = 40;
const GENERATIONS_PER_PAGE = 24;
const RETRY_MS = 4000;

const EMPTY: LibraryState = {
  phase: 'loading',
  failure: null,
  avatars: new Map(),
  next: null,
  generations: new Map(),
  shelves: new Map(),
  isConnected: null,
};

/** The avatars and generations of the user, kept up to date by one subscription. */
export class Library extends Observable<LibraryState> {
  readonly #client: LikenessClient;
  readonly #session: Session;
  /** A page that was read before a deletion must not bring the row back. */
  readonly #deleted = new Set<string>();
  #cursor: string | null = null;

  constructor(client: LikenessClient, session: Session) {
    super(EMPTY);
    this.#client = client;
    this.#session = session;
  }

  /** Follows all changes while the page is open. The client reconnects by itself. */
  async follow(): Promise<never> {
    for (;;) {
      try {
        const changes = this.#client.watchChanges({
          ...(this.#cursor === null ? {} : { after: this.#cursor }),
          onConnection: (transport) => this.change({ isConnected: transport !== null }),
        });
        for await (const change of changes) {
          this.#apply(change);
          this.#cursor = change.cursor;
          if (change.__typename === 'CaughtUp' && this.get().phase !== 'ready') await this.load();
        }
      } catch (error) {
        if (!(error instanceof LikenessError)) throw error;
        if (error.code === 'UNAUTHENTICATED') this.#session.refuse();
        else if (error.code === 'CURSOR_EXPIRED') this.#startAgain();
        else {
          this.change({ isConnected: false });
          if (this.get().phase === 'loading') this.change({ phase: 'failed', failure: error });
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    }
  }

  /** Reads the first page of avatars with their newest generations. */
  async load(): Promise<void> {
    try {
      await this.#loadAvatars(null);
      this.change({ phase: 'ready', failure: null });
    } catch (error) {
      if (this.get().phase !== 'ready') this.change({ phase: 'failed', failure: error as Error });
    }
  }

  async loadMoreAvatars(): Promise<void> {
    const { next } = this.get();
    if (next !== null) await this.#loadAvatars(next);
  }

  /** Reads an avatar that is on no loaded page. */
  async loadAvatar(id: string): Promise<boolean> {
    const avatar = await this.call(() => this.#client.avatar(id));
    if (avatar !== null) this.putAvatar(avatar);
    return avatar !== null;
  }

  /** Reads the next page of generations of an avatar. */
  async loadGenerations(avatarId: string): Promise<void> {
    const shelf = this.get().shelves.get(avatarId);
    if (shelf?.isLoading === true || shelf?.next === null) return;
    const { next = null, total = null } = shelf ?? {};
    this.#setShelf(avatarId, { next, total, isLoading: true });
    try {
      const page = { avatarId, first: GENERATIONS_PER_PAGE, after: next };
      const { generations } = await this.call(() => this.#client.query(GenerationsDocument, page));
      for (const { node } of generations.edges) this.putGeneration({ ...node, avatarId });
      const { hasNextPage, endCursor } = generations.pageInfo;
      this.#setShelf(avatarId, {
        next: hasNextPage ? (endCursor ?? null) : null,
        total: generations.totalCount,
        isLoading: false,
      });
    } catch (error) {
      const shelves = new Map(this.get().shelves);
      shelves.delete(avatarId);
      this.change({ shelves });
      throw error;
    }
  }

  /** Reads a generation again, because the addresses of its images expire after one to two hours. */
  async refreshGeneration({ id, avatarId }: Pick<Generation, 'id' | 'avatarId'>): Promise<void> {
    const generation = await this.call(() => this.#client.generation(id));
    if (generation === null) this.removeGeneration(id);
    else this.change({ generations: new Map(this.get().generations).set(id, { ...generation, avatarId }) });
  }

  /** Repeats a call that was refused for its token, after the next sign-in. */
  async call<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof LikenessError && error.code === 'UNAUTHENTICATED')) throw error;
        if (!this.#session.needsToken) throw error;
        this.#session.refuse();
      }
    }
  }

  putAvatar(avatar: Avatar): void {
    const known = this.get().avatars.get(avatar.id);
    if (this.#deleted.has(avatar.id) || (known?.version ?? -1) >= avatar.version) return;
    this.change({ avatars: new Map(this.get().avatars).set(avatar.id, avatar) });
  }

  putGeneration(generation: Generation): void {
    const known = this.get().generations.get(generation.id);
    if (this.#deleted.has(generation.id) || (known?.version ?? -1) >= generation.version) return;
    this.change({ generations: new Map(this.get().generations).set(generation.id, generation) });
  }

  removeAvatar(id: string): void {
    this.#deleted.add(id);
    const avatars = new Map(this.get().avatars);
    avatars.delete(id);
    const generations = new Map([...this.get().generations].filter(([, { avatarId }]) => avatarId !== id));
    this.change({ avatars, generations });
  }

  removeGeneration(id: string): void {
    this.#deleted.add(id);
    const generations = new Map(this.get().generations);
    generations.delete(id);
    this.change({ generations });
  }

  async #loadAvatars(after: string | null): Promise<void> {
    const page = await this.call(() => this.#client.avatars({ first: AVATARS_PER_PAGE, after }));
    for (const { node } of page.edges) {
      const { generations, ...avatar } = node;
      this.putAvatar(avatar);
      for (const edge of generations.edges) this.putGeneration({ ...edge.node, avatarId: avatar.id });
    }
    const { hasNextPage, endCursor } = page.pageInfo;
    this.change({ next: hasNextPage ? (endCursor ?? null) : null });
  }

  #apply(change: Change): void {
    switch (change.__typename) {
      case 'AvatarChanged': {
        this.putAvatar(change.avatar);
        return;
      }
      case 'AvatarDeleted': {
        this.removeAvatar(change.avatarId);
        return;
      }
      case 'GenerationChanged': {
        const { avatar, ...generation } = change.generation;
        this.putGeneration({ ...generation, avatarId: avatar.id });
        return;
      }
      case 'GenerationDeleted': {
        this.removeGeneration(change.generationId);
        return;
      }
      case 'CaughtUp':
    }
  }

  #startAgain(): void {
    this.#cursor = null;
    this.change({ ...EMPTY, isConnected: this.get().isConnected });
  }

  #setShelf(avatarId: string, shelf: Shelf): void {
    this.change({ shelves: new Map(this.get().shelves).set(avatarId, shelf) });
  }
}

/** Newest first. */
export function newestFirst<Row extends { readonly id: string; readonly createdAt: string }>(
  rows: Iterable<Row>,
): Row[] {
  return [...rows].sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
}
