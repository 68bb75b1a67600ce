import { createFalClient } from '@fal-ai/client';
import { unzipSync } from 'fflate';
import type { Context } from '../context.ts';

/** Uploads a zip of photos to fal's storage, as an application does. @returns its URL */
export async function uploadPhotos({ output, wait, services: { simulator } }: Context): Promise<string> {
  output.step('Upload photos');
  const zip = await output.during(
    'drawing sample photos',
    wait('sample photos', samplePhotos(simulator.samplePhotosUrl)),
  );
  const count = Object.keys(unzipSync(zip)).length;
  const fal = createFalClient({
    credentials: 'demo-key-of-the-simulator',
    // Only for the simulator: the client has fal's own URL.
    fetch: (target, init) => {
      const address = target instanceof Request ? target.url : target.toString();
      return fetch(address.replace('https://rest.fal.ai', simulator.restUrl), init);
    },
  });
  const photos = new File([zip], 'photos.zip', { type: 'application/zip' });
  const imagesUrl = await wait('the upload of the photos', fal.storage.upload(photos));
  output.fact('photos.zip', `${count} photos, ${Math.round(zip.length / 1000)} kB  →  fal's storage`);
  const stored = await wait('the stored photos', fetch(imagesUrl));
  const isWhole = Buffer.from(await stored.arrayBuffer()).equals(zip);
  output.check(isWhole, 'The photos are stored at fal; the server gets only their URL.');
  return imagesUrl;
}

async function samplePhotos(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`No sample photos: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
