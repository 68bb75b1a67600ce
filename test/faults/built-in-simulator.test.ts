import { rm } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import {
  AvatarByIdDocument,
  CreateAvatarDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { ask } from '../support/graphql-call.ts';
import { CollectedLog } from '../support/collected-log.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { createApp, type App } from '../../src/app.ts';
import { createLog } from '../../src/log/create-log.ts';
import { eventually } from '../support/eventually.ts';
import { startFileHost } from '../support/file-host.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { readConfig } from '../../src/config/config.ts';

const PRODUCTION = { NODE_ENV: 'production', SIMULATE: 'yes', AUTH_JWT_SECRET: JWT_SECRET };
/** Trainings of the built-in simulator take seven seconds. */
const TRAINED_MS = 30_000;
const CONTROLS = ['requests', 'deliveries', 'scenarios'];

async function dataFolder(): Promise<string> {
  const dataDir = await copyEmbeddedTemplate();
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** A server without a FAL_KEY, as people start it. */
async function start(env: Readonly<Record<string, string>>, dataDir?: string) {
  const log = new CollectedLog('no key is known here');
  const settings = { PORT: '0', DATA_DIR: dataDir ?? (await dataFolder()), ...env };
  const app = await createApp(readConfig(settings), createLog('debug', [], log));
  onTestFinished(async () => {
    await app.close();
    expect(log.complaints()).toEqual([]);
  });
  return { app, simulator: app.simulatorUrl ?? '', log };
}

async function train({ graphqlUrl }: App, imagesUrl: string, token?: string): Promise<string> {
  const options = token === undefined ? {} : { token };
  const wish = { name: 'Ada', trainingType: 'PORTRAIT' } as const;
  const made = (await ask(graphqlUrl, CreateAvatarDocument, { input: wish }, options)).data?.createAvatar;
  if (made === undefined || !('avatar' in made)) throw new Error(`Refused: ${JSON.stringify(made)}`);
  const input = { avatarId: made.avatar.id, imagesUrl };
  const begun = (await ask(graphqlUrl, StartTrainingDocument, { input }, options)).data?.startTraining;
  if (begun === undefined || !('avatar' in begun)) throw new Error(`Refused: ${JSON.stringify(begun)}`);
  return made.avatar.id;
}

function trained({ graphqlUrl }: App, id: string, token?: string) {
  return eventually(
    'the training to end',
    async () => {
      const { data } = await ask(
        graphqlUrl,
        AvatarByIdDocument,
        { id },
        token === undefined ? {} : { token },
      );
      const avatar = data?.avatar;
      return avatar?.status === 'COMPLETED' || avatar?.status === 'FAILED' ? avatar : null;
    },
    TRAINED_MS,
  );
}

test(
  'in production no owner can bend what others get, nor look around on this machine',
  async () => {
    const { app } = await start(PRODUCTION);
    const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')];
    const open = await startFileHost();
    onTestFinished(() => open.close());
    const mine = [
      await train(app, 'https://photos.example/a.zip?scenario=submit-401', ada),
      await train(app, 'https://photos.example/a.zip?scenario=submit-403-balance', ada),
      await train(app, `${open.url}/a.zip`, ada),
      await train(app, 'http://127.0.0.1:9/a.zip', ada),
    ];
    const other = await train(app, 'https://photos.example/b.zip', bob);
    for (const id of mine)
      expect(await trained(app, id, ada)).toMatchObject({ status: 'COMPLETED', error: null });
    expect(await trained(app, other, bob)).toMatchObject({ status: 'COMPLETED' });
    expect(open.requests).toEqual([]);
  },
  2 * TRAINED_MS,
);

test('in production its switches are not there, and its front page names none', async () => {
  const { simulator } = await start(PRODUCTION);
  for (const name of CONTROLS) expect((await fetch(`${simulator}/__simulator/${name}`)).status).toBe(404);
  const headers = { 'content-type': 'application/json' };
  for (const name of ['program', 'rotate-keys']) {
    const body = JSON.stringify({ scenario: 'submit-401' });
    const answer = await fetch(`${simulator}/__simulator/${name}`, { method: 'POST', headers, body });
    expect(answer.status).toBe(404);
  }
  expect(await (await fetch(simulator)).json()).toEqual({ name: 'fal simulator' });
});

test.each([
  ['in production', PRODUCTION],
  ['on a developer machine', {}],
])('%s no other process of this machine can use it', async (_where, env) => {
  const { simulator } = await start(env);
  for (const key of ['simulator', 'local', 'id:secret']) {
    const headers = { authorization: `Key ${key}`, 'content-type': 'application/json' };
    for (const path of ['fal-ai/flux-lora', 'storage/upload/initiate']) {
      const answer = await fetch(`${simulator}/${path}`, { method: 'POST', headers, body: '{"prompt":"x"}' });
      expect(answer.status).toBe(401);
    }
  }
});

test('on a developer machine its switches answer, without any callback token', async () => {
  const { app, simulator } = await start({});
  await train(app, 'https://photos.example/a.zip?scenario=stuck');
  const [submit] = (await (await fetch(`${simulator}/__simulator/requests`)).json()) as [
    { webhookUrl: string; scenarios: string[]; headers: Record<string, string> },
  ];
  expect(submit.webhookUrl).toBe(`${app.url}/webhooks/fal/…`);
  expect(submit).toMatchObject({ scenarios: ['stuck'], headers: { authorization: 'Key …' } });
});

test(
  'a training goes on after a restart, though the key is another one',
  async () => {
    const dataDir = await dataFolder();
    const first = await start({}, dataDir);
    const id = await train(first.app, 'https://photos.example/a.zip');
    await first.app.close();
    const second = await start({}, dataDir);
    expect(await trained(second.app, id)).toMatchObject({ status: 'COMPLETED', isReady: true });
  },
  2 * TRAINED_MS,
);
