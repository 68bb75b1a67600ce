// node --import: kills this process, as a power cut would, at the commit of the first statement that makes an avatar
// COMPLETED. KILL_AT=before: the statement was executed and is not committed. KILL_AT=after: once the database has answered.
import process from 'node:process';
import { makesAvatar, patchQuery } from './patch-query.mjs';

const when = process.env.KILL_AT;
if (when !== 'before' && when !== 'after') throw new Error('KILL_AT: expected before or after');

patchQuery((original) => {
  return function query(...args) {
    if (!makesAvatar('COMPLETED', args)) return Reflect.apply(original, this, args);
    if (when === 'before') original.call(this, 'BEGIN');
    return Reflect.apply(original, this, [...args.slice(0, -1), kill]);
  };
});

function kill() {
  process.kill(process.pid, 'SIGKILL');
}
