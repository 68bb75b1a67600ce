import { createServer, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { onTestFinished } from 'vitest';
import { createAuthenticate, type Authenticate } from '../../src/auth/authenticate.ts';
import { listenOnLoopback } from './loopback.ts';
import { memoryLog } from './memory-log.ts';
import type { AuthConfig } from '../../src/config/config.ts';
import type { Log } from '../../src/log/log.ts';

type Keys = Extract<AuthConfig, { kind: 'JWT' }>['keys'];

export function authenticateWith(
  keys: Keys,
  claims: { issuer?: string; audience?: string } = {},
  log: Log = memoryLog(),
  now?: () => number,
): Authenticate {
  const { issuer = null, audience = null } = claims;
  return createAuthenticate({ kind: 'JWT', keys, issuer, audience }, log, now);
}

/** A key set over HTTP whose answer the test decides, and how often it was asked for. */
export async function keySet(answer: (response: ServerResponse) => void) {
  const state = { answer, fetches: 0 };
  const server = createServer((_request, response) => {
    state.fetches += 1;
    state.answer(response);
  });
  const url = await listenOnLoopback(server);
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { jwksUrl: `${url}/jwks.json`, state, close };
}

/** The same for one test: closed after it. */
export async function keySetOfTest(answer: (response: ServerResponse) => void) {
  const { close, ...set } = await keySet(answer);
  onTestFinished(close);
  return set;
}

export async function published(alg: string, kid = alg) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { publicKey, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg }, header: { alg, kid } };
}

export function serving(...keys: readonly object[]) {
  return (response: ServerResponse) => void response.end(JSON.stringify({ keys }));
}
