// node --import: kills this process, as a power cut would, at the commit of the first statement that makes an avatar
// COMPLETED. KILL_AT=before: the statement was executed and is not committed. KILL_AT=after: once the database has answered.
import { EventEmitter } from 'node:events';
import process from 'node:process';

const when = process.env.KILL_AT;
if (when !== 'before' && when !== 'after') throw new Error('KILL_AT: expected before or after');

// pg is inside the server's bundle: its class is found when its first client is made.
const { init } = EventEmitter;
EventEmitter.init = function findClient(...args) {
  const prototype = clientPrototypeOf(this);
  if (prototype !== null) {
    EventEmitter.init = init;
    killAtCommit(prototype);
  }
  return Reflect.apply(init, this, args);
};

function clientPrototypeOf(object) {
  if (object === null) return null;
  const isClient = object.constructor?.name === 'Client' && Object.hasOwn(object, 'query');
  return isClient ? object : clientPrototypeOf(Object.getPrototypeOf(object));
}

function killAtCommit(prototype) {
  const original = prototype.query;

  // The pool passes the statement as an object, and a callback last.
  prototype.query = function query(...args) {
    const [{ text = '', values = [] }] = args;
    const isEnd =
      /UPDATE avatars/.test(text) && values.some((value) => String(value).includes('"COMPLETED"'));
    if (!isEnd) return Reflect.apply(original, this, args);
    if (when === 'before') original.call(this, 'BEGIN');
    return Reflect.apply(original, this, [...args.slice(0, -1), kill]);
  };
}

function kill() {
  process.kill(process.pid, 'SIGKILL');
}
