import type { CreateAvatarInput } from '../../src/generated/contract/graphql.ts';
import { unrefused } from '../api-client.ts';
import type { AvatarState } from '../watch-avatar.ts';
import type { Cast, Scene } from '../scene.ts';

export async function createAvatars(scene: Scene): Promise<Cast> {
  const { narrator } = scene;
  narrator.step('Create two avatars');
  const cast = [
    await create(scene, { name: 'Ada', trainingType: 'PORTRAIT' }),
    await create(scene, { name: 'Gouache', trainingType: 'STYLE', triggerPhrase: 'GCHE style' }),
  ] as const;
  for (const { name, trainingType, triggerPhrase } of cast) {
    narrator.fact(name, `${trainingType.padEnd(10)}answers to "${triggerPhrase}"`);
  }
  const areDrafts = cast.every(
    ({ status, isReady, falRequestId }) => status === 'DRAFT' && !isReady && falRequestId === null,
  );
  narrator.promise(areDrafts, 'A person and a style, both DRAFT: nothing was sent to fal yet.');
  return cast;
}

async function create({ client, wait }: Scene, input: CreateAvatarInput): Promise<AvatarState> {
  const { createAvatar } = await wait('createAvatar', client.send('CreateAvatar', { input }));
  return unrefused(createAvatar, 'CreateAvatarPayload').avatar;
}
