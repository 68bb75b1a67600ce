import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  StartTrainingDocument,
  UnknownOutcomeDocument,
  UsageDocument,
} from '../../src/generated/contract/graphql.ts';
import { buildCommands, npmRun, runCommand } from '../support/run-command.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { FAL_KEY } from '../support/fal-key.ts';
import { photos } from '../support/api-client.ts';
import { rm } from 'node:fs/promises';
import { neededServices } from '../support/needed-services.ts';
import { startStack, type Stack } from '../support/stack.ts';

const besideServers = await neededServices('beside a running server', ['postgres']);
const NOWHERE = { DATA_DIR: '/nonexistent' };
const NOBODY = `job_${'0'.repeat(32)}`;

beforeAll(buildCommands);

let stack: Stack;
let dataDir: string | null = null;
afterEach(async () => {
  await stack.close();
  if (dataDir !== null) await rm(dataDir, { recursive: true, force: true });
  dataDir = null;
});

/** Runs the command with the server's settings. */
async function operator(...args: readonly string[]) {
  const { databaseEnv, fal, simulator } = stack;
  const env = { ...databaseEnv, FAL_KEY, FAL_QUEUE_URL: fal.url, FAL_REST_URL: simulator.restUrl };
  return runCommand('operator', args, env);
}

/** A training that fal accepted, whose submit's answer was lost, and of which no webhook will tell. */
async function unknownTraining() {
  const server = stack.server();
  const { id } = await server.newAvatar();
  await server.startTraining({ avatarId: id, imagesUrl: photos('lost-answer', 'silent') });
  const requestId = stack.simulator.requests().at(-1)?.requestId;
  if (requestId == null) throw new Error('The simulator accepted no run');
  return { id, requestId, server };
}

async function tryToTrain(avatarId: string, imagesUrl = photos()) {
  const startTraining = await stack.server().mutate(StartTrainingDocument, { avatarId, imagesUrl });
  return startTraining;
}

describe.skipIf(besideServers.isMissing)(besideServers.title, () => {
  const begin = async (env: Readonly<Record<string, string>> = {}) => {
    stack = await startStack({ database: 'postgres', env: { ...env, PUBLIC_URL: undefined } });
  };

  test('an unknown outcome is listed, and its run is adopted: subscribers see it go on', async () => {
    await begin();
    const { id, requestId, server } = await unknownTraining();
    const taken = await server.newAvatar();
    const { falRequestId } = await server.startTraining({ avatarId: taken.id, imagesUrl: photos('stuck') });

    const { avatar } = await server.execute(UnknownOutcomeDocument, { id });
    const listed = await operator('unknown');
    expect(listed.code).toBe(0);
    const [jobId = ''] = listed.said.split(' ');
    expect(jobId).toMatch(/^job_[0-9a-f]{32}$/);
    expect(listed.said).toContain(`owner="local" avatar=${id} since=20`);
    expect(listed.said).toContain(`until=${String(avatar?.error?.waitsUntil).slice(0, 13)}`);
    expect(listed.said.trim().split('\n')).toHaveLength(1);

    const refusals: [args: readonly string[], words: string][] = [
      [[id, 'adopt', '../../etc'], 'is not a valid request ID'],
      [[id, 'adopt', '5f4d2c10-0000-4000-8000-00000000dead'], 'fal knows no run 5f4d2c10'],
      [[id, 'adopt', String(falRequestId)], `The run ${falRequestId} belongs to job_`],
      [[NOBODY, 'adopt', requestId], `${NOBODY} is not a job`],
      [[taken.id, 'adopt', requestId], 'is not unknown: its state is'],
      [[taken.id, 'not-started'], 'is not unknown: its state is'],
    ];
    for (const [args, words] of refusals) {
      const { code, said } = await operator('unknown', ...args);
      expect(said).toContain(words);
      expect(code).toBe(1);
    }
    expect(await server.avatar(id)).toMatchObject({ error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });

    const watch = server.watchAvatar({ avatarId: id });
    const { version } = await watch.next();
    const adopted = await operator('unknown', jobId, 'adopt', requestId);
    expect(adopted).toMatchObject({ code: 0 });
    expect(adopted.said).toContain(`${jobId} is QUEUED with the run ${requestId}`);
    const done = await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    expect(done).toMatchObject({ falRequestId: requestId, isReady: true, error: null });
    expect(done.version).toBeGreaterThan(version);

    const again = await operator('unknown', jobId, 'not-started');
    expect(again).toMatchObject({ code: 1 });
    expect(again.said).toContain('its state is COMPLETED');
    expect((await operator('unknown')).said).toContain('There is no submit with unknown outcome.');
    expect(stack.simulator.requests()).toHaveLength(2);
  });

  test('an unknown outcome that started nothing ends, is told to subscribers and counts for no quota', async () => {
    await begin({ LIMIT_TRAININGS_PER_DAY: '1' });
    const { id, server } = await unknownTraining();
    expect(await tryToTrain(id)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const watch = server.watchAvatar({ avatarId: id });
    await watch.next();

    expect(await operator('unknown', id, 'not-started')).toMatchObject({ code: 0 });
    const ended = await watch.until(({ status }) => status === 'FAILED', 'the end');
    expect(ended.error).toMatchObject({ code: 'NOT_STARTED' });
    const today = new Date().toISOString().slice(0, 10);
    expect(await server.execute(UsageDocument, { from: today, to: today })).toEqual({ usage: [] });
    expect(await tryToTrain(id)).toMatchObject({ avatar: { status: 'QUEUED', error: null } });
    expect(await server.settled(id)).toMatchObject({ status: 'COMPLETED' });
  });

  test('a wait of the circuit breaker is ended: the next submit is the probe', async () => {
    await begin();
    const { id } = await stack.server().newAvatar();
    expect((await operator('breaker')).said).toContain('The circuit breaker is closed');
    expect((await operator('breaker', 'probe')).said).toContain('The circuit breaker is closed');
    await tryToTrain(id, photos('submit-403-balance'));
    expect(await tryToTrain(id)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });

    const { code, said } = await operator('breaker');
    expect(code).toBe(0);
    expect(said).toMatch(
      /open since .*\n.*\(BALANCE_EXHAUSTED\): User is locked.*\nThe next probe is sent after/,
    );
    expect((await operator('breaker', 'probe')).said).toContain('The next submit is the probe');
    expect(await tryToTrain(id)).toMatchObject({ avatar: { status: 'QUEUED' } });
    expect((await operator('breaker')).said).toContain('The circuit breaker is closed');
  });
});

test('beside a server with the embedded database it is refused with advice; while none runs it works', async () => {
  dataDir = await copyEmbeddedTemplate();
  stack = await startStack({ database: { DATA_DIR: dataDir }, env: { PUBLIC_URL: undefined } });
  const { id, requestId, server } = await unknownTraining();
  const beside = await operator('unknown', id, 'adopt', requestId);
  expect(beside.code).toBe(1);
  expect(beside.said).toContain(`in use by process ${server.pid}`);
  expect(beside.said).toContain('stop the server first');

  expect(beside.result).toBe('');

  await server.terminate();
  const listed = await operator('unknown');
  expect(listed.result).toMatch(new RegExp(`^job_\\w+ .*avatar=${id} .*\n$`));
  expect(listed.said).toBe(listed.result);
  expect(await operator('unknown', id, 'adopt', requestId)).toMatchObject({ code: 0 });
  await server.start();
  expect(await server.settled(id)).toMatchObject({ status: 'COMPLETED', falRequestId: requestId });
});

test('wrong arguments and settings are refused with the reason', async () => {
  dataDir = await copyEmbeddedTemplate();
  stack = await startStack({ database: { DATA_DIR: dataDir }, isStarted: false });
  const env = { DATA_DIR: dataDir };
  const cases = [
    [await npmRun('operator', ['--help'], NOWHERE), 0, 'usage: npm run operator'],
    [await runCommand('operator', [], env), 64, 'usage'],
    [await runCommand('operator', ['breaker', 'close'], env), 64, 'usage'],
    [await runCommand('operator', ['unknown', NOBODY], env), 64, 'usage'],
    [await runCommand('operator', ['unknown', NOBODY, 'adopt'], env), 64, 'usage'],
    [await runCommand('operator', ['unknown', NOBODY, 'not-started', 'x'], env), 64, 'usage'],
    [await runCommand('operator', ['unknown'], NOWHERE), 78, 'no embedded database'],
    [await runCommand('operator', ['breaker'], env), 78, 'FAL_KEY is not set'],
    [await runCommand('operator', ['breaker'], { ...env, FAL_KEY: 'a b' }), 78, 'FAL_KEY'],
    [await runCommand('operator', ['unknown'], env), 0, 'There is no submit with unknown outcome'],
  ] as const;
  for (const [{ code, said, result }, expected, words] of cases) {
    expect(said).toContain(words);
    // Only the help was asked for.
    expect(result).toBe(words === 'usage: npm run operator' ? said : '');
    expect(code).toBe(expected);
  }
});
