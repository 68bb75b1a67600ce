import pg from 'pg';
import type { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';

type EmbeddedConnection = ReturnType<typeof createPgConfig>['connection'];
type Listener = Parameters<EmbeddedConnection['on']>[1];

/**
 * A node-postgres client class over PGlite's own bridge, for a pool of one connection.
 *
 * PGlite is one session that outlives every client. So a client starts only after the messages of the client before it
 * are all answered (a stray Sync or Execute of the old one would land in the new one's first statement), and what the
 * old one left open is undone with `resetSession`.
 */
export function embeddedClientClass(db: PGlite): new (config?: pg.ClientConfig) => pg.Client {
  let lastClient = Promise.resolve();

  return class EmbeddedClient extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      const bridge = createPgConfig(db);
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

/** Ends what a former client left in the session: transaction, prepared statements, settings, locks. */
export async function resetSession(client: pg.ClientBase): Promise<void> {
  await client.query('ROLLBACK');
  await client.query('DISCARD ALL');
}

/**
 * Prisma's adapter names its result parsers in a query's `types`. node-postgres hands that field on to the Parse
 * message, whose `types` are parameter types in a list; its own connection overlooks the mix-up, the bridge throws.
 */
function leaveTypesToPostgres(connection: EmbeddedConnection): void {
  const parse = connection.parse.bind(connection);
  connection.parse = (query: { name?: string; text: string }) => {
    parse({ name: query.name, text: query.text });
  };
}

/**
 * Makes the bridge wait for its turn, and end as a socket does: pg's own 'end' listener hears it and fails what was
 * still unanswered (the bridge drops that listener, which would leave such a query waiting for ever).
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
