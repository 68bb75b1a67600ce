import type { WatchEvent, Subscribe } from '../../src/live/notifications.ts';

export type FakeRow = { readonly id: string; readonly version: number };

/** Rows to watch in memory, with the notifications of their changes and a record of every read. */
export class FakeRows {
  readonly rows = new Map<string, FakeRow>();
  readonly listeners = new Set<(event: WatchEvent) => void>();
  /** Every read: the ids that were read, or `list` for a page of all ids and versions. */
  readonly reads: (readonly string[] | 'list')[] = [];
  /** Runs at the beginning of a read. */
  onRead: () => void | Promise<void> = () => undefined;

  constructor(...rows: readonly FakeRow[]) {
    for (const row of rows) this.rows.set(row.id, row);
  }

  listen: Subscribe = (listener) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  async #begin(read: readonly string[] | 'list'): Promise<void> {
    this.reads.push(read);
    await this.onRead();
  }

  /** Reads the row `a`. */
  readOne = async (): Promise<FakeRow | null> => {
    await this.#begin(['a']);
    return this.rows.get('a') ?? null;
  };

  readMany = async (ids: readonly string[]): Promise<FakeRow[]> => {
    await this.#begin(ids);
    return [...this.rows.values()].filter(({ id }) => ids.includes(id));
  };

  list = async (afterId: string, limit: number): Promise<FakeRow[]> => {
    await this.#begin('list');
    const all = [...this.rows.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
    return all.filter(({ id }) => id > afterId).slice(0, limit);
  };

  notify(event: WatchEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Writes a version without a notification. */
  set(id: string, version: number): void {
    this.rows.set(id, { id, version });
  }

  /** Writes the next version and notifies the watchers. */
  change(id: string): void {
    this.set(id, (this.rows.get(id)?.version ?? 0) + 1);
    this.notify({ kind: 'changed', entityId: id });
  }

  remove(id: string): void {
    this.rows.delete(id);
    this.notify({ kind: 'changed', entityId: id });
  }
}
