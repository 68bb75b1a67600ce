type Row = { readonly id: string; readonly ownerId: string };

type Waiting<R> = {
  readonly ownerId: string;
  readonly id: string;
  readonly found: (row: R | null) => void;
  readonly failed: (error: unknown) => void;
};

type Find<R> = (where: {
  readonly ownerId: { readonly in: string[] };
  readonly id: { readonly in: string[] };
}) => Promise<readonly R[]>;

/** Rows in one query at most. */
const ROWS_AT_ONCE = 200;
/** Queries under way at the same time at most; what is asked for meanwhile goes into the next ones. */
const QUERIES_AT_ONCE = 2;

/**
 * Reads rows by owner and id, those that are asked for in one turn of the event loop, or while others are being read,
 * with one query. When thousands of watchers wake at once, after a restart or when news was missed, that is some hundred
 * queries instead of thousands.
 *
 * Every read begins after it was asked for, so it shows at least what was there then.
 */
export class GatheredReads<R extends Row> {
  readonly #find: Find<R>;
  #waiting: Waiting<R>[] = [];
  #underWay = 0;
  #isPlanned = false;

  /** @param find all rows with one of these owners and one of these ids */
  constructor(find: Find<R>) {
    this.#find = find;
  }

  /** The row, if it is this owner's; null otherwise. Throws what the query threw. */
  read(ownerId: string, id: string): Promise<R | null> {
    return new Promise((found, failed) => {
      this.#waiting.push({ ownerId, id, found, failed });
      this.#next();
    });
  }

  /** Begins in the next turn of the event loop: all that this turn brought in is read together. */
  #next(): void {
    if (this.#isPlanned || this.#underWay >= QUERIES_AT_ONCE || this.#waiting.length === 0) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      const together = this.#waiting.splice(0, ROWS_AT_ONCE);
      this.#underWay += 1;
      void this.#readTogether(together).finally(() => {
        this.#underWay -= 1;
        this.#next();
      });
      this.#next();
    });
  }

  async #readTogether(together: readonly Waiting<R>[]): Promise<void> {
    try {
      const rows = await this.#find({
        ownerId: { in: [...new Set(together.map(({ ownerId }) => ownerId))] },
        id: { in: [...new Set(together.map(({ id }) => id))] },
      });
      const byId = new Map(rows.map((row) => [row.id, row]));
      for (const { ownerId, id, found } of together) {
        const row = byId.get(id);
        // Another of these owners may have asked for it.
        found(row?.ownerId === ownerId ? { ...row } : null);
      }
    } catch (error) {
      for (const { failed } of together) failed(error);
    }
  }
}
