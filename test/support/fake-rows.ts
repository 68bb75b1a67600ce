import type { Subscribe, RowNews } from '../../src/live/watch.ts';

export type FakeRow = { readonly id: string; readonly version: number };

/** Rows to watch, with the news of their changes, and what a watcher did with both. */
export class FakeRows {
  readonly books = new Map<string, FakeRow>();
  readonly listeners = new Set<(news: RowNews) => void>();
  /** Every read in order: the ids that were asked for, or `all` for a page of the standings of all. */
  readonly reads: (readonly string[] | 'all')[] = [];
  /** Called when a read begins, before it looks. */
  onRead: () => void | Promise<void> = () => undefined;

  constructor(...books: readonly FakeRow[]) {
    for (const book of books) this.books.set(book.id, book);
  }

  listen: Subscribe = (onNews) => {
    this.listeners.add(onNews);
    return () => void this.listeners.delete(onNews);
  };

  async #begin(wanted: readonly string[] | 'all'): Promise<void> {
    this.reads.push(wanted);
    await this.onRead();
  }

  readOne = async (): Promise<FakeRow | null> => {
    await this.#begin(['a']);
    return this.books.get('a') ?? null;
  };

  readMany = async (ids: readonly string[]): Promise<FakeRow[]> => {
    await this.#begin(ids);
    return [...this.books.values()].filter(({ id }) => ids.includes(id));
  };

  list = async (afterId: string, limit: number): Promise<FakeRow[]> => {
    await this.#begin('all');
    const all = [...this.books.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
    return all.filter(({ id }) => id > afterId).slice(0, limit);
  };

  tell(news: RowNews): void {
    for (const listener of this.listeners) listener(news);
  }

  /** A row gets a new version and everyone hears of it. */
  change(id: string): void {
    this.books.set(id, { id, version: (this.books.get(id)?.version ?? 0) + 1 });
    this.tell({ kind: 'changed', entityId: id });
  }

  remove(id: string): void {
    this.books.delete(id);
    this.tell({ kind: 'changed', entityId: id });
  }
}

/** What a step of a watcher brought; undefined at the end. */
export async function bookIn(
  step: Promise<IteratorResult<FakeRow, undefined>>,
): Promise<FakeRow | undefined> {
  return (await step).value;
}

export async function versionIn(
  step: Promise<IteratorResult<FakeRow, undefined>>,
): Promise<number | undefined> {
  return (await bookIn(step))?.version;
}
