import pg from 'pg';
import type { PGlite } from '@electric-sql/pglite';
import { PGlitePgConfig } from '@electric-sql/pglite/node-postgres';

type EmbeddedConnection = PGlitePgConfig['connection'];
type Listener = Parameters<EmbeddedConnection['on']>[1];

/**
 * A node-postgres client class over PGlite's own bridge, for a pool of one connection.
 *
 * PGlite is one session that outlives every client. A client starts when all messages of the previous one are answered
 * (a late Sync or Execute would become part of its first statement), and `resetSession` undoes what the previous one
 * left open.
 */
export function embeddedClientClass(db: PGlite): new (config?: pg.ClientConfig) => pg.Client {
  let lastClient = Promise.resolve();

  return class EmbeddedClient extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      const bridge = new PGlitePgConfig({ pglite: db });
      leaveTypesToPostgres(bridge.connection);
      takeTurns(bridge.connection, () => {
        const before = lastClient;
        let finished = (): void => undefined;
        lastClient = Promise.all([before, new Promise<void>((resolve) => (finished = resolve))]).then(
          () => undefined,
        );
        return { before, finished };
      });
      super(Object.assign({}, config, bridge));
    }
  };
}

/** Ends a previous client's transaction, prepared statements, settings and locks. */
export async function resetSession(client: pg.ClientBase): Promise<void> {
  await client.query('ROLLBACK');
  await client.query('DISCARD ALL');
}

/**
 * Prisma's adapter puts result parsers into a query's `types`. node-postgres passes that field on to the Parse message,
 * where `types` is a list of parameter types; its own connection tolerates that, the bridge throws.
 */
function leaveTypesToPostgres(connection: EmbeddedConnection): void {
  const parse = connection.parse.bind(connection);
  connection.parse = (query: { name?: string; text: string }) => {
    parse({ name: query.name, text: query.text });
  };
}

/**
 * Makes the bridge wait for its turn, and end like a socket: pg's own 'end' listener fails the unanswered queries (the
 * bridge drops that listener, and such a query would wait for ever).
 */
function takeTurns(
  connection: EmbeddedConnection,
  takeTurn: () => { before: Promise<void>; finished: () => void },
): void {
  const connect = connection.connect.bind(connection);
  const end = connection.end.bind(connection);
  let finished = (): void => undefined;
  let ended = false;

  connection.connect = async (port, host) => {
    const turn = takeTurn();
    finished = turn.finished;
    connection._connecting = true;
    await turn.before;
    await connect(port, host);
  };

  connection.end = () => {
    if (ended) return;
    ended = true;
    const endListeners = connection.rawListeners('end') as Listener[];
    end(); // drops every listener now, emits 'end' once all that was sent has been answered
    connection.on('error', () => undefined);
    connection.once('end', () => {
      finished();
    });
    for (const listener of endListeners) connection.once('end', listener);
  };
}
