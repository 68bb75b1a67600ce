import { setImmediate as turn } from 'node:timers/promises';
import { Consumer, RESYNC_INTERVAL_MS } from './watch.ts';
import type { Subscribe } from './notifications.ts';

/** Members served before the event loop gets a turn: some 10 ms. */
const MEMBERS_PER_TURN = 500;
/** In bytes. A larger event is kept only until every member has it. */
const MAX_KEPT_BYTES = 4000;

type Versioned = { readonly version: number };
type Sized = { readonly byteLength: number };

export type FeedSource<Row, Event> = {
  readonly listen: Subscribe;
  readonly read: () => Promise<Row | null>;
  readonly isLast?: ((row: Row) => boolean) | undefined;
  readonly render: (row: Row) => Promise<Event>;
  /** Whether the event depends on the row alone, so that it can be given again while the version is the same. */
  readonly isOfRowOnly: boolean;
};

type FeedReader<Event> = {
  readonly afterVersion: number;
  /** Takes an event at once. Without room it returns false, and calls `whenRoom` once it has room. */
  readonly take: (event: Event, whenRoom: () => void) => boolean;
  /** Called once: when the membership ends, or if none begins. */
  readonly onEnd: () => void;
};

/** Gives nothing. It ends with the membership, and its return() ends the membership. */
export type Membership = AsyncIterableIterator<never>;

/** Feeds by a key of everything that their events depend on. */
export class Feeds<Row extends Versioned, Event extends Sized> {
  readonly #feeds = new Map<string, Feed<Row, Event>>();

  /** Resolves after a read, with null if there is no such row. Rejects if the read fails. */
  join(
    key: string,
    reader: FeedReader<Event>,
    source: () => FeedSource<Row, Event>,
  ): Promise<Membership | null> {
    const known = this.#feeds.get(key);
    if (known !== undefined) return known.join(reader);
    const opened = new Feed(source(), () => {
      if (this.#feeds.get(key) === opened) this.#feeds.delete(key);
    });
    this.#feeds.set(key, opened);
    return opened.join(reader);
  }

  get size(): number {
    return this.#feeds.size;
  }
}

/**
 * watchRow for many members: the row is read once after each change, rendered once, and given to each of them. A member
 * without room gets the newest event once it has room. So that a member's first event is no older than its joining, it
 * waits for a read that begins later.
 */
class Feed<Row extends Versioned, Event extends Sized> {
  readonly #source: FeedSource<Row, Event>;
  /** Called when it takes no more members; may be called again. */
  readonly #onClosed: () => void;
  readonly #consumer = new Consumer();
  readonly #members = new Set<Member<Event>>();
  readonly #joining: Joining<Event>[] = [];
  /** Of the row that all members have been given. */
  #version = -1;
  #newest: { readonly version: number; readonly event: Event; readonly isLast: boolean } | null = null;

  constructor(source: FeedSource<Row, Event>, onClosed: () => void) {
    this.#source = source;
    this.#onClosed = onClosed;
    void this.#run();
  }

  join(reader: FeedReader<Event>): Promise<Membership | null> {
    const { changed } = this.#consumer;
    const stopListening = this.#source.listen(({ kind }) => {
      if (kind === 'closing') this.#consumer.leave();
      else changed.notify();
    });
    const member = new Member(reader, () => {
      reader.onEnd();
      stopListening();
      this.#members.delete(member);
      this.#forgetLarge();
      if (this.#members.size === 0 && this.#joining.length === 0) this.#close();
    });
    return new Promise((resolve, reject) => {
      this.#joining.push({ member, resolve, reject });
      changed.notify();
    });
  }

  async #run(): Promise<void> {
    const consumer = this.#consumer;
    try {
      for (;;) {
        await consumer.changed.wait(RESYNC_INTERVAL_MS);
        if (consumer.hasLeft()) break;
        const joined: Member<Event>[] = [];
        const row = await consumer.read(() => this.#read(joined));
        if (row === null || consumer.hasLeft()) break;
        await this.#give(row, joined);
      }
      this.#end(null);
    } catch (error) {
      this.#end(error as Error);
    }
  }

  /** @param joined gets the members whose first read this is */
  async #read(joined: Member<Event>[]): Promise<Row | null> {
    // They stay in line, so that the feed does not close when its last member leaves during the read.
    const count = this.#joining.length;
    try {
      const row = await this.#source.read();
      // If the server closed during the read, the row may exist.
      const isMissing = row === null && !this.#consumer.hasLeft();
      for (const { member, resolve } of this.#joining.splice(0, count)) {
        if (isMissing) member.end();
        else {
          this.#members.add(member);
          joined.push(member);
        }
        resolve(isMissing ? null : member);
      }
      return row;
    } catch (error) {
      // Others may join a new feed, whose first read is not retried either.
      this.#onClosed();
      for (const { member, reject } of this.#joining.splice(0, count)) {
        reject(error);
        member.end();
      }
      throw error;
    }
  }

  async #give(row: Row, joined: readonly Member<Event>[]): Promise<void> {
    const { render, isOfRowOnly, isLast } = this.#source;
    const { version } = row;
    // A read that only newcomers caused costs nothing for each of the others.
    const receivers = version > this.#version ? this.#members : joined;
    const isEnd = isLast?.(row) === true;
    const isKept = this.#newest?.version === version && isOfRowOnly;
    if (!isKept && [...receivers].some(({ seen }) => seen < version))
      this.#newest = { version, event: await render(row), isLast: isEnd };
    this.#version = version;
    let count = 0;
    for (const member of receivers) {
      if (!member.isBehind) this.#offer(member);
      if (isEnd && member.seen >= version) member.end();
      if (++count % MEMBERS_PER_TURN === 0) await turn();
    }
    this.#forgetLarge();
  }

  #offer(member: Member<Event>): void {
    const newest = this.#newest;
    if (newest === null || member.isOver) return;
    if (member.seen < newest.version) {
      member.isBehind = !member.take(newest.event, () => {
        member.isBehind = false;
        this.#offer(member);
        this.#forgetLarge();
      });
      if (member.isBehind) return;
      member.seen = newest.version;
    }
    if (newest.isLast) member.end();
  }

  #forgetLarge(): void {
    const newest = this.#newest;
    if (newest === null || newest.event.byteLength <= MAX_KEPT_BYTES) return;
    for (const { seen } of this.#members) if (seen < newest.version) return;
    this.#newest = null;
  }

  #close(): void {
    this.#consumer.leave();
    this.#onClosed();
  }

  /** The row is deleted, the server closes, all members have left, or the row cannot be read. */
  #end(error: Error | null): void {
    const isMissing = error === null && !this.#consumer.hasLeft();
    this.#close();
    for (const { member, resolve } of this.#joining.splice(0)) {
      member.end(error);
      resolve(isMissing ? null : member);
    }
    for (const member of this.#members) member.end(error);
  }
}

type Joining<Event> = {
  readonly member: Member<Event>;
  readonly resolve: (member: Member<Event> | null) => void;
  readonly reject: (error: unknown) => void;
};

class Member<Event> implements Membership {
  seen: number;
  isBehind = false;
  readonly take: FeedReader<Event>['take'];
  readonly #onOver: () => void;
  #over: { readonly error: Error | null } | null = null;
  #tell: ((error: Error | null) => void) | null = null;

  constructor({ afterVersion, take }: FeedReader<Event>, onOver: () => void) {
    this.seen = afterVersion;
    this.take = take;
    this.#onOver = onOver;
  }

  get isOver(): boolean {
    return this.#over !== null;
  }

  /** Safe to call again. */
  end(error: Error | null = null): void {
    if (this.#over !== null) return;
    this.#over = { error };
    this.#onOver();
    this.#tell?.(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<never, undefined>> {
    return new Promise((resolve, reject) => {
      this.#tell = (error) => (error === null ? resolve({ done: true, value: undefined }) : reject(error));
      if (this.#over !== null) this.#tell(this.#over.error);
    });
  }

  return(): Promise<IteratorResult<never, undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }
}
