// node --import: kills this process, as a power cut would, at the commit of the first statement that makes an avatar
// COMPLETED. KILL_AT=before: the statement was executed and is not committed. KILL_AT=after: once the database has answered.
import process from 'node:process';
import pg from 'pg';

const when = process.env.KILL_AT;
if (when !== 'before' && when !== 'after') throw new Error('KILL_AT: expected before or after');

const original = pg.Client.prototype.query;

// The pool passes the statement as an object, and a callback last.
pg.Client.prototype.query = function query(...args) {
  const [{ text = '', values = [] }] = args;
  const isEnd = /UPDATE avatars/.test(text) && values.some((value) => String(value).includes('"COMPLETED"'));
  if (!isEnd) return Reflect.apply(original, this, args);
  if (when === 'before') original.call(this, 'BEGIN');
  return Reflect.apply(original, this, [...args.slice(0, -1), kill]);
};

function kill() {
  process.kill(process.pid, 'SIGKILL');
}
