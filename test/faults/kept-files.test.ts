import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copiedImages, generationWith, shownImages } from '../support/shown-files.ts';
import { startFileHost } from '../support/file-host.ts';
import { neededServices } from '../support/needed-services.ts';
import { startStack, type Stack } from '../support/stack.ts';
import type { Server } from '../support/server.ts';

const PICTURE = Buffer.from('\x89PNG\r\n\x1a\n and a picture', 'latin1');

const several = await neededServices('several instances', ['postgres']);
const host = await startFileHost();
afterAll(() => host.close());

let stack: Stack;
afterEach(() => stack.close());

const env = { KEEP_FILES: 'on', IMPORT_ORIGINS: host.url };

/** A generation with one image of the host. */
async function pictured(server: Server, path: string): Promise<string> {
  const { id: avatarId } = await server.trainedAvatar();
  const app = { generate: server.generate.bind(server), simulator: stack.simulator };
  return generationWith(app, avatarId, [host.url + path]);
}

/** Begins to send the picture, and never ends. Resolves when it was asked for. */
function hold(path: string): Promise<void> {
  return new Promise((resolve) => {
    host.serve(path, (response) => {
      response.write(PICTURE.subarray(0, 10));
      resolve();
    });
  });
}

async function opened(server: Server, id: string): Promise<Buffer> {
  const { images } = await copiedImages(server, id);
  const answer = await fetch(images[0]?.url ?? '');
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

test('a server that is killed in the middle of a copy makes it after its restart', async () => {
  stack = await startStack({ env });
  const server = stack.server();
  const asked = hold('/killed.png');
  const id = await pictured(server, '/killed.png');
  await asked;
  await server.kill();
  host.serve('/killed.png', PICTURE);
  await server.start();
  expect((await opened(server, id)).equals(PICTURE)).toBe(true);
});

test('a server that ends in the middle of a copy ends in time, and makes it after its restart', async () => {
  stack = await startStack({ env });
  const server = stack.server();
  const asked = hold('/ended.png');
  const id = await pictured(server, '/ended.png');
  await asked;
  await server.terminate();
  host.serve('/ended.png', PICTURE);
  await server.start();
  expect((await opened(server, id)).equals(PICTURE)).toBe(true);
});

describe.skipIf(several.isMissing)(several.title, () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'likeness-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const start = () =>
    startStack({ instances: 3, database: 'postgres', env: { ...env, DATA_DIR: folder, KEEP_FILES: 'on' } });

  test('download a file once, whichever of them is asked for it', async () => {
    stack = await start();
    let release: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      host.serve('/once.png', (response) => {
        release = () => void response.end(PICTURE);
        resolve();
      });
    });
    const id = await pictured(stack.server(), '/once.png');
    const { images } = await shownImages(stack.server(), id);
    const path = new URL(images[0]?.url ?? '').pathname;
    const answers = stack.servers.map((server) => fetch(server.url + path));
    await asked;
    release();
    for (const answer of await Promise.all(answers)) {
      expect(answer.status).toBe(200);
      expect(Buffer.from(await answer.arrayBuffer()).equals(PICTURE)).toBe(true);
    }
    expect(host.requestsOf('/once.png')).toBe(1);
  });

  test('take over the copies of those that die', async () => {
    stack = await start();
    const asked = hold('/dead.png');
    const id = await pictured(stack.server(), '/dead.png');
    await asked;
    await Promise.all(stack.servers.map((server) => server.kill()));
    host.serve('/dead.png', PICTURE);
    const server = await stack.join();
    const { images } = await copiedImages(server, id);
    const path = new URL(images[0]?.url ?? '').pathname;
    const answer = await fetch(server.url + path);
    expect(Buffer.from(await answer.arrayBuffer()).equals(PICTURE)).toBe(true);
  });
});
