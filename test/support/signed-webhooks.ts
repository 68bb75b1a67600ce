import { createServer } from 'node:http';
import { exchange } from './http-exchange.ts';
import { okFor, type HeldTraining } from './runs-at-fal.ts';
import { listenOnLoopback } from './loopback.ts';
import { randomBytes, randomUUID } from 'node:crypto';
import { headersOf, newSigner, signatureOf, type Signer } from './signing.ts';
import { startTestApp, type TestApp } from './test-app.ts';
import { NEVER_POLL } from './test-simulator.ts';

/** A key set of the test's own, so that it can sign whatever it likes, and see how often the keys are fetched. */
export type OwnKeySet = {
  readonly url: string;
  readonly signer: Signer;
  readonly fetches: () => number;
  /** The keys to answer with from now on, as base64url. */
  readonly serve: (...keys: readonly string[]) => void;
  /** From now on answers wait until the function that is returned is called. */
  readonly hold: () => () => void;
  readonly close: () => void;
};

export async function ownKeySet(): Promise<OwnKeySet> {
  const signer = newSigner();
  let served: readonly string[] = [signer.x];
  let fetches = 0;
  let held = Promise.resolve();
  const server = createServer((_request, response) => {
    fetches += 1;
    void held.then(() => {
      const keys = served.map((x) => ({ kty: 'OKP', crv: 'Ed25519', x }));
      response.end(JSON.stringify({ keys }));
    });
  });
  return {
    url: `${await listenOnLoopback(server)}/jwks.json`,
    signer,
    fetches: () => fetches,
    serve: (...keys) => void (served = keys),
    hold: () => {
      let release: (() => void) | undefined;
      held = new Promise((resolve) => (release = resolve));
      return () => release?.();
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** An app that finds nothing by polling, believes one account of fal, and has its keys from a set of the test's own. */
export async function appWithOwnKeys(): Promise<{
  readonly app: TestApp;
  readonly keys: OwnKeySet;
  readonly deliver: (webhook: Webhook) => Promise<number>;
  readonly close: () => Promise<void>;
}> {
  const keys = await ownKeySet();
  const app = await startTestApp({
    env: { ...NEVER_POLL, FAL_ACCOUNT_ID: 'our-account', FAL_JWKS_URL: keys.url },
    simulator: { accountId: 'our-account' },
  });
  const close = async () => {
    await app.close();
    keys.close();
  };
  return { app, keys, deliver: (webhook) => post(signedWebhook(webhook, keys.signer)), close };
}

type Webhook = {
  readonly url: string;
  readonly requestId: string;
  readonly body: Uint8Array | string | object;
  readonly userId?: string;
  /** Seconds from now at which it was signed. */
  readonly shiftSeconds?: number;
  /** In place of the right one. */
  readonly signature?: string;
};

export type SignedWebhook = {
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
};

/** The request that fal would send: the same one can be sent again and again, byte for byte. */
export function signedWebhook(webhook: Webhook, signer: Signer): SignedWebhook {
  const { url, requestId, body, userId = 'our-account', shiftSeconds = 0, signature } = webhook;
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const timestamp = String(Math.floor(Date.now() / 1000) + shiftSeconds);
  const signed = { requestId, userId, timestamp, body: bytes };
  return { url, headers: headersOf(signed, signature ?? signatureOf(signed, signer)), body: bytes };
}

/** Sends it and gives the answer's status. */
export async function post({ url, headers, body }: SignedWebhook, signal?: AbortSignal): Promise<number> {
  return (await exchange(url, { headers: Object.fromEntries(headers), body, signal })).status;
}

/** That this run has succeeded. */
export function aboutEnd({ url, requestId }: HeldTraining): Webhook {
  return { url, requestId, body: okFor(requestId) };
}

/** About a run that there never was. */
export function aboutNothing(webhooksUrl: string): Webhook {
  const requestId = randomUUID();
  return { url: `${webhooksUrl}/${randomBytes(16).toString('hex')}`, requestId, body: okFor(requestId) };
}
