import { request } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Disposer } from '../../src/async/disposer.ts';
import { eventually } from '../support/eventually.ts';
import { launchServer, type Server } from '../support/server.ts';
import { startStack } from '../support/stack.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { okFor } from '../support/runs-at-fal.ts';
import { ownKeySet, signedWebhook, type OwnKeySet } from '../support/signed-webhooks.ts';
import { photos } from '../support/api-client.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { testedDatabase } from '../support/database.ts';

/** For requests that hang. */
const GRACE_MS = 5000;

let disposer = new Disposer();
afterEach(async () => {
  const last = disposer;
  disposer = new Disposer();
  await last.dispose();
});

async function startServer() {
  const keys = await ownKeySet();
  disposer.add(() => keys.close());
  const stack = await startStack({ env: { ...NEVER_POLL, FAL_JWKS_URL: keys.url } });
  disposer.add(() => stack.close());
  return { fal: stack.fal, keys, server: stack.server() };
}

const train = (server: Server, avatarId: string) =>
  server.startTraining({ avatarId, imagesUrl: photos('stuck-in-queue') });

/** A POST to /graphql or of a webhook whose last byte is still to come. */
async function halfSent(url: string, body: string, headers: Record<string, string>) {
  const sent = request(url, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
  });
  sent.write(body.slice(0, -1));
  await once(sent, 'socket');
  return { sent, finish: () => sent.end(body.slice(-1)) };
}

async function halfSentWebhook({ url }: Server, { signer }: OwnKeySet, requestId: string) {
  const body = JSON.stringify(okFor(requestId));
  const signed = signedWebhook({ url: `${url}/webhooks/fal`, requestId, body }, signer);
  const { sent, finish } = await halfSent(`${url}/webhooks/fal`, body, Object.fromEntries(signed.headers));
  const status = once(sent, 'response').then(([response]) => (response as { statusCode: number }).statusCode);
  status.catch(() => undefined);
  return { status, finish };
}

/** A WebSocket whose peer never answers the close frame. */
async function openUnresponsiveSocket({ graphqlUrl }: Server): Promise<void> {
  const socket = new WebSocket(graphqlUrl.replace(/^http/, 'ws'), 'graphql-transport-ws');
  socket.on('error', () => undefined);
  await once(socket, 'open');
  socket.pause();
  disposer.add(() => socket.terminate());
}

const refusesWork = ({ url }: Server) =>
  eventually('new work to be refused', () =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status === 503,
      () => true,
    ),
  );

describe(`SIGTERM on ${testedDatabase}`, () => {
  test('refuses new work, ends streams, and answers the requests it has', async () => {
    const { server, fal, keys } = await startServer();
    const [{ id: trained }, { id: submitting }] = [await server.newAvatar(), await server.newAvatar()];
    const { falRequestId } = await train(server, trained);
    const socket = await RawSocket.connected(server.graphqlUrl);
    socket.subscribe('1', 'subscription { avatarStatus { id version } }');
    await socket.until(({ type }) => type === 'next');
    const stream = server.watchAvatar({ avatarId: trained }, { over: 'sse' });
    await stream.next();
    await openUnresponsiveSocket(server);
    const webhook = await halfSentWebhook(server, keys, falRequestId ?? '');
    const submits = fal.holdRequests();
    const submit = train(server, submitting);
    await submits.reached(1);

    server.signal('SIGTERM');

    await refusesWork(server);
    webhook.finish();
    submits.release();
    expect(await socket.closedWith()).toBe(1001);
    await stream.ended();
    expect(stream.closedWith).toBe('cut');
    expect(await webhook.status).toBe(200);
    expect(await submit).toMatchObject({ status: 'QUEUED' });
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    expect(server.log.at(-1)?.msg).toBe('shut down');

    await server.start();
    expect(await server.avatar(trained)).toMatchObject({ status: 'COMPLETED', isReady: true });
  });

  test('cuts a stream that is only being opened, so that its client comes again', async () => {
    const { server } = await startServer();
    await server.newAvatar();
    const body = JSON.stringify({ query: 'subscription { avatarStatus { id version } }' });
    const { sent, finish } = await halfSent(server.graphqlUrl, body, {
      'content-type': 'application/json',
      accept: 'text/event-stream',
    });
    const end = new Promise<string>((resolve) => {
      sent.on('error', ({ message }) => resolve(message));
      sent.on('response', (response) =>
        response
          .resume()
          .on('error', ({ message }) => resolve(message))
          .on('end', () => resolve('complete')),
      );
    });
    await server.newAvatar();

    server.signal('SIGTERM');
    await refusesWork(server);
    finish();

    expect(await end).toMatch(/^(aborted|socket hang up)$/);
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  test('ends idle connections at once, and a request that never ends after the grace time', async () => {
    const { server } = await startServer();
    const idle = connect(server.port, '127.0.0.1');
    idle.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(idle, 'data');
    const endless = connect(server.port, '127.0.0.1');
    endless.on('error', () => undefined);
    endless.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    await server.newAvatar();
    const closed: string[] = [];
    idle.on('close', () => closed.push('idle'));
    endless.on('close', () => closed.push('endless'));

    const began = performance.now();
    server.signal('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    const tookMs = performance.now() - began;

    await eventually('both connections to end', () => closed.length === 2);
    expect(closed).toEqual(['idle', 'endless']);
    expect(tookMs).toBeGreaterThan(GRACE_MS - 500);
  });

  test('a second one ends it at once, and nothing acknowledged is lost', async () => {
    const { server, fal } = await startServer();
    const { id: avatarId } = await server.newAvatar();
    const submits = fal.holdRequests();
    const cutOff = expect(train(server, avatarId)).rejects.toThrow();
    await submits.reached(1);
    server.signal('SIGTERM');
    await server.logged(({ msg }) => msg === 'shutting down', 'shutting down');

    server.signal('SIGTERM');
    expect((await server.exited).code).toBe(1);
    await cutOff;
    expect(server.log.at(-1)?.msg).toBe('second signal; exiting at once');

    await server.start();
    // Whether fal has the run is unknown, so it is not submitted again.
    await expect(train(server, avatarId)).rejects.toThrow('CONFLICT');
    expect(fal.requests).toHaveLength(1);
  });

  test('ends it during its start, too', async () => {
    // A database that accepts the connection and never answers.
    const mute = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    disposer.add(() => void mute.close());
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const server = await launchServer({ DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/nothing` });
    disposer.add(() => server.kill());
    const [asked] = (await once(mute, 'connection')) as [Socket];
    disposer.add(() => void asked.destroy());

    server.signal('SIGTERM');

    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.log.map(({ msg }) => msg)).toEqual(['shutting down', 'shut down']);
  });
});
