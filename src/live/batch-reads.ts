import DataLoader from 'dataloader';

type Row = { readonly id: string; readonly ownerId: string };
type Wanted = { readonly ownerId: string; readonly id: string };

type Find<R> = (where: {
  readonly ownerId: { readonly in: string[] };
  readonly id: { readonly in: string[] };
}) => Promise<readonly R[]>;

/** Reads in one query at most. */
const READS_AT_ONCE = 200;
/** Queries under way at the same time at most; what is asked for meanwhile goes into the next ones. */
const QUERIES_AT_ONCE = 2;

/**
 * A batch loader of rows by owner and id: one query for all reads of one turn of the event loop, and of the time until
 * the database is free for it. When thousands of watchers wake at once, after a restart or when news was missed, that
 * is some ten queries instead of thousands.
 *
 * Every read begins after it was asked for and nothing is cached, so it shows at least what was there then.
 */
export class BatchReads<R extends Row> {
  readonly #find: Find<R>;
  readonly #loader: DataLoader<Wanted, R | null>;
  /** Batches whose turn has passed and that wait for another query to end; reads still join the last one. */
  readonly #ready: (() => void)[] = [];
  #underWay = 0;

  /** @param find all rows with one of these owners and one of these ids */
  constructor(find: Find<R>) {
    this.#find = find;
    this.#loader = new DataLoader((wanted) => this.#readTogether(wanted), {
      cache: false,
      maxBatchSize: READS_AT_ONCE,
      // The default would take what one callback asks for; the sockets of a crowd have a callback each.
      batchScheduleFn: (dispatch) =>
        void setImmediate(() => {
          this.#ready.push(dispatch);
          this.#next();
        }),
    });
  }

  /** The row, if it is this owner's; null otherwise. Throws what the query threw. */
  read(ownerId: string, id: string): Promise<R | null> {
    return this.#loader.load({ ownerId, id });
  }

  /** DataLoader knows no limit of batches under way. */
  #next(): void {
    if (this.#underWay < QUERIES_AT_ONCE) this.#ready.shift()?.();
  }

  async #readTogether(wanted: readonly Wanted[]): Promise<(R | null)[]> {
    this.#underWay += 1;
    try {
      const rows = await this.#find({
        ownerId: { in: [...new Set(wanted.map(({ ownerId }) => ownerId))] },
        id: { in: [...new Set(wanted.map(({ id }) => id))] },
      });
      const byId = new Map(rows.map((row) => [row.id, row]));
      return wanted.map(({ ownerId, id }) => {
        const row = byId.get(id);
        // Another of these owners may have asked for it.
        return row?.ownerId === ownerId ? { ...row } : null;
      });
    } finally {
      this.#underWay -= 1;
      this.#next();
    }
  }
}
