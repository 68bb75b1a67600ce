import { Prisma } from '../../generated/prisma/client.ts';

const UNIQUE_VIOLATION = 'P2002';

export function isUniqueViolation(error: unknown): error is Prisma.PrismaClientKnownRequestError {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === UNIQUE_VIOLATION;
}

/** Whether the index is on this column; Prisma's adapter names the columns. */
export function isAbout(error: Prisma.PrismaClientKnownRequestError, column: string): boolean {
  return JSON.stringify(error.meta ?? {}).includes(column);
}

/** `again`: the row that caused the conflict is deleted by now. */
export async function untilDecided<T>(attempt: () => Promise<T | 'again'>): Promise<T> {
  for (;;) {
    const outcome = await attempt();
    if (outcome !== 'again') return outcome;
  }
}
