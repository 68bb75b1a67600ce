import { afterEach, beforeEach, expect, test } from 'vitest';
import { aboutNothing, ownKeySet, post, signedWebhook, type OwnKeySet } from '../support/signed-webhooks.ts';
import { httpOptions } from '../support/http-options.ts';
import { WebhookKeys } from '../../src/fal/webhook-keys.ts';
import { LogThrottle } from '../../src/log/log-throttle.ts';
import { silent } from '../support/template.ts';
import { startHttp, type HttpOptions, type HttpServer } from '../../src/http/server.ts';
import type { Log } from '../../src/log/log.ts';

const MAX_RECORDING = 1000;
/** A system may reset some of a thousand connections that are opened at once. */
const AT_ONCE = 100;
const MB = 1_000_000;
/** Of webhooks at URLs that are not ours. */
const MAX_BODIES = 16;

let http: HttpServer;
let keys: OwnKeySet;
let outcomes: string[];
/** Lets the database answer everything that it was asked, and from then on at once. */
let answer: () => void;
let asked: number;

/** A server whose database does not answer. */
beforeEach(async () => {
  keys = await ownKeySet();
  outcomes = [];
  asked = 0;
  const held = new Promise<void>((resolve) => (answer = resolve));
  const store = {
    findForWebhook: async () => {
      asked += 1;
      await held;
      return [];
    },
  };
  const log = { ...silent, debug: () => undefined } as unknown as Log;
  const webhook = {
    keys: new WebhookKeys(keys.url, log),
    accountId: null,
    isOurToken: () => false,
    deps: { store },
    log,
    refusals: new LogThrottle(1000),
    count: (outcome: string) => outcomes.push(outcome),
  };
  http = await startHttp(httpOptions({ webhook: webhook as unknown as HttpOptions['webhook'], log }));
});
afterEach(async () => {
  answer();
  keys.close();
  await http.close(0);
});

const webhook = (body?: string) => {
  const about = aboutNothing(`${http.url}/webhooks/fal`);
  return signedWebhook({ ...about, ...(body === undefined ? {} : { body }) }, keys.signer);
};

test('a thousand webhooks wait for a database that does not answer; fal is told to repeat the next one', async () => {
  const waiting: Promise<number>[] = [];
  while (waiting.length < MAX_RECORDING) {
    waiting.push(...Array.from({ length: AT_ONCE }, () => post(webhook())));
    await expect.poll(() => asked).toBe(waiting.length);
  }

  expect(await post(webhook())).toBe(503);
  expect(outcomes.filter((outcome) => outcome === 'no-room')).toHaveLength(1);
  expect(asked).toBe(MAX_RECORDING);

  answer();
  await Promise.all(waiting);
  expect(await post(webhook())).toBe(404);
});

test('a body counts as memory in use until the database has answered, also after fal was told to repeat it', async () => {
  const body = (index: number) => `${index}`.padEnd(MB, 'x');
  const statuses = await Promise.all(
    Array.from({ length: MAX_BODIES }, (_, index) => post(webhook(body(index)))),
  );

  expect(new Set(statuses)).toEqual(new Set([503]));
  expect(outcomes).toEqual(Array(MAX_BODIES).fill('failed'));
  expect(await post(webhook(body(MAX_BODIES)))).toBe(503);
  expect(outcomes.at(-1)).toBe('no-room');

  answer();
  await expect.poll(() => post(webhook(body(MAX_BODIES)))).toBe(404);
});
