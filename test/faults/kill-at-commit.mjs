// node --import: kills this process, as a power cut would, at the COMMIT of the first transaction that makes an avatar
// COMPLETED. KILL_AT=before: the database never hears of it. KILL_AT=after: once the database has answered it.
import process from 'node:process';
import pg from 'pg';

const when = process.env.KILL_AT;
if (when !== 'before' && when !== 'after') throw new Error('KILL_AT: expected before or after');

/** Connections in a transaction that has made an avatar COMPLETED. */
const doomed = new WeakSet();
const original = pg.Client.prototype.query;

pg.Client.prototype.query = function query(...args) {
  const [statement] = args;
  const sql = typeof statement === 'string' ? statement : statement.text;
  const values = (typeof statement === 'string' ? args[1] : statement.values) ?? [];
  if (/^UPDATE\b.*"avatars"/s.test(sql) && values.includes('COMPLETED')) doomed.add(this);
  if (sql === 'ROLLBACK') doomed.delete(this);
  if (sql !== 'COMMIT' || !doomed.has(this)) return Reflect.apply(original, this, args);
  if (when === 'before') kill();
  return Reflect.apply(original, this, args).then(kill);
};

function kill() {
  process.kill(process.pid, 'SIGKILL');
}
