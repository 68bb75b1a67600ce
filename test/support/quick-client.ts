import { WebSocket } from 'ws';
import { createClient, type ClientOptions, type LikenessClient } from '../../packages/client/src/client.ts';

/**
 * Times for tests. Nothing measures them; they keep a test from waiting for what the published times would take. The
 * limits are longer than a busy machine needs; a test of a connection without an answer shortens them.
 */
const QUICK = {
  connectMs: 20_000,
  pollMs: 50,
  answerMs: 20_000,
  backoffMs: 50,
  maxBackoffMs: 500,
} as const;

/** A client of the package, with the WebSockets of `ws`, which Node 20 lacks. */
export function quickClient(url: string, options: Partial<ClientOptions> = {}): LikenessClient {
  return createClient({
    url: `${url}/graphql`,
    WebSocket,
    ...options,
    timing: { ...QUICK, ...options.timing },
  });
}
