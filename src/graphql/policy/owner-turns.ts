type Turns = { running: number; readonly waiting: { readonly cost: number; readonly begin: () => void }[] };

/** Waiting operations of one owner; each keeps its request in memory. */
export const MAX_WAITING = 100;

/**
 * Limits the total cost of one owner's concurrent operations, so that they do not delay other owners. Further operations
 * wait in order. An operation above the limit runs alone.
 */
export class OwnerTurns {
  readonly #atOnce: number;
  readonly #owners = new Map<string, Turns>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Returns the result of the work, or `full` without starting it if too many operations wait. */
  async run<T>(
    ownerId: string,
    cost: number,
    work: () => T | Promise<T>,
  ): Promise<{ readonly done: T } | 'full'> {
    const turns = this.#owners.get(ownerId) ?? { running: 0, waiting: [] };
    this.#owners.set(ownerId, turns);
    if (turns.waiting.length > 0 || !this.#fits(turns, cost)) {
      if (turns.waiting.length >= MAX_WAITING) return 'full';
      await new Promise<void>((begin) => turns.waiting.push({ cost, begin }));
    } else {
      turns.running += cost;
    }
    try {
      return { done: await work() };
    } finally {
      turns.running -= cost;
      this.#beginNext(turns);
      if (turns.running === 0 && turns.waiting.length === 0) this.#owners.delete(ownerId);
    }
  }

  #fits({ running }: Turns, cost: number): boolean {
    return running === 0 || running + cost <= this.#atOnce;
  }

  #beginNext(turns: Turns): void {
    for (
      let next = turns.waiting[0];
      next !== undefined && this.#fits(turns, next.cost);
      next = turns.waiting[0]
    ) {
      turns.waiting.shift();
      turns.running += next.cost;
      next.begin();
    }
  }
}
