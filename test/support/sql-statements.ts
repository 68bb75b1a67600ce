import pg from 'pg';

/**
 * The SQL of every statement that is sent in this process while `work` runs, whichever client sends it. Nothing else
 * may be at work meanwhile, so the app's sweeps have to be far apart.
 */
export async function sqlStatements(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  // Both databases are reached through node-postgres; everything else (pool, Prisma) ends in this one method.
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it was, and called with its own `this`
  const original = pg.Client.prototype.query;
  function query(this: pg.Client, ...args: unknown[]): unknown {
    const [statement] = args;
    sent.push(typeof statement === 'string' ? statement : (statement as { text: string }).text);
    return Reflect.apply(original, this, args);
  }
  pg.Client.prototype.query = query as typeof original;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = original;
  }
  return sent;
}
