import { afterAll, expect, test } from 'vitest';
import { PlanImageDocument } from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

const LORA = { diffusersLoraFileUrl: 'https://files.example/lora' };
const FINETUNE = { finetuneId: 'ft' };

const NONE = 'has no artifact';

const AVATARS = await Promise.all(
  [
    { what: 'no artifact', columns: {}, refusal: NONE },
    { what: 'a LoRA', columns: { ...LORA, artifactTrainer: 'FLUX_LORA_PORTRAIT' }, refusal: null },
    { what: 'a finetune', columns: { ...FINETUNE, artifactTrainer: 'FLUX_PRO' }, refusal: null },
    { what: 'a LoRA of no trainer', columns: LORA, refusal: NONE },
    { what: 'a finetune of no trainer', columns: FINETUNE, refusal: NONE },
    { what: 'a trainer and no artifact', columns: { artifactTrainer: 'FLUX_PRO' }, refusal: NONE },
    {
      what: 'a LoRA of a trainer that this server does not have',
      columns: { ...LORA, artifactTrainer: 'OF_TOMORROW' },
      refusal: 'the trainer OF_TOMORROW, which this server does not have',
    },
  ].map(async (row) => ({ ...row, id: (await app.newAvatar()).id })),
);
await app.restart(async ({ prisma }) => {
  for (const { id, columns } of AVATARS) await prisma.avatar.update({ where: { id }, data: columns });
});

test.each(AVATARS)('generateImage and isReady agree about $what', async ({ id, refusal }) => {
  expect(await app.avatarNow(id)).toMatchObject({ isReady: refusal === null });
  const plan = await app.mutate(PlanImageDocument, { avatarId: id, prompt: 'tea', dryRun: true });
  const refused = { code: 'NOT_READY', message: expect.stringContaining(refusal ?? '') as string };
  expect(plan).toMatchObject(refusal === null ? { __typename: 'DryRun' } : refused);
});
