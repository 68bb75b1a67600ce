import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { PrismaClient } from '../generated/prisma/client.ts';

/** Milliseconds: a transaction waits `maxWait` for a connection and is rolled back after `timeout`. */
const TRANSACTION_OPTIONS = { maxWait: 10_000, timeout: 10_000 };

/**
 * Prisma's client over a pool, made when it is first used: it takes a quarter of a start, and a server answers its first
 * queries without it.
 */
export function prismaOnUse(pool: pg.Pool): {
  readonly prisma: PrismaClient;
  readonly disconnect: () => Promise<void>;
} {
  let made: PrismaClient | undefined;
  const client = () =>
    (made ??= new PrismaClient({ adapter: new PrismaPg(pool), transactionOptions: TRANSACTION_OPTIONS }));
  const prisma = new Proxy({} as PrismaClient, {
    get: (_target, name) => {
      const value: unknown = Reflect.get(client(), name);
      return typeof value === 'function' ? (value.bind(client()) as unknown) : value;
    },
  });
  return { prisma, disconnect: async () => made?.$disconnect() };
}
