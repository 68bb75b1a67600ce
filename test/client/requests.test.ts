import { readdirSync, readFileSync } from 'node:fs';
import { Kind, OperationTypeNode, parse } from 'graphql';
import { afterAll, expect, expectTypeOf, test } from 'vitest';
import {
  AvatarByIdDocument,
  LikenessError,
  RefusalError,
  StartTrainingDocument,
  type Avatar,
  type Trainer,
} from '../../packages/client/src/client.ts';
import * as contract from '../../src/generated/contract/graphql.ts';
import { freePort } from '../support/free-port.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { photos } from '../support/api-client.ts';
import { schema } from '../../src/graphql/schema.ts';
import { quickClient } from '../support/quick-client.ts';
import { startGateway } from '../support/gateway.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET } });
const gateway = await startGateway(app.url);
afterAll(async () => {
  await gateway.close();
  await app.close();
});

const client = quickClient(gateway.url, { token: () => tokenOf('ada') });

/** Operations for `query` and `mutate`: of few callers, or another selection of an operation that has a method. */
const WITHOUT_METHOD = [
  'AnyNode',
  'AvatarByRequestId',
  'FindAvatars',
  'Generations',
  'SentInput',
  'StartTrainingUnlessHeldBack',
  'TrainingById',
  'UnknownOutcome',
  'Usage',
];

const OPERATIONS = parse(
  readFileSync(new URL('../contract/operations.graphql', import.meta.url), 'utf8'),
).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);

test('every other operation of the contract has a method', () => {
  const folder = new URL('../../packages/client/src/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const methods = files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const without = OPERATIONS.map(({ name }) => name?.value ?? '').filter(
    (name) => !new RegExp(`\\b${name}Document\\b`).test(methods),
  );
  expect(without.toSorted()).toEqual(WITHOUT_METHOD);
});

test('every query, mutation and subscription is in the contract, but two that no client of it sends', () => {
  const sent = OPERATIONS.flatMap(({ operation, selectionSet }) =>
    selectionSet.selections.map(
      (selection) => `${operation} ${selection.kind === Kind.FIELD ? selection.name.value : ''}`,
    ),
  );
  const fields = Object.values(OperationTypeNode).flatMap((operation) =>
    Object.keys(schema.getRootType(operation)?.getFields() ?? {}).map((name) => `${operation} ${name}`),
  );
  expect(fields.filter((field) => !sent.includes(field))).toEqual([
    'query trainers',
    'mutation createStreamTicket',
  ]);
});

test('the methods follow an avatar from its creation to its deletion', async () => {
  const { id } = await client.createAvatar({ name: 'Ada', trainingType: 'PORTRAIT' });
  const training = await client.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
  expect(training).toMatchObject({ id, status: 'QUEUED' });
  expect(await client.cancelTraining({ avatarId: id })).toMatchObject({ id });
  for await (const { status } of client.watchAvatar(id, { untilFinal: true }))
    if (status === 'CANCELLED') break;

  await client.startTraining({ avatarId: id, imagesUrl: photos() });
  for await (const { isReady } of client.watchAvatar(id)) if (isReady) break;
  const first = await client.generateImage({ avatarId: id, prompt: 'tea', waitSeconds: 60 });
  expect(first).toMatchObject({ status: 'COMPLETED', images: [{}] });
  const second = await client.regenerate({ generationId: first.id, waitSeconds: 60 });
  expect(await client.generation(second.id)).toMatchObject({ prompt: 'tea', avatar: { id } });
  const { edges } = await client.avatars({ first: 1 });
  expect(edges[0]?.node).toMatchObject({ id, generations: { edges: [{ node: { id: second.id } }, {}] } });

  const labels = { tags: ['new'], externalId: 'their-1' };
  expect(await client.updateAvatar({ avatarId: id, ...labels })).toMatchObject({ id, ...labels });
  const trainings = await client.trainings({ avatarId: id, first: 1 });
  const newest = trainings?.edges[0]?.node;
  expect(newest).toMatchObject({ attempt: 2, status: 'COMPLETED', isCurrent: true });
  expect(await client.promote({ trainingId: newest?.id ?? '' })).toMatchObject({ id });
  const stuck = await client.generateImage({ avatarId: id, prompt: 'tea [[stuck]]' });
  expect(await client.cancelGeneration({ generationId: stuck.id })).toMatchObject({ id: stuck.id });
  await client.deleteGeneration({ generationId: first.id });
  expect(await client.generation(first.id)).toBeNull();

  await client.deleteAvatar({ avatarId: id });
  expect(await client.avatar(id)).toBeNull();
});

test('an avatar has its labels and its trainer, in lists that filters limit too', async () => {
  const labels = { externalId: 'labelled', tags: ['summer'] };
  const made = await client.createAvatar({ name: 'Eve', trainingType: 'PORTRAIT', ...labels });
  expect(made).toMatchObject({ ...labels, trainer: null, trainerNote: null });
  await client.createAvatar({ name: 'Bo', trainingType: 'STYLE' });
  await client.startTraining({ avatarId: made.id, imagesUrl: photos() });
  for await (const avatar of client.watchAvatar(made.id, { untilFinal: true }))
    if (avatar.isReady) expect(avatar).toMatchObject({ ...labels, trainer: 'FLUX_LORA_PORTRAIT' });

  const namesOf = async (...page: Parameters<typeof client.avatars>) =>
    (await client.avatars(...page)).edges.map(({ node }) => node.name);
  expect(await namesOf({})).toEqual(await namesOf());
  expect(await namesOf({})).toContain('Bo');
  expect(await namesOf({ first: 1 })).toEqual(['Bo']);
  for (const filter of [{ tag: 'summer' }, { externalId: 'labelled' }, { status: 'COMPLETED' }] as const)
    expect(await namesOf(filter)).toEqual(['Eve']);
  expect(await namesOf({ trainingType: 'STYLE' })).not.toContain('Eve');
});

test('a plan says what a call would send, and starts nothing', async () => {
  const { id: avatarId, version } = await client.createAvatar({ name: 'Ada', trainingType: 'STYLE' });
  const plan = await client.planTraining({ avatarId, imagesUrl: photos() });
  expect(plan).toMatchObject({
    input: { data_url: photos() },
    endpoint: expect.any(String) as string,
  });
  expect(await client.avatar(avatarId)).toMatchObject({ version, status: 'DRAFT' });
  await expect(client.planImage({ avatarId, prompt: 'tea' })).rejects.toMatchObject({ code: 'NOT_READY' });
});

test('a refusal is thrown with its code', async () => {
  const { id: avatarId } = await client.createAvatar({ name: 'Ada', trainingType: 'PORTRAIT' });
  const error = await client.generateImage({ avatarId, prompt: 'tea' }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RefusalError);
  expect(error).toBeInstanceOf(LikenessError);
  expect(error).toMatchObject({ code: 'NOT_READY', message: expect.stringMatching(/artifact/) as string });
});

test('while fal refuses the account, a refused call says why and when to come again', async () => {
  const stopped = await startTestApp({ env: { BREAKER_WAITS_MS: '60000' } });
  stopped.log.expectError('circuit breaker open: fal refuses our key or account');
  const trained = await stopped.trainedAvatar();
  const caller = quickClient(stopped.url);
  const { id: avatarId } = await caller.createAvatar({ name: 'Ada', trainingType: 'PORTRAIT' });
  const refusal = (call: Promise<unknown>) => call.then(() => null).catch((error: unknown) => error);
  const rejected = await refusal(caller.startTraining({ avatarId, imagesUrl: photos('submit-403-balance') }));
  expect(rejected).toMatchObject({ code: 'PROVIDER_REJECTED', reason: null, retryAfter: null });

  const image = { avatarId: trained.id, prompt: 'tea' };
  for (const call of [caller.startTraining({ avatarId, imagesUrl: photos() }), caller.generateImage(image)]) {
    const error = await refusal(call);
    expect(error).toBeInstanceOf(RefusalError);
    expect(error).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', reason: 'BALANCE_EXHAUSTED' });
    const { retryAfter } = error as RefusalError;
    expect(retryAfter).toBeGreaterThan(30);
    expect(retryAfter).toBeLessThanOrEqual(60);
  }
  const items = await caller.generateImages({ avatarId: trained.id, items: [{ prompt: 'tea' }] });
  expect(items).toMatchObject([
    { code: 'PROVIDER_UNAVAILABLE', reason: 'BALANCE_EXHAUSTED', retryAt: expect.any(String) as string },
  ]);
  await stopped.close();
});

test('a dry run by the method that starts a run names the method that plans', async () => {
  const { id: avatarId } = await app.trainedAvatar({}, { token: await tokenOf('ada') });
  const { id: generationId } = await client.generateImage({ avatarId, prompt: 'tea', waitSeconds: 60 });
  // As plain JavaScript may call them.
  const dryRun = { dryRun: true };
  const training = { avatarId, imagesUrl: photos(), ...dryRun };
  await expect(client.startTraining(training)).rejects.toThrow('call planTraining');
  const image = { avatarId, prompt: 'tea', ...dryRun };
  await expect(client.generateImage(image)).rejects.toThrow('call planImage');
  await expect(client.regenerate({ generationId, ...dryRun })).rejects.toThrow('call planRegeneration');
});

test('a document of GraphQL Code Generator is taken as well, and execute refuses nothing', async () => {
  const { id } = await client.createAvatar({ name: 'Ada', trainingType: 'STYLE' });
  const { avatar } = await client.query(contract.AvatarByIdDocument, { id });
  expect((await client.query(AvatarByIdDocument, { id })).avatar).toMatchObject({ ...avatar });
  const { trainers } = await client.query<{ trainers: { name: Trainer }[] }>('{ trainers { name } }', {});
  expect(trainers).toContainEqual({ name: 'FLUX_PRO' });

  const input = { avatarId: 'avt_1', imagesUrl: photos() };
  expect((await client.execute(StartTrainingDocument, { input })).data?.startTraining).toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(client.mutate(StartTrainingDocument, { input })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await client.execute('{ nothing }', {})).errors).toHaveLength(1);
});

test('types follow from the document', () => {
  type Client = typeof client;
  expectTypeOf<ReturnType<Client['startTraining']>>().resolves.toEqualTypeOf<Avatar>();
  const ask = () => client.query(AvatarByIdDocument, { id: '' });
  expectTypeOf(ask).returns.resolves.toHaveProperty('avatar').toEqualTypeOf<Avatar | null>();
  expectTypeOf<Parameters<Client['startTraining']>[0]['trainer']>().toEqualTypeOf<
    Trainer | null | undefined
  >();
  // @ts-expect-error The variable is missing.
  expectTypeOf(() => client.query(AvatarByIdDocument, {})).toBeFunction();
});

test('an operation without a valid token is UNAUTHENTICATED', async () => {
  await expect(quickClient(app.url, { token: 'no.token.this' }).avatar('avt_1')).rejects.toMatchObject({
    name: 'LikenessError',
    code: 'UNAUTHENTICATED',
    status: 401,
  });
});

test('too many operations are LIMIT_EXCEEDED, and retryAfter says when to come again', async () => {
  const limited = await startTestApp({ env: { LIMIT_COST_PER_MINUTE: '2000' } });
  const busy = quickClient(limited.url);
  const calls = Array.from({ length: 60 }, () =>
    busy.avatars({ first: 20 }).catch((error: unknown) => error),
  );
  const refused = (await Promise.all(calls)).find(
    (result): result is LikenessError => result instanceof LikenessError,
  );
  expect(refused).toMatchObject({ code: 'LIMIT_EXCEEDED', status: 429 });
  expect(refused?.retryAfter).toBeGreaterThan(0);
  await limited.close();
});

test('no server is NETWORK_ERROR, a page instead of an answer BAD_RESPONSE', async () => {
  const nowhere = quickClient(`http://127.0.0.1:${await freePort()}`);
  await expect(nowhere.avatar('avt_1')).rejects.toMatchObject({ code: 'NETWORK_ERROR', status: null });
  gateway.requests = 'refuse';
  await expect(client.avatar('avt_1')).rejects.toMatchObject({ code: 'BAD_RESPONSE', status: 502 });
  gateway.requests = 'pass';
});

test('an aborted request rejects with the reason of its signal', async () => {
  const reason = new Error('left the page');
  const controller = new AbortController();
  gateway.requests = 'swallow';
  const asked = client.avatar('avt_1', { signal: controller.signal });
  controller.abort(reason);
  await expect(asked).rejects.toBe(reason);
  gateway.requests = 'pass';
  await expect(client.avatar('avt_1', { signal: controller.signal })).rejects.toBe(reason);
});
