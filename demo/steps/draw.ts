import { downloadPicture, savePicture } from '../pictures.ts';
import { accepted } from '../api-client.ts';
import type { AvatarState } from '../watch-avatar.ts';
import type { Avatars, Context } from '../context.ts';
import type { GenerationStatusSubscription } from '../../src/generated/contract/graphql.ts';

type GenerationState = GenerationStatusSubscription['generationStatus'];

/** Bytes; a smaller file of this size is blank. */
const SMALLEST_PICTURE = 5_000;

/** Generates an image of each avatar, one prompt without the trigger and one with it, and saves the images. */
export async function draw(context: Context, avatars: Avatars): Promise<void> {
  const { output, wait } = context;
  const [portrait, style] = avatars;
  output.step('Generate an image of each');
  const drawing = Promise.all([
    drawOne(context, portrait, 'portrait in soft light'),
    drawOne(context, style, `portrait at dawn, ${style.triggerPhrase}`),
  ]);
  const drawn = await output.during('generating', wait('both pictures', drawing));
  for (const [index, { avatar, generation, prompt, seen }] of drawn.entries()) {
    if (index > 0) output.line('');
    const [image] = generation.images;
    if (generation.status !== 'COMPLETED' || image === undefined) {
      throw new Error(
        `The generation of ${avatar.name} ended ${generation.status}: ${generation.error?.message ?? 'no picture'}`,
      );
    }
    const picture = await wait('the download of a picture', downloadPicture(image.url));
    const path = await savePicture(avatar.name.toLowerCase(), picture);
    output.fact(avatar.name, `prompt  "${prompt}"`);
    output.fact('', `states  ${seen.join(' → ')}`);
    output.fact(
      '',
      `saved   ${path}  (${picture.width} × ${picture.height}, ${Math.round(picture.bytes.length / 1000)} kB)`,
    );
    const isAsTold = picture.width === image.width && picture.height === image.height;
    if (!isAsTold || picture.bytes.length < SMALLEST_PICTURE) {
      throw new Error(
        `${path} differs from the image that the API reported: ${image.width ?? '?'} × ${image.height ?? '?'}`,
      );
    }
  }
  output.check(
    drawn.every(({ seen }) => seen[0] !== 'COMPLETED'),
    'generateImage returns at once too, and both images decode.',
  );
  const [first, second] = drawn.map(({ generation }) => generation.images[0]);
  output.check(
    isOfShape(first, (width, height) => width < height) &&
      isOfShape(second, (width, height) => width === height),
    'A portrait is taller than wide, and a style is square, when no size is named.',
  );
}

/** Of the pixels that the API reports, which are those of the file. */
function isOfShape(
  image: GenerationState['images'][number] | undefined,
  isShape: (width: number, height: number) => boolean,
): boolean {
  return image?.width != null && image.height != null && isShape(image.width, image.height);
}

async function drawOne({ client, wait }: Context, avatar: AvatarState, prompt: string) {
  const { generateImage } = await wait(
    `generateImage of ${avatar.name}`,
    client.send('GenerateImage', { input: { avatarId: avatar.id, prompt } }),
  );
  let { generation }: { generation: GenerationState } = accepted(generateImage, 'GenerateImagePayload');
  const seen: string[] = [generation.status];
  const watch = client.watch('GenerationStatus', { generationId: generation.id });
  for await (const { generationStatus } of watch) {
    generation = generationStatus;
    if (seen.at(-1) !== generation.status) seen.push(generation.status);
  }
  return { avatar, prompt, generation, seen };
}
