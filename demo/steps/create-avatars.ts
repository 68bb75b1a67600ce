import type { CreateAvatarInput } from '../../src/generated/contract/graphql.ts';
import { accepted } from '../api-client.ts';
import type { AvatarState } from '../watch-avatar.ts';
import type { Avatars, Context } from '../context.ts';

export async function createAvatars(context: Context): Promise<Avatars> {
  const { output } = context;
  output.step('Create two avatars');
  const avatars = [
    await create(context, { name: 'Ada', trainingType: 'PORTRAIT' }),
    await create(context, { name: 'Gouache', trainingType: 'STYLE', triggerPhrase: 'GCHE style' }),
  ] as const;
  for (const { name, trainingType, triggerPhrase } of avatars) {
    output.fact(name, `${trainingType.padEnd(10)}trigger phrase "${triggerPhrase}"`);
  }
  const areDrafts = avatars.every(
    ({ status, isReady, falRequestId }) => status === 'DRAFT' && !isReady && falRequestId === null,
  );
  output.check(areDrafts, 'A person and a style, both DRAFT: nothing was sent to fal yet.');
  return avatars;
}

async function create({ client, wait }: Context, input: CreateAvatarInput): Promise<AvatarState> {
  const { createAvatar } = await wait('createAvatar', client.send('CreateAvatar', { input }));
  return accepted(createAvatar, 'CreateAvatarPayload').avatar;
}
