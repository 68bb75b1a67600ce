type Turns = { running: number; readonly waiting: { readonly cost: number; readonly begin: () => void }[] };

/**
 * Keeps one owner's costly operations from holding up everybody else: what runs at the same time may cost so much, and
 * the rest waits in the order in which it came. An operation that costs more than that runs alone.
 */
export class OwnerTurns {
  readonly #atOnce: number;
  readonly #owners = new Map<string, Turns>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  async run<T>(ownerId: string, cost: number, work: () => T | Promise<T>): Promise<T> {
    const turns = this.#owners.get(ownerId) ?? { running: 0, waiting: [] };
    this.#owners.set(ownerId, turns);
    if (turns.waiting.length > 0 || !this.#fits(turns, cost)) {
      await new Promise<void>((begin) => turns.waiting.push({ cost, begin }));
    } else {
      turns.running += cost;
    }
    try {
      return await work();
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
