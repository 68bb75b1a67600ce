import { hashOfToken } from './create-photo-uploads.ts';
import { deleteFiles } from '../files/delete-files.ts';
import { newPhotoKey } from '../files/file-keys.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from '../publish-outbox.ts';
import { StorageFullError, type FileStorage } from '../../storage/file-storage.ts';
import type { CheckedPhoto, PhotoReason, PhotoWarning } from '../../domain/photo.ts';
import type { KeyedSemaphore } from '../../async/keyed-semaphore.ts';

/** An upload that is on the disk. */
export interface ReceivedPhoto {
  /** What its bytes show, or why it cannot be used. */
  check(ownerId: string): Promise<CheckedPhoto | PhotoReason>;
  /** The photo as it is stored; of an upload that passed the check. */
  content(): AsyncIterable<Uint8Array>;
  /** Removes it from the disk. */
  remove(): Promise<void>;
}

export interface PhotoIntake {
  receive(
    chunks: AsyncIterable<Uint8Array>,
    size: number,
  ): Promise<
    | { readonly kind: 'received'; readonly photo: ReceivedPhoto }
    | { readonly kind: 'wrong-length' | 'too-slow' | 'broken' | 'full' }
  >;
}

export type ExpectedPhoto = {
  readonly id: string;
  readonly ownerId: string;
  readonly avatarId: string;
  /** In bytes. */
  readonly size: number;
  readonly isPending: boolean;
  readonly isExpired: boolean;
};

export type PhotoVerdict =
  | { readonly state: 'ACCEPTED'; readonly warnings: readonly PhotoWarning[] }
  | { readonly state: 'REFUSED'; readonly reason: PhotoReason };

export interface PhotoUploadStore {
  findExpected(tokenHash: string): Promise<ExpectedPhoto | null>;
  /**
   * Stores the result of a check, in comparison with the avatar's other photos. Null when the photo was deleted, or
   * another upload was faster.
   *
   * @param key of the stored photo; null for a photo that the check refused
   */
  savePhoto(
    photo: ExpectedPhoto,
    checked: CheckedPhoto | PhotoReason,
    key: string | null,
  ): Promise<{ readonly verdict: PhotoVerdict; readonly outbox: readonly OutboxEntry[] } | null>;
}

export type ReceivePhotoDeps = PublishDeps & {
  readonly photoStore: PhotoUploadStore;
  readonly photoFiles: FileStorage;
  readonly photoIntake: PhotoIntake;
  /** Uploads under way, of one photo, and of one owner and in total. */
  readonly uploadPlaces: Readonly<Record<'photo' | 'owner', KeyedSemaphore>>;
};

export type ReceiveOutcome =
  | { readonly kind: 'checked'; readonly photoId: string; readonly verdict: PhotoVerdict }
  | {
      readonly kind:
        | 'unknown'
        | 'used'
        | 'expired'
        | 'under-way'
        | 'no-room'
        | 'wrong-length'
        | 'too-slow'
        | 'broken'
        | 'full';
    };

/**
 * Takes the upload of a photo, checks it, and stores it or the reason of its refusal. After any other outcome nothing is
 * stored, and the URL can be used again.
 *
 * @param declared in bytes, before the first of them is read
 * @throws if the database or the storage is unavailable: the result may have been stored
 */
export async function receivePhoto(
  deps: ReceivePhotoDeps,
  token: string,
  { declared, chunks }: { readonly declared: number; readonly chunks: AsyncIterable<Uint8Array> },
): Promise<ReceiveOutcome> {
  const { photoStore, uploadPlaces } = deps;
  const expected = await photoStore.findExpected(hashOfToken(token));
  if (expected === null) return { kind: 'unknown' };
  if (!expected.isPending) return { kind: 'used' };
  if (expected.isExpired) return { kind: 'expired' };
  if (declared !== expected.size) return { kind: 'wrong-length' };
  const outcome = await uploadPlaces.photo.run(expected.id, async () => {
    const received = await uploadPlaces.owner.run(expected.ownerId, () => receive(deps, expected, chunks));
    return received ?? { kind: 'no-room' as const };
  });
  return outcome ?? { kind: 'under-way' };
}

async function receive(
  deps: ReceivePhotoDeps,
  expected: ExpectedPhoto,
  chunks: AsyncIterable<Uint8Array>,
): Promise<ReceiveOutcome> {
  const received = await deps.photoIntake.receive(chunks, expected.size);
  if (received.kind !== 'received') return received;
  const { photo } = received;
  try {
    return await judge(deps, expected, photo);
  } catch (error) {
    if (error instanceof StorageFullError) return { kind: 'full' };
    throw error;
  } finally {
    await photo.remove();
  }
}

async function judge(
  deps: ReceivePhotoDeps,
  expected: ExpectedPhoto,
  photo: ReceivedPhoto,
): Promise<ReceiveOutcome> {
  const { photoStore, photoFiles } = deps;
  const checked = await photo.check(expected.ownerId);
  const key = typeof checked === 'string' ? null : newPhotoKey(expected.avatarId);
  if (key !== null) await photoFiles.put(key, photo.content());
  const saved = await photoStore.savePhoto(expected, checked, key);
  // A crash before this leaves a file without a row, which the sweep removes.
  if (key !== null && saved?.verdict.state !== 'ACCEPTED')
    await deleteFiles({ storage: photoFiles, log: deps.log }, [key]);
  if (saved === null) return { kind: 'used' };
  publishSoon(deps, saved.outbox);
  return { kind: 'checked', photoId: expected.id, verdict: saved.verdict };
}
