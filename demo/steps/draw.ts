import { downloadImage, saveImage } from '../images.ts';
import { accepted } from '../api-client.ts';
import type { AvatarState } from '../watch-avatar.ts';
import type { Avatars, Context } from '../context.ts';
import type { GenerationStatusSubscription } from '../../src/generated/contract/graphql.ts';

type GenerationState = GenerationStatusSubscription['generationStatus'];

/** In bytes. A blank image has a smaller file. */
const SMALLEST_IMAGE = 5_000;

/** Generates an image of each avatar, one prompt without the trigger and one with it, and saves the images. */
export async function draw(context: Context, avatars: Avatars): Promise<void> {
  const { output, wait } = context;
  const [portrait, style] = avatars;
  output.step('Generate an image of each avatar');
  const drawing = Promise.all([
    drawOne(context, portrait, 'portrait in soft light'),
    drawOne(context, style, `portrait at dawn, ${style.triggerPhrase}`),
  ]);
  const drawn = await output.during('generating', wait('both images', drawing));
  for (const [index, { avatar, generation, prompt, seen }] of drawn.entries()) {
    if (index > 0) output.line('');
    const [image] = generation.images;
    if (generation.status !== 'COMPLETED' || image === undefined) {
      throw new Error(
        `The generation of ${avatar.name} ended ${generation.status}: ${generation.error?.message ?? 'no image'}`,
      );
    }
    const file = await wait('the download of an image', downloadImage(image.url));
    const path = await saveImage(avatar.name.toLowerCase(), file);
    output.fact(avatar.name, `prompt  "${prompt}"`);
    output.fact('', `states  ${seen.join(' → ')}`);
    output.fact(
      '',
      `saved   ${path}  (${file.width} × ${file.height}, ${Math.round(file.bytes.length / 1000)} kB)`,
    );
    const hasReportedSize = file.width === image.width && file.height === image.height;
    if (!hasReportedSize || file.bytes.length < SMALLEST_IMAGE) {
      throw new Error(
        `${path} differs from the image that the API reported: ${image.width ?? '?'} × ${image.height ?? '?'}`,
      );
    }
  }
  output.check(
    drawn.every(({ seen }) => seen[0] !== 'COMPLETED'),
    'generateImage returned at once, and both images decode.',
  );
  const [first, second] = drawn.map(({ generation }) => generation.images[0]);
  output.check(
    isOfShape(first, (width, height) => width < height) &&
      isOfShape(second, (width, height) => width === height),
    'By default, a portrait is taller than wide, and a style image is square.',
  );
}

/** Compares the size that the API reports, which equals that of the file. */
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
