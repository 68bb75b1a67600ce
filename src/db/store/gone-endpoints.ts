import { createHmac } from 'node:crypto';
import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { GoneEndpoints } from '../../jobs/default-trainers.ts';

/** The endpoints that fal has retired, by FAL_KEY, in the database that all instances share. */
export class PrismaGoneEndpoints implements GoneEndpoints {
  readonly #prisma: PrismaClient;
  readonly #keyHash: string;

  constructor(prisma: PrismaClient, key: string) {
    this.#prisma = prisma;
    this.#keyHash = createHmac('sha256', key).update('gone endpoints').digest('hex');
  }

  async isGone(endpoint: string): Promise<boolean> {
    // Not one of the future, which was written before the clock was put back.
    const rows = await this.#prisma.$queryRaw<object[]>`
      SELECT 1 FROM gone_endpoints WHERE key_hash = ${this.#keyHash} AND endpoint = ${endpoint}
        AND said_at BETWEEN now() - interval '1 day' AND now() + interval '1 minute'`;
    return rows.length > 0;
  }

  async remember(endpoint: string): Promise<void> {
    await this.#prisma.$executeRaw`
      INSERT INTO gone_endpoints (key_hash, endpoint) VALUES (${this.#keyHash}, ${endpoint})
      ON CONFLICT (key_hash, endpoint) DO UPDATE SET said_at = now()`;
  }
}
