import {
  CreateAvatarDocument,
  GenerateImageDocument,
  StartTrainingDocument,
  type CreateAvatarInput,
  type GenerateImageInput,
  type StartTrainingInput,
} from '../../src/generated/contract/graphql.ts';
import type { AvatarRow, GenerationRow, TestApp } from './test-app.ts';
import type { RecordedRequest } from '@likeness/fal-simulator';
import type { ScenarioName } from '@likeness/fal-simulator';

type As = { readonly token?: string | undefined };

/** An archive of photos that counts as good; fal's look-alike behaves as the scenarios in it say. */
export function photos(...scenarios: ScenarioName[]): string {
  const url = 'https://photos.example/likeness.zip';
  return scenarios.length === 0 ? url : `${url}?scenario=${scenarios.join(',')}`;
}

export async function newAvatar(
  app: TestApp,
  input: Partial<CreateAvatarInput> = {},
  as: As = {},
): Promise<AvatarRow> {
  const wish = { name: 'Ada', trainingType: 'PORTRAIT', ...input } as const;
  const { createAvatar: result } = await app.execute(CreateAvatarDocument, { input: wish }, as);
  return 'avatar' in result ? result.avatar : refused(result);
}

export async function startTraining(
  app: TestApp,
  input: Pick<StartTrainingInput, 'avatarId'> & Partial<StartTrainingInput>,
  as: As = {},
): Promise<AvatarRow> {
  const wish = { imagesUrl: photos(), ...input };
  const { startTraining: result } = await app.execute(StartTrainingDocument, { input: wish }, as);
  return 'avatar' in result ? result.avatar : refused(result);
}

/** Starts a training and waits for its end, whichever it is. */
export async function train(
  app: TestApp,
  input: Pick<StartTrainingInput, 'avatarId'> & Partial<StartTrainingInput>,
  as: As = {},
): Promise<AvatarRow> {
  const { version } = await startTraining(app, input, as);
  return settled(app, input.avatarId, version - 1, as);
}

/** The first state above a version in which no training is on its way. */
export async function settled(
  app: TestApp,
  avatarId: string | number,
  afterVersion = 0,
  as: As = {},
): Promise<AvatarRow> {
  const watch = app.avatarStatus({ avatarId, afterVersion }, as);
  try {
    return await watch.until(({ status }) => SETTLED.has(status), 'the end of the training');
  } finally {
    await watch.stop();
  }
}

const SETTLED = new Set<AvatarRow['status']>(['COMPLETED', 'FAILED', 'CANCELLED']);

export async function trainedAvatar(
  app: TestApp,
  input: Partial<CreateAvatarInput> = {},
  as: As = {},
): Promise<AvatarRow> {
  const { id } = await newAvatar(app, input, as);
  return train(app, { avatarId: id }, as);
}

export async function generate(
  app: TestApp,
  input: Pick<GenerateImageInput, 'avatarId'> & Partial<GenerateImageInput>,
  as: As = {},
): Promise<GenerationRow> {
  const wish = { prompt: 'a portrait by the window', ...input };
  const { generateImage: result } = await app.execute(GenerateImageDocument, { input: wish }, as);
  return 'generation' in result ? result.generation : refused(result);
}

/** What fal was sent last. */
export function lastSubmit(app: TestApp): RecordedRequest {
  const request = app.simulator.requests().at(-1);
  if (request === undefined) throw new Error('fal was sent nothing');
  return request;
}

/** What fal was sent for one avatar's trainings, as their archive's address tells. */
export function submitsOf(app: TestApp, imagesUrl: string): RecordedRequest[] {
  return app.simulator.requests().filter(({ body }) => JSON.stringify(body).includes(imagesUrl));
}

function refused(result: object): never {
  throw new Error(`Refused: ${JSON.stringify(result)}`);
}
