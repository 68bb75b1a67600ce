import { afterAll, expect, test } from 'vitest';
import { TypedDocumentString } from '../../src/generated/contract/graphql.ts';
import { getNamedType, isLeafType, isObjectType, isUnionType } from 'graphql';
import { AWKWARD } from '../support/rows-of-every-table.ts';
import { schema } from '../../src/graphql/schema.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';

const AVATAR = 'avt_00000000000070008000000000000001';
const GENERATION = 'gen_00000000000070008000000000000001';
const TRAINING = 'job_00000000000070008000000000000002';

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

await app.restart(async ({ prisma }) => {
  const at = new Date('2026-11-26T10:20:30.456Z');
  await prisma.avatar.create({
    data: {
      id: AVATAR,
      ownerId: 'local',
      name: AWKWARD.join(' '),
      trainingType: 'STYLE',
      status: 'COMPLETED',
      triggerPhrase: 'TOK',
      externalId: 'crm-1',
      tags: { create: { tag: 'vip', ownerId: 'local' } },
      falRequestId: 'request',
      finetuneId: 'finetune',
      diffusersLoraFileUrl: 'https://files.example/lora',
      configFileUrl: 'https://files.example/config',
      artifactTrainer: 'FLUX_PRO',
      trainerNote: 'the default is gone',
      falResponseData: { finetune_id: 'finetune' },
      progressPercent: 100,
      progressQueuePosition: 3,
      progressSource: 'RESULT',
      errorCode: 'PROVIDER_FAILED',
      errorMessage: 'no face',
      version: 7,
      trainingStartedAt: at,
      trainingCompletedAt: at,
    },
  });
  await prisma.generation.create({
    data: {
      id: GENERATION,
      ownerId: 'local',
      avatarId: AVATAR,
      status: 'COMPLETED',
      prompt: 'tea',
      numImages: 2,
      strength: 0.5,
      seed: 4_294_967_296n,
      images: [{ url: 'https://files.example/1.png', width: 8, height: 9, contentType: null, flagged: true }],
      falRequestId: 'request',
      falResponseData: { seed: 4_294_967_296 },
      errorCode: 'RESULT_INVALID',
      errorMessage: 'no picture',
      version: 3,
      completedAt: at,
      job: {
        create: {
          id: 'job_00000000000070008000000000000001',
          kind: 'GENERATION',
          ownerId: 'local',
          avatarId: AVATAR,
          trainer: 'FLUX_PRO',
          endpoint: 'fal-ai/flux-pro/v1.1-ultra-finetuned',
          input: { prompt: 'TOK, tea' },
          token: 'token',
          nextPollAt: null,
          state: 'COMPLETED',
        },
      },
    },
  });
  await prisma.job.create({
    data: {
      id: TRAINING,
      kind: 'TRAINING',
      ownerId: 'local',
      avatarId: AVATAR,
      trainer: 'FLUX_LORA_FAST',
      trainerNote: 'the default is gone',
      endpoint: 'fal-ai/flux-lora-fast-training',
      input: { is_style: true },
      token: 'token of the training',
      nextPollAt: null,
      state: 'FAILED',
      falRequestId: 'training',
      errorCode: 'PROVIDER_FAILED',
      errorMessage: 'no face',
      artifact: { kind: 'LORA', loraUrl: 'https://files.example/l', configUrl: 'https://files.example/c' },
      submittedAt: at,
      settledAt: at,
    },
  });
});

/** Each field of a type with its leaves, without lists of further rows. */
function fieldsOf(typeName: string): string[] {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`${typeName} is no object type`);
  return Object.values(type.getFields()).map((field) => {
    const of = getNamedType(field.type);
    if (isLeafType(of)) return field.name;
    if (field.name === 'generations' || field.name === 'trainings')
      return `${field.name} { edges { node { id } } }`;
    if (field.name === 'avatar') return 'avatar { id name }';
    if (isUnionType(of)) return `${field.name} { ... on LoraArtifact { loraUrl configUrl } }`;
    return `${field.name} { ${fieldsOf(of.name).join(' ')} }`;
  });
}

test.each([
  ['avatar', 'Avatar', AVATAR],
  ['generation', 'Generation', GENERATION],
  ['training', 'Training', TRAINING],
])('a field of %s has its value when it is asked for alone', async (query, typeName, id) => {
  const fields = fieldsOf(typeName);
  const ask = async (selection: string) => {
    const document = new TypedDocumentString<Record<string, Record<string, unknown>>, object>(
      `{ ${query}(id: "${id}") { ${selection} } }`,
    );
    return (await app.execute(document, {}))[query];
  };
  const whole = await ask(fields.join(' '));
  expect(Object.values(whole ?? {})).not.toContain(null);
  for (const field of fields) {
    const name = field.split(' ', 1)[0] ?? '';
    expect(await ask(field)).toEqual({ [name]: whole?.[name] });
  }
});
