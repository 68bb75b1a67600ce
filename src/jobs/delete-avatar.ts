import { NO_SUCH_AVATAR, type Result } from '../domain/refusal.ts';
import { deleteFilesUnder } from './files/delete-files.ts';
import { copyPrefix, photoPrefix } from './files/file-keys.ts';
import { PHOTOS_KEPT_DAYS } from './photos/photo-archive.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import { DAY_MS } from '../values/units.ts';
import type { RetentionDays } from './submit.ts';
import type { FileKind } from './files/copy-files.ts';
import type { FileStorage } from '../storage/file-storage.ts';

/** Files at fal that a receipt lists. */
export const MAX_FILES_LISTED = 1000;

/** The numbers of the rows and files that are deleted with an avatar, and its files at fal. */
export type Removed = {
  readonly generations: number;
  readonly trainings: number;
  readonly photos: number;
  /** Of the photos as uploaded, and of the copies of files. */
  readonly bytes: number;
  /** Files in our storage. */
  readonly stored: { readonly photos: number; readonly copies: number };
  /** Files of its runs at fal, and the zips of its photos. */
  readonly atFal: readonly {
    readonly kind: FileKind | 'PHOTOS';
    readonly url: string;
    readonly madeAt: Date | null;
  }[];
};

interface DeleteStore {
  /** Deletes the avatar and its generations and cancels their open jobs; null when there is no such avatar. */
  deleteAvatar(
    ownerId: string,
    avatarId: string,
  ): Promise<{ readonly outbox: readonly OutboxEntry[]; readonly removed: Removed } | null>;
}

export type DeleteAvatarDeps = PublishDeps & {
  readonly store: DeleteStore;
  readonly photoFiles: Pick<FileStorage, 'delete' | 'list'>;
  readonly resultFiles: Pick<FileStorage, 'delete' | 'list'>;
  readonly settings: { readonly retentionDays: RetentionDays };
};

export type DeletionReceipt = Omit<Removed, 'stored' | 'atFal'> & {
  /** Files that were deleted from our storage. */
  readonly files: number;
  /** Files that the sweep deletes later. */
  readonly filesLeft: number;
  /** `until` null: the account's setting at fal decides. */
  readonly atFal: readonly { readonly url: string; readonly until: Date | null }[];
};

/**
 * Deletes an avatar with its generations, photos and the copies of its files. The reconciler cancels its open runs at fal;
 * their events are ignored.
 */
export async function deleteAvatar(
  deps: DeleteAvatarDeps,
  ownerId: string,
  avatarId: string,
): Promise<Result<{ readonly deletedAvatarId: string; readonly receipt: DeletionReceipt }, 'NOT_FOUND'>> {
  const deleted = await deps.store.deleteAvatar(ownerId, avatarId);
  if (deleted === null) return NO_SUCH_AVATAR;
  publishSoon(deps, deleted.outbox);
  const { photoFiles, resultFiles, log, settings } = deps;
  const { stored, atFal: filesAtFal, ...counts } = deleted.removed;
  const [photos, copies] = await Promise.all([
    deleteFilesUnder({ storage: photoFiles, log }, photoPrefix(avatarId), stored.photos),
    deleteFilesUnder({ storage: resultFiles, log }, copyPrefix(avatarId), stored.copies),
  ]);
  const { artifacts, images } = settings.retentionDays;
  const daysKept = { ARTIFACT: artifacts, IMAGE: images, PHOTOS: PHOTOS_KEPT_DAYS };
  const atFal = filesAtFal
    .map(({ kind, url, madeAt }) => {
      const days = daysKept[kind];
      const until = days === null || madeAt === null ? null : new Date(madeAt.getTime() + days * DAY_MS);
      return { url, until };
    })
    .filter(({ until }) => until === null || until.getTime() > Date.now());
  const receipt = {
    ...counts,
    files: photos.deleted + copies.deleted,
    filesLeft: photos.left + copies.left,
    atFal,
  };
  return { done: { deletedAvatarId: avatarId, receipt } };
}
