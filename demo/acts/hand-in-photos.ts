import { createFalClient } from '@fal-ai/client';
import { unzipSync } from 'fflate';
import type { Scene } from '../scene.ts';

/** Puts a zip of photos into fal's storage, as an application does for its user. @returns its address */
export async function handInPhotos({ narrator, wait, services: { simulator } }: Scene): Promise<string> {
  narrator.step('Hand in photos');
  const zip = await narrator.during(
    'drawing sample photos',
    wait('sample photos', samplePhotos(simulator.samplePhotosUrl)),
  );
  const count = Object.keys(unzipSync(zip)).length;
  const fal = createFalClient({
    credentials: 'demo-key-of-the-simulator',
    // The client knows fal's own address only; with the real fal this line is not there.
    fetch: (target, init) => {
      const address = target instanceof Request ? target.url : target.toString();
      return fetch(address.replace('https://rest.fal.ai', simulator.restUrl), init);
    },
  });
  const photos = new File([zip], 'photos.zip', { type: 'application/zip' });
  const imagesUrl = await wait('the upload of the photos', fal.storage.upload(photos));
  narrator.fact('photos.zip', `${count} photos, ${Math.round(zip.length / 1000)} kB  →  fal's storage`);
  const stored = await wait('the stored photos', fetch(imagesUrl));
  const isWhole = Buffer.from(await stored.arrayBuffer()).equals(zip);
  narrator.promise(isWhole, 'Photos go straight to fal; the server is only told where they are.');
  return imagesUrl;
}

async function samplePhotos(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`No sample photos: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
