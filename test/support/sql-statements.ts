import pg from 'pg';

const recordings = new Set<string[]>();

// Both databases are reached through node-postgres, and everything else (pool, Prisma) ends in this one method. It is
// wrapped when this file is loaded, because whoever opens a connection may keep the method it found there.
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this`
const original = pg.Client.prototype.query;
function query(this: pg.Client, ...args: unknown[]): unknown {
  const [statement] = args;
  const sql = typeof statement === 'string' ? statement : (statement as { text: string }).text;
  for (const recording of recordings) recording.push(sql);
  return Reflect.apply(original, this, args);
}
pg.Client.prototype.query = query as typeof original;

/**
 * The SQL of every statement that is sent in this process while `work` runs, whichever client sends it, without the
 * query for announcements to publish, which is sent every second. Nothing else may be at work, so the app's other
 * sweeps have to be far apart. To be loaded before the app is started.
 *
 * @throws when there was none at all: then it is not the database that was asked
 */
export async function sqlStatements(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  recordings.add(sent);
  try {
    await work();
  } finally {
    recordings.delete(sent);
  }
  if (sent.length === 0) throw new Error('No statement was seen');
  return sent.filter((sql) => !sql.includes('announcements'));
}
