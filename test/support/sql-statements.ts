import { AsyncLocalStorage } from 'node:async_hooks';
import { Server } from 'node:http';
import pg from 'pg';

/** Set while this process handles an HTTP request; the server's own loops run outside. */
const handling = new AsyncLocalStorage<true>();

type Statement = { readonly text: string; readonly values: readonly unknown[] };
type Listener = (statement: Statement, isOfRequest: boolean) => void;
const listeners = new Set<Listener>();

/* eslint-disable @typescript-eslint/unbound-method -- both are called with their own `this` */
const emit = Server.prototype.emit;
Server.prototype.emit = function (this: Server, ...args: [string, ...unknown[]]) {
  const pass = () => Reflect.apply(emit, this, args) as boolean;
  return args[0] === 'request' ? handling.run(true, pass) : pass();
} as typeof emit;

/**
 * What a request may cause or not: published notifications are deleted later, those of many requests at once, and a
 * connection is opened when the server's own loops use the others.
 */
const isIncidental = (sql: string) =>
  sql.includes('DELETE FROM announcements') || sql === "SET TIME ZONE 'UTC'";

// Both databases are reached through node-postgres, and every statement ends in this method. It is wrapped when this
// file is loaded, because a pool may keep the method it found when it connected.
const original = pg.Client.prototype.query;
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]): unknown {
  const [query, values = []] = args as [string | { text: string; values?: unknown[] }, unknown[] | undefined];
  const statement =
    typeof query === 'string' ? { text: query, values } : { text: query.text, values: query.values ?? [] };
  for (const listener of listeners) listener(statement, handling.getStore() === true);
  return Reflect.apply(original, this, args);
} as typeof original;
/* eslint-enable */

/**
 * Calls `listener` with every statement of this process, until the function that it returns is called. Load this file
 * before the app starts.
 */
export function listenToStatements(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * The SQL of every statement that HTTP requests cause in this process during `work`.
 *
 * @throws when there is none: then the database was not asked
 */
export async function sqlStatements(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  const stop = listenToStatements(({ text }, isOfRequest) => {
    if (isOfRequest && !isIncidental(text)) sent.push(text);
  });
  await work().finally(stop);
  if (sent.length === 0) throw new Error('No statement was seen');
  return sent;
}
