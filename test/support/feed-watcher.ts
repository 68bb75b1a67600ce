import type { Feeds, Membership } from '../../src/live/feed.ts';
import type { FakeRow, FakeRows } from './fake-rows.ts';

export type FakeEvent = FakeRow & { readonly byteLength: number };

/** A reader with room for one event, as an iterator: each next() takes the event and makes room. */
export class FeedWatcher implements AsyncIterableIterator<FakeRow> {
  readonly #membership: Membership;
  readonly #place: Place;
  readonly #over: Promise<IteratorResult<never>>;

  private constructor(membership: Membership, place: Place) {
    this.#membership = membership;
    this.#place = place;
    this.#over = membership.next();
    this.#over.catch(() => undefined);
  }

  static async join(
    feeds: Feeds<FakeRow, FakeEvent>,
    rows: FakeRows,
    { afterVersion = 0, isLast }: { afterVersion?: number; isLast?: (row: FakeRow) => boolean } = {},
  ): Promise<FeedWatcher | null> {
    const place = new Place();
    const membership = await feeds.join(
      'a',
      { afterVersion, take: place.take, onEnd: () => undefined },
      () => ({
        listen: rows.listen,
        read: rows.readOne,
        isLast,
        isOfRowOnly: true,
        render: (row) => Promise.resolve({ ...row, byteLength: 1 }),
      }),
    );
    return membership && new FeedWatcher(membership, place);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<FakeRow, undefined>> {
    await Promise.race([this.#place.filled(), this.#over.catch(() => undefined)]);
    const event = this.#place.empty();
    if (event === null) return this.#over;
    return { done: false, value: { id: event.id, version: event.version } };
  }

  async return(): Promise<IteratorResult<FakeRow, undefined>> {
    this.#place.empty();
    return (await this.#membership.return?.()) ?? { done: true, value: undefined };
  }
}

/** Room for one event. */
class Place {
  #event: FakeEvent | null = null;
  #whenRoom: (() => void) | null = null;
  #onFilled = (): void => undefined;

  readonly take = (event: FakeEvent, whenRoom: () => void): boolean => {
    if (this.#event !== null) {
      this.#whenRoom = whenRoom;
      return false;
    }
    this.#event = event;
    this.#onFilled();
    return true;
  };

  filled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFilled = resolve;
      if (this.#event !== null) resolve();
    });
  }

  empty(): FakeEvent | null {
    const event = this.#event;
    this.#event = null;
    const whenRoom = this.#whenRoom;
    this.#whenRoom = null;
    whenRoom?.();
    return event;
  }
}
