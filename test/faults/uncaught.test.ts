import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { databasePlace, testedDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer } from '../support/server.ts';

const THROW_LATER = fileURLToPath(new URL('throw-later.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

describe(`an uncaught error on ${testedDatabase}`, () => {
  test.each(['exception', 'rejection', 'again'] as const)(
    'is logged once and ends the process with 1, and its data folder is free: %s',
    async (kind) => {
      const place = await databasePlace();
      cleanUp.push(() => place.drop());
      const env = { ...place.env, THROW_LATER: kind };
      const server = await startServer(env, { preload: [THROW_LATER] });
      cleanUp.push(() => server.kill());
      const socket = await RawSocket.connected(server.graphqlUrl);
      socket.subscribe('1', 'subscription { avatarStatus { id } }');
      await eventually('its last line at the start', () => server.printed.includes('photos'));
      const printed = server.printed;

      server.signal('SIGUSR2');

      expect(await socket.closedWith()).toBe(1001);
      expect(await server.exited).toEqual({ code: 1, signal: null });
      const logged = server.log.filter(({ level }) => level === 'fatal');
      expect(logged).toMatchObject([{ err: { message: 'a fault of the test' } }]);
      expect(JSON.stringify(logged)).toContain('throw-later.mjs');
      expect(server.printed).toBe(printed);

      if (kind !== 'exception') return;
      const next = await startServer(place.env);
      cleanUp.push(() => next.kill());
      expect((await fetch(`${next.url}/readyz`)).status).toBe(200);
    },
  );
});

test('an error that graphql-js leaves unhandled is logged, and the server continues', async () => {
  const place = await databasePlace();
  cleanUp.push(() => place.drop());
  const server = await startServer({ ...place.env, THROW_LATER: 'graphql' }, { preload: [THROW_LATER] });
  cleanUp.push(() => server.kill());

  server.signal('SIGUSR2');

  const line = 'GraphQL error in an item of a failed list';
  await eventually('its log line', () => server.log.find(({ msg }) => msg === line) ?? null);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect(await server.terminate()).toMatchObject({ code: 0 });
});

test('a server whose output is closed continues, and ends on SIGTERM', async () => {
  const place = await databasePlace();
  cleanUp.push(() => place.drop());
  const port = await freePort();
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH, HOME, TMPDIR, LOG_LEVEL: 'debug', ...place.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanUp.push(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await eventually('it to be ready', () => fetch(`${url}/readyz`).catch(() => null), 120_000);

  child.stdout.destroy();
  child.stderr.destroy();

  for (let count = 0; count < 20; count += 1) {
    const junk = await fetch(`${url}/webhooks/fal`, { method: 'POST', body: '{}' });
    expect(junk.status).toBe(401);
  }
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const cpuSeconds = () => new ApiClient(url).metric('process_cpu_seconds_total');
  // A log that logs its own write errors would keep a core busy for ever; the work of the start ends.
  await eventually('an idle second', async () => {
    const [before, began] = [await cpuSeconds(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const share = ((await cpuSeconds()) - before) / ((performance.now() - began) / 1000);
    return share < 0.5 ? share : null;
  });
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
