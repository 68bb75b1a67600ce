import { downloadPicture, savePicture } from '../pictures.ts';
import { unrefused } from '../api-client.ts';
import type { AvatarState } from '../watch-avatar.ts';
import type { Cast, Scene } from '../scene.ts';
import type { GenerationStatusSubscription } from '../../src/generated/contract/graphql.ts';

type GenerationState = GenerationStatusSubscription['generationStatus'];

/** In bytes. A picture of this size that is smaller shows nothing. */
const SMALLEST_PICTURE = 5_000;

/** Draws from both avatars, and saves the pictures. One prompt lacks the trigger, the other one has it. */
export async function draw(scene: Scene, cast: Cast): Promise<void> {
  const { narrator, wait } = scene;
  const [portrait, style] = cast;
  narrator.step('Draw from each');
  const drawing = Promise.all([
    drawOne(scene, portrait, 'portrait in soft light'),
    drawOne(scene, style, `portrait at dawn, ${style.triggerPhrase}`),
  ]);
  const drawn = await narrator.during('drawing', wait('both pictures', drawing));
  for (const [index, { avatar, generation, prompt, seen }] of drawn.entries()) {
    if (index > 0) narrator.line('');
    const [image] = generation.images;
    if (generation.status !== 'COMPLETED' || image === undefined) {
      throw new Error(
        `Drawing ${avatar.name} ended ${generation.status}: ${generation.error?.message ?? 'no picture'}`,
      );
    }
    const picture = await wait('the download of a picture', downloadPicture(image.url));
    const path = await savePicture(avatar.name.toLowerCase(), picture);
    narrator.fact(avatar.name, `asked   "${prompt}"`);
    narrator.fact('', `told    ${seen.join(' → ')}`);
    narrator.fact(
      '',
      `saved   ${path}  (${picture.width} × ${picture.height}, ${Math.round(picture.bytes.length / 1000)} kB)`,
    );
    const isAsTold = picture.width === image.width && picture.height === image.height;
    if (!isAsTold || picture.bytes.length < SMALLEST_PICTURE) {
      throw new Error(
        `${path} is not the picture the API told of: ${image.width ?? '?'} × ${image.height ?? '?'}`,
      );
    }
  }
  narrator.promise(
    drawn.every(({ seen }) => seen[0] !== 'COMPLETED'),
    'generateImage does not wait either; both pictures decode, whole.',
  );
}

async function drawOne({ client, wait }: Scene, avatar: AvatarState, prompt: string) {
  const { generateImage } = await wait(
    `generateImage of ${avatar.name}`,
    client.send('GenerateImage', { input: { avatarId: avatar.id, prompt } }),
  );
  let { generation }: { generation: GenerationState } = unrefused(generateImage, 'GenerateImagePayload');
  const seen: string[] = [generation.status];
  const watch = client.watch('GenerationStatus', { generationId: generation.id });
  for await (const { generationStatus } of watch) {
    generation = generationStatus;
    if (seen.at(-1) !== generation.status) seen.push(generation.status);
  }
  return { avatar, prompt, generation, seen };
}
