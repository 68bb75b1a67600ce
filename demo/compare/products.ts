import { createFalClient } from '@fal-ai/client';
import { ApiClient } from '../api-client.ts';
import { createApp } from '../../src/app.ts';
import { createLog } from '../../src/log/create-log.ts';
import { createNaiveServer } from './naive-server.ts';
import { freePort } from '../free-port.ts';
import { readConfig } from '../../src/config/config.ts';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import type { Simulator } from '@likeness/fal-simulator';

/** What both servers can do, in words that fit both. */
export type Product = {
  /** Resolves with the id of what is trained, or null when the call failed. */
  train(imagesUrl: string): Promise<string | null>;
  /** Calls twice, as a user does who clicks twice or again. @returns the id of what is trained */
  trainAgain(imagesUrl: string, pauseMs: number): Promise<string | null>;
  /** `is` null: unknown to the server. */
  read(
    id: string,
  ): Promise<{ readonly is: 'training' | 'ready' | 'failed' | null; readonly reason: string | null }>;
  /** The first image's size in pixels. */
  generate(id: string, prompt: string): Promise<{ readonly width: number; readonly height: number }>;
  restart(): Promise<void>;
  close(): Promise<void>;
};

export async function startNaive(simulator: Simulator): Promise<Product> {
  const fal = createFalClient({
    credentials: 'key-of-the-simulator',
    suppressLocalCredentialsWarning: true,
    requestMiddleware: (request) =>
      Promise.resolve({ ...request, url: request.url.replace('https://queue.fal.run', simulator.queueUrl) }),
  });
  let server = createNaiveServer(fal, '');
  const port = await listen(server, 0);
  const url = `http://127.0.0.1:${port}`;
  const start = async () => {
    await close(server);
    server = createNaiveServer(fal, url);
    await listen(server, port);
  };
  await start();
  const call = async <T>(path: string, body?: object): Promise<T | null> => {
    const response = await fetch(`${url}/${path}`, {
      // A restart closes idle connections.
      headers: { connection: 'close' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    return response.ok ? ((await response.json()) as T) : null;
  };
  const train = async (imagesUrl: string) =>
    (await call<{ id: string }>('avatars', { imagesUrl }))?.id ?? null;
  return {
    train,
    trainAgain: async (imagesUrl, pauseMs) => {
      const first = train(imagesUrl);
      await pause(pauseMs);
      const second = train(imagesUrl);
      return (await first) ?? second;
    },
    read: async (id) => {
      const avatar = await call<{ status: 'training' | 'ready' | 'failed' }>(`avatars/${id}`);
      return { is: avatar?.status ?? null, reason: null };
    },
    generate: async (id, prompt) => {
      type Images = { images: { width: number; height: number }[] };
      const [image] = (await call<Images>(`avatars/${id}/images`, { prompt }))?.images ?? [];
      if (image === undefined) throw new Error('the naive server generated no image');
      return image;
    },
    restart: start,
    close: () => close(server),
  };
}

/** @param dataDir an empty folder */
export async function startOurs(simulator: Simulator, dataDir: string): Promise<Product> {
  const log = createLog('silent', [], { write: () => undefined });
  const env = {
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    FAL_KEY: 'key-of-the-simulator',
    FAL_QUEUE_URL: simulator.queueUrl,
    FAL_REST_URL: simulator.restUrl,
  };
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = () => createApp(readConfig({ ...env, PORT: String(port), PUBLIC_URL: url }), log);
  let app = await start();
  const client = await ApiClient.connect(app.graphqlUrl);

  const create = async () => {
    const { createAvatar } = await client.send('CreateAvatar', {
      input: { name: 'Ada', trainingType: 'PORTRAIT' },
    });
    return createAvatar.__typename === 'CreateAvatarPayload' ? createAvatar.avatar.id : null;
  };
  const begin = (avatarId: string, imagesUrl: string) =>
    client.send('StartTraining', { input: { avatarId, imagesUrl } });
  const trainAgain = async (imagesUrl: string, pauseMs: number | null) => {
    const id = await create();
    if (id === null) return null;
    const first = begin(id, imagesUrl);
    if (pauseMs !== null) {
      await pause(pauseMs);
      await begin(id, imagesUrl);
    }
    await first;
    return id;
  };
  return {
    train: (imagesUrl) => trainAgain(imagesUrl, null),
    trainAgain,
    read: async (id) => {
      for await (const { avatarStatus } of client.watch('AvatarStatus', { avatarId: id })) {
        const { isReady, status, error } = avatarStatus;
        const is = isReady ? 'ready' : status === 'FAILED' ? 'failed' : 'training';
        return { is, reason: error?.message ?? null };
      }
      return { is: null, reason: null };
    },
    generate: async (avatarId, prompt) => {
      const { generateImage } = await client.send('GenerateImage', {
        input: { avatarId, prompt, waitSeconds: 30 },
      });
      const [image] =
        generateImage.__typename === 'GenerateImagePayload' ? generateImage.generation.images : [];
      if (image?.width == null || image.height == null) throw new Error('Likeness generated no image');
      return { width: image.width, height: image.height };
    },
    restart: async () => {
      await app.close();
      app = await start();
    },
    close: async () => {
      await client.close();
      await app.close();
    },
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
