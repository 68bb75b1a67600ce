import { isLocalOrigin } from '../../src/http/origin.ts';
import type { HttpOptions } from '../../src/http/server.ts';

/** The options of startHttp on loopback for a test that uses only these parts. */
export function httpOptions(parts: Partial<HttpOptions>): HttpOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    isLocal: false,
    isAllowedOrigin: isLocalOrigin,
    socketLimits: { operationsPerSocket: 10, sockets: null, socketsPerOwner: null },
    webhook: {},
    photos: {},
    files: {},
    readiness: { database: () => Promise.resolve(), isShared: () => true, isClosing: () => false },
    metrics: { countRequest: () => undefined },
    ...parts,
  } as unknown as HttpOptions;
}
