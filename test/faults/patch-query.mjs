import { EventEmitter } from 'node:events';

/**
 * Replaces the method that sends statements: pg is inside the server's bundle, so its class is found when its first client
 * is made. The pool passes a statement as an object, and a callback last.
 *
 * @param {(original: Function) => Function} replacementOf
 */
export function patchQuery(replacementOf) {
  const { init } = EventEmitter;
  EventEmitter.init = function findClient(...args) {
    const prototype = clientPrototypeOf(this);
    if (prototype !== null) {
      EventEmitter.init = init;
      prototype.query = replacementOf(prototype.query);
    }
    return Reflect.apply(init, this, args);
  };
}

function clientPrototypeOf(object) {
  if (object === null) return null;
  // The bundle may have renamed the class.
  const isClient = ['query', 'setTypeParser'].every((method) => Object.hasOwn(object, method));
  return isClient ? object : clientPrototypeOf(Object.getPrototypeOf(object));
}

/** Whether a statement gives an avatar this status. */
export function makesAvatar(status, [{ text = '', values = [] }]) {
  return /UPDATE avatars/.test(text) && values.some((value) => String(value).includes(`"${status}"`));
}
