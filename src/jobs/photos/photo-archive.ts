import { DAY_S } from '../../values/units.ts';
import { refuse, type Result } from '../../domain/refusal.ts';
import type { FileStorage } from '../../storage/file-storage.ts';

type ArchiveFile = {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
};

type Archive = { readonly size: number; readonly content: AsyncIterable<Uint8Array> };

export type StoredPhoto = { readonly id: string; readonly key: string; readonly caption: string | null };

export type UploadRequest = Archive & {
  readonly name: string;
  readonly contentType: string;
  /** After which the provider deletes the file. */
  readonly keepSeconds: number;
};

export type PhotoArchiveDeps = {
  readonly photoStore: {
    findAccepted(ownerId: string, avatarId: string): Promise<readonly StoredPhoto[]>;
  };
  readonly photoFiles: Pick<FileStorage, 'read' | 'size'>;
  /** A zip that is made while it is read. */
  readonly archive: (files: readonly ArchiveFile[]) => Archive;
  readonly provider: {
    /** Never throws for a fault of fal or the network. */
    upload(file: UploadRequest): Promise<{ readonly url: string } | { readonly failed: string }>;
  };
};

/** How long fal keeps the zip. A run starts within a day or is abandoned. */
export const PHOTOS_KEPT_DAYS = 2;

/** The accepted photos of an avatar, if they are enough. */
export async function acceptedPhotos(
  { photoStore }: PhotoArchiveDeps,
  ownerId: string,
  avatarId: string,
  minimum: number,
): Promise<Result<readonly StoredPhoto[], 'INVALID_INPUT'>> {
  const photos = await photoStore.findAccepted(ownerId, avatarId);
  if (photos.length >= minimum) return { done: photos };
  return refuse(
    'INVALID_INPUT',
    `imagesUrl: expected a URL, or at least ${minimum} accepted photos of the avatar, got ${photos.length}. ${minimum - photos.length} more are missing: upload them with createPhotoUploads.`,
  );
}

/** Uploads photos as a zip, from storage to the provider, and resolves with the zip's URL. */
export async function uploadPhotos(
  { photoFiles, archive, provider }: PhotoArchiveDeps,
  photos: readonly StoredPhoto[],
): Promise<Result<string, 'INVALID_INPUT' | 'PROVIDER_UNAVAILABLE'>> {
  const files: ArchiveFile[] = [];
  const contents: AsyncGenerator<Uint8Array>[] = [];
  let missing = 0;
  for (const [index, { key, caption }] of photos.entries()) {
    const stem = `photo-${String(index + 1).padStart(3, '0')}`;
    const size = await photoFiles.size(key);
    const content = contentOf(photoFiles, key);
    contents.push(content);
    if (size === null) missing += 1;
    else files.push({ name: `${stem}.jpg`, size, content });
    if (caption !== null) files.push(textFile(`${stem}.txt`, caption));
  }
  if (missing > 0) {
    const message = `The files of ${missing} photos are not in the storage: delete these photos and upload them again.`;
    return refuse('INVALID_INPUT', message);
  }
  const zip = { name: 'photos.zip', contentType: 'application/zip', keepSeconds: PHOTOS_KEPT_DAYS * DAY_S };
  const uploaded = await provider.upload({ ...archive(files), ...zip });
  // An archive that is not read to its end leaves the file open at which it was. Not awaited: a read may be under way.
  for (const content of contents) content.return(undefined).catch(() => undefined);
  if ('url' in uploaded) return { done: uploaded.url };
  return refuse(
    'PROVIDER_UNAVAILABLE',
    `The photos could not be uploaded to fal (${uploaded.failed}). Nothing was started.`,
  );
}

/** Opens the file when its first chunk is read. */
async function* contentOf(files: Pick<FileStorage, 'read'>, key: string): AsyncGenerator<Uint8Array> {
  const content = await files.read(key);
  if (content === null) throw new Error('a photo was deleted during its upload');
  yield* content;
}

function textFile(name: string, text: string): ArchiveFile {
  const bytes = new TextEncoder().encode(text);
  const content = (async function* () {
    yield bytes;
  })();
  return { name, size: bytes.byteLength, content };
}
