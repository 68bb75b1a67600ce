import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  AvatarByIdDocument,
  CancelTrainingDocument,
  CreateAvatarDocument,
  DeleteAvatarDocument,
  GenerateImageDocument,
  StartTrainingDocument,
  TypedDocumentString,
  UpdateAvatarDocument,
  type CreateAvatarInput,
  type GenerateImageInput,
  type StartTrainingInput,
  type UpdateAvatarInput,
} from '../../src/generated/contract/graphql.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();

const portrait = await app.trainedAvatar();
const style = await app.trainedAvatar({ trainingType: 'STYLE' });
const flux2 = await app.newAvatar();
await app.train({ avatarId: flux2.id, imagesUrl: photos(), trainer: 'FLUX_2' });
const draft = await app.newAvatar();

const ULTRA = 'fal-ai/flux-pro/v1.1-ultra-finetuned';

// Nothing of what follows may reach fal or leave a row.
const submitsBefore = app.simulator.requests().length;
const ALL = new TypedDocumentString<unknown, Record<string, never>>(
  'query { avatars(first: 100) { edges { node { id version name triggerPhrase externalId tags generations(first: 20) { edges { node { id } } } } } } }',
);

async function everything(): Promise<string> {
  return JSON.stringify(await app.execute(ALL, {}));
}

const before = await everything();
afterEach(async () => {
  expect(app.simulator.requests()).toHaveLength(submitsBefore);
  expect(await everything()).toBe(before);
});
afterAll(() => app.close());

const LONG = 'x'.repeat(4001);

const BAD_LABELS: [what: string, input: { externalId?: string; tags?: string[] }, says: string[]][] = [
  ['an empty external id', { externalId: '' }, ['externalId', '1 to 200 characters', '""']],
  ['a long external id', { externalId: 'x'.repeat(201) }, ['externalId', '1 to 200 characters', '201']],
  ['an external id with NUL', { externalId: 'a\u0000' }, ['externalId', 'without control characters']],
  ['an empty tag', { tags: ['vip', ''] }, ['tags.1', '1 to 50 characters', '""']],
  ['a blank tag', { tags: ['vip', ' '] }, ['tags.1', '1 to 50 characters besides white space', '" "']],
  ['a long tag', { tags: ['x'.repeat(51)] }, ['tags.0', '1 to 50 characters', 'xxx']],
  ['a tag with an escape', { tags: ['\u001b[2J'] }, ['tags.0', 'without control characters']],
  ['half a letter in a tag', { tags: ['\ud83d'] }, ['tags.0', '"\\ud83d"']],
  ['too many tags', { tags: Array.from({ length: 21 }, (_, n) => `t${n}`) }, ['tags', 'at most 20 tags']],
  ['thousands of tags', { tags: Array.from({ length: 9000 }, () => '') }, ['tags', 'at most 20 tags']],
];

test.each([
  ['in the text', '{ avatars(status: OVER) { totalCount } }'],
  ['in a variable', 'query ($status: AvatarStatus = DRAFT) { avatars(status: $status) { totalCount } }'],
])('an unknown value of an enum %s is refused with the known ones', async (_where, query) => {
  const { errors } = await app.ask(new TypedDocumentString<unknown, object>(query), { status: 'OVER' });
  const values = 'Its values are CANCELLED, COMPLETED, DRAFT, FAILED, QUEUED, TRAINING.';
  expect(errors[0]?.message).toMatch(new RegExp(`Value "OVER" does not exist .* ${values}$`));
});

describe('createAvatar', () => {
  test.each<[what: string, input: Partial<CreateAvatarInput>, says: string[]]>([
    ['an empty name', { name: '' }, ['name', '1 to 100 characters', '""']],
    ['a blank name', { name: ' \t\n ' }, ['name', '1 to 100 characters besides white space', '" \\t\\n "']],
    ['a long name', { name: 'x'.repeat(101) }, ['name', '1 to 100 characters', '101 characters']],
    ['a name with NUL', { name: 'Ad\u0000a' }, ['name', 'without control characters', '"Ad\\u0000a"']],
    ['a name with an escape', { name: 'Ad\u001b[2Ja' }, ['name', 'without control characters', '\\u001b']],
    ['half a letter in a name', { name: 'Ad\ud83d' }, ['name', 'characters', '"Ad\\ud83d"']],
    ['an empty trigger', { triggerPhrase: '' }, ['triggerPhrase', '1 to 50 characters', '""']],
    ['a long trigger', { triggerPhrase: 'x'.repeat(51) }, ['triggerPhrase', '1 to 50 characters']],
    ['a trigger with NUL', { triggerPhrase: 'T\u0000K' }, ['triggerPhrase', 'without control characters']],
    ...BAD_LABELS,
    ['an empty key', { idempotencyKey: '' }, ['idempotencyKey', '1 to 200 characters']],
    ['a long key', { idempotencyKey: 'x'.repeat(201) }, ['idempotencyKey', '1 to 200 characters']],
  ])('refuses %s', async (_what, input, says) => {
    const wish = { name: 'Ada', trainingType: 'PORTRAIT', ...input } as const;
    const createAvatar = await app.mutate(CreateAvatarDocument, wish);
    expectInvalid(createAvatar, says);
  });
});

describe('updateAvatar', () => {
  test.each<[what: string, input: Partial<UpdateAvatarInput>, says: string[]]>([
    ['an empty name', { name: '' }, ['name', '1 to 100 characters', '""']],
    ['a long name', { name: 'x'.repeat(101) }, ['name', '1 to 100 characters', '101 characters']],
    ['a name with NUL', { name: 'Ad\u0000a' }, ['name', 'without control characters', '"Ad\\u0000a"']],
    ['a blank trigger', { triggerPhrase: ' ' }, ['triggerPhrase', '1 to 50 characters', '" "']],
    ['a long trigger', { triggerPhrase: 'x'.repeat(51) }, ['triggerPhrase', '1 to 50 characters']],
    ...BAD_LABELS,
    ['one wrong field of two', { name: 'Ada', tags: [''] }, ['tags.0']],
  ])('refuses %s', async (_what, input, says) => {
    const updateAvatar = await app.mutate(UpdateAvatarDocument, { avatarId: draft.id, ...input });
    expectInvalid(updateAvatar, says);
  });
});

describe('startTraining', () => {
  const urls = [
    'javascript:alert(1)',
    'data:application/zip;base64,AAAA',
    'file:///etc/passwd',
    'ftp://photos.example/p.zip',
    'photos.example/p.zip',
    '//photos.example/p.zip',
    'https://',
    'https://ada:pass@photos.example/p.zip',
    '',
    `https://photos.example/${LONG}${LONG}`,
  ];
  test.each(urls.map((url) => [url.slice(0, 40), url]))('refuses photos at "%s"', async (_, imagesUrl) => {
    const shown = JSON.stringify(imagesUrl.replace('ada:pass@', '…@')).slice(0, 40);
    await expectRefusedTraining({ imagesUrl }, ['imagesUrl', 'http(s) URL', shown]);
  });

  test.each<[what: string, input: Partial<StartTrainingInput>, says: string[]]>([
    ['no steps', { steps: 0 }, ['steps', '1 to 10000', '0']],
    ['fewer than no steps', { steps: -1 }, ['steps', '1 to 10000', '-1']],
    ['too many steps', { steps: 10_001 }, ['steps', '1 to 10000', '10001']],
    ['fewer steps than FLUX_2 takes', { trainer: 'FLUX_2', steps: 99 }, ['steps', '100 to 10000', '99']],
    ['a style’s trainer', { trainer: 'FLUX_PRO' }, ['trainer', 'FLUX_LORA_PORTRAIT', '"FLUX_PRO"']],
    [
      'a portrait’s trainer for a style',
      { avatarId: style.id, trainer: 'FLUX_LORA_PORTRAIT' },
      ['trainer', 'FLUX_PRO', '"FLUX_LORA_PORTRAIT"'],
    ],
    ['an empty key', { idempotencyKey: '' }, ['idempotencyKey', '1 to 200 characters']],
    ['a long key', { idempotencyKey: 'x'.repeat(201) }, ['idempotencyKey', '1 to 200 characters']],
  ])('refuses %s', async (_what, input, says) => {
    await expectRefusedTraining(input, says);
  });

  test('names every wrong field at once', async () => {
    await expectRefusedTraining({ imagesUrl: 'nowhere', idempotencyKey: '' }, [
      'imagesUrl',
      'idempotencyKey',
    ]);
  });

  async function expectRefusedTraining(input: Partial<StartTrainingInput>, says: string[]) {
    const wish = { avatarId: draft.id, imagesUrl: photos(), ...input };
    const startTraining = await app.mutate(StartTrainingDocument, wish);
    expectInvalid(startTraining, says);
  }
});

describe('generateImage', () => {
  test.each<[what: string, input: Partial<GenerateImageInput>, says: string[]]>([
    ['an empty prompt', { prompt: '' }, ['prompt', '1 to 4000 characters', '""']],
    ['a blank prompt', { prompt: '  ' }, ['prompt', '1 to 4000 characters besides white space', '"  "']],
    ['a long prompt', { prompt: LONG }, ['prompt', '1 to 4000 characters', '4001 characters']],
    ['a prompt with NUL', { prompt: 'tea\u0000' }, ['prompt', 'without control characters']],
    ['no images', { numImages: 0 }, ['numImages', '1 to 4', '0']],
    ['five images', { numImages: 5 }, ['numImages', '1 to 4', '5']],
    ['a seed below zero', { seed: -1 }, ['seed', '-1']],
    ['a LoRA too strong', { strength: 4.1 }, ['strength', '0 to 4', '4.1']],
    ['a LoRA below nothing', { strength: -0.1 }, ['strength', '0 to 4', '-0.1']],
    ['a finetune too strong', { avatarId: style.id, strength: 2.1 }, ['strength', '0 to 2', '2.1']],
    [
      'a named size with pixels',
      { size: 'SQUARE', width: 512, height: 512 },
      ['size', 'no value together with width and height', '"SQUARE"'],
    ],
    ['a width without height', { width: 512 }, ['height', 'a whole number together with width', 'nothing']],
    ['a height without width', { height: 512 }, ['width', 'a whole number together with height', 'nothing']],
    ['pixels below the least', { width: 255, height: 0 }, ['width', '256 to 2048', '255', 'height', 'got 0']],
    [
      'pixels above the most',
      { width: 2049, height: 2_147_483_647 },
      ['width', '2049', 'height', '256 to 2048'],
    ],
    [
      'too few pixels for FLUX_2',
      { avatarId: flux2.id, width: 511, height: 512 },
      ['width', '512 to 2048', '511'],
    ],
    [
      'pixels where only names are taken',
      { avatarId: style.id, width: 512, height: 512 },
      ['width', 'height', ULTRA, 'PORTRAIT_4_3', '512'],
    ],
    ['guidance above the most', { guidanceScale: 35.1 }, ['guidanceScale', '0 to 35', '35.1']],
    ['guidance below zero', { guidanceScale: -0.1 }, ['guidanceScale', '0 to 35', '-0.1']],
    [
      'too much guidance for FLUX_2',
      { avatarId: flux2.id, guidanceScale: 20.1 },
      ['guidanceScale', '0 to 20', '20.1'],
    ],
    [
      'guidance where there is none',
      { avatarId: style.id, guidanceScale: 3.5 },
      ['guidanceScale', ULTRA, '3.5'],
    ],
    ['no inference steps', { inferenceSteps: 0 }, ['inferenceSteps', '1 to 50', '0']],
    ['too many inference steps', { inferenceSteps: 51 }, ['inferenceSteps', '1 to 50', '51']],
    [
      'too few inference steps for FLUX_2',
      { avatarId: flux2.id, inferenceSteps: 3 },
      ['inferenceSteps', '4 to 50', '3'],
    ],
    [
      'inference steps where there are none',
      { avatarId: style.id, inferenceSteps: 28 },
      ['inferenceSteps', ULTRA, '28'],
    ],
    ['a wait below zero', { waitSeconds: -1 }, ['waitSeconds', '0 to 60', '-1']],
    ['a wait of minutes', { waitSeconds: 61 }, ['waitSeconds', '0 to 60', '61']],
  ])('refuses %s', async (_what, input, says) => {
    const wish = { avatarId: portrait.id, prompt: 'tea', ...input };
    const generateImage = await app.mutate(GenerateImageDocument, wish);
    expectInvalid(generateImage, says);
  });

  test.each([
    ['a size without a name', '{ size: "SQUARE" }'],
    ['an unknown size', '{ size: POSTER }'],
    ['a size of pixels by name', '{ size: { width: 512, height: 512 } }'],
    ['an unknown format', '{ outputFormat: WEBP }'],
    ['half a pixel', '{ width: 512.5, height: 512 }'],
    ['half a step', '{ inferenceSteps: 1.5 }'],
    ['guidance that is no number', '{ guidanceScale: "3.5" }'],
  ])('%s is no valid document', async (_what, options) => {
    const input = options.replace('{', `{ avatarId: "${portrait.id}", prompt: "tea",`);
    const document = new TypedDocumentString<unknown, Record<string, never>>(
      `mutation { generateImage(input: ${input}) { __typename } }`,
    );
    await expect(app.execute(document, {})).rejects.toThrow(
      /size|outputFormat|width|inferenceSteps|guidance/i,
    );
  });

  test('refuses an avatar that has nothing to generate with, and says where it stands', async () => {
    const input = { avatarId: draft.id, prompt: 'tea' };
    const generateImage = await app.mutate(GenerateImageDocument, input);
    expect(generateImage).toMatchObject({ code: 'NOT_READY' });
    expect((generateImage as { message: string }).message).toContain('DRAFT');
  });
});

describe('an id of nothing', () => {
  const ids = [
    'avt_00000000000070008000000000000000',
    'gen_00000000000070008000000000000000',
    'nonsense',
    '',
    `avt_${LONG}`,
    "avt_' OR 1=1 --",
    'avt_\u0000',
    'avt_\ud83d',
  ];
  test.each(ids.map((id) => [JSON.stringify(id).slice(0, 50), id]))(
    '%s is NOT_FOUND everywhere',
    async (_, id) => {
      const avatarId = id;
      const imagesUrl = photos();
      const training = await app.execute(StartTrainingDocument, { input: { avatarId, imagesUrl } });
      expect(training.startTraining).toMatchObject({ code: 'NOT_FOUND' });
      const image = await app.execute(GenerateImageDocument, { input: { avatarId, prompt: 'tea' } });
      expect(image.generateImage).toMatchObject({ code: 'NOT_FOUND' });
      const cancel = await app.execute(CancelTrainingDocument, { input: { avatarId } });
      expect(cancel.cancelTraining).toMatchObject({ code: 'NOT_FOUND' });
      const update = await app.execute(UpdateAvatarDocument, { input: { avatarId, name: 'Bo' } });
      expect(update.updateAvatar).toMatchObject({ code: 'NOT_FOUND' });
      const deletion = await app.execute(DeleteAvatarDocument, { input: { avatarId } });
      expect(deletion.deleteAvatar).toMatchObject({ code: 'NOT_FOUND' });
      expect(await app.execute(AvatarByIdDocument, { id })).toEqual({ avatar: null });
    },
  );
});

// Last, because it looks at the tables themselves.
test('no refusal left a job behind', async () => {
  await app.restart(async ({ prisma }) => {
    expect(await prisma.job.count()).toBe(3);
    expect(await prisma.announcement.count()).toBe(0);
  });
});

function expectInvalid(result: object, says: readonly string[]): void {
  expect(result).toMatchObject({ code: 'INVALID_INPUT' });
  for (const part of says) expect((result as { message: string }).message).toContain(part);
}
