import { createHash } from 'node:crypto';
import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { BreakerReason, BreakerStore } from '../../fal/circuit-breaker.ts';

/**
 * Stops of submits, in the database that all instances share. A key that was refused stops those that have the same key:
 * an instance that still runs with the old one must not stop the others, which have its successor.
 */
export class PrismaBreakerStore implements BreakerStore {
  readonly #prisma: PrismaClient;
  readonly #ownReasons: Readonly<Record<BreakerReason, string>>;

  constructor(prisma: PrismaClient, key: string) {
    this.#prisma = prisma;
    const fingerprint = createHash('sha256').update(key).digest('hex').slice(0, 16);
    this.#ownReasons = {
      KEY_REFUSED: `KEY_REFUSED:${fingerprint}`,
      BALANCE_EXHAUSTED: 'BALANCE_EXHAUSTED',
    };
  }

  async isOpen(): Promise<boolean> {
    const where = { reason: { in: Object.values(this.#ownReasons) } };
    return (await this.#prisma.submitStop.findFirst({ where, select: { reason: true } })) !== null;
  }

  async stop(reason: BreakerReason, message: string): Promise<void> {
    const data = { reason: this.#ownReasons[reason], message };
    await this.#prisma.submitStop.createMany({ data, skipDuplicates: true });
  }

  /** Takes every stop away; resolves with what they were for. */
  async clear(): Promise<string[]> {
    const stops = await this.#prisma.submitStop.findMany({ select: { reason: true } });
    await this.#prisma.submitStop.deleteMany({
      where: { reason: { in: stops.map(({ reason }) => reason) } },
    });
    return stops.map(({ reason }) => reason);
  }
}
