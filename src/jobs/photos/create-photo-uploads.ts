import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { newId } from '../ids.ts';
import { parseInput, text, wholeNumber, type Optional } from '../parse-input.ts';
import { PHOTO_LIMITS } from '../../domain/photo.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from '../publish-outbox.ts';
import { NO_SUCH_AVATAR, refuse, type Result } from '../../domain/refusal.ts';
import { MINUTE_MS } from '../../values/units.ts';

export const MAX_FILE_NAME_LENGTH = 200;
export const MAX_CAPTION_LENGTH = 1000;
/** How long the URL for an upload is valid. */
const UPLOAD_LIFETIME_MS = 15 * MINUTE_MS;

const fileSchema = z.object({
  name: text(MAX_FILE_NAME_LENGTH).refine((name) => !/[/\\]/.test(name) && !/^\.+$/.test(name), {
    error: 'the name of a file without its folder',
  }),
  size: wholeNumber(1, PHOTO_LIMITS.bytes),
  caption: text(MAX_CAPTION_LENGTH).optional(),
});

const inputSchema = z.object({
  avatarId: z.string(),
  files: z
    .array(z.preprocess(withoutNulls, fileSchema))
    .refine(({ length }) => length >= 1 && length <= PHOTO_LIMITS.count, {
      error: `1 to ${PHOTO_LIMITS.count} files`,
    }),
});

type CreatePhotoUploadsInput = {
  readonly avatarId: string;
  readonly files: readonly Optional<z.input<typeof fileSchema>>[];
};

export type NewPhoto = {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly caption: string | null;
  readonly tokenHash: string;
};

export interface NewPhotoStore {
  /**
   * Adds photos to an avatar. New ones replace those of the same name that are not uploaded yet. If a limit refuses
   * them, none is added, and `limit` is the message.
   */
  insertPhotos(
    ownerId: string,
    avatarId: string,
    photos: readonly NewPhoto[],
    lifetimeMs: number,
  ): Promise<
    { readonly outbox: readonly OutboxEntry[]; readonly expiresAt: Date } | { readonly limit: string } | null
  >;
}

export type CreatePhotoUploadsDeps = PublishDeps & { readonly photoStore: NewPhotoStore };

export type PhotoUpload = {
  readonly photoId: string;
  readonly name: string;
  /** Part of the URL: the right to upload this one photo, once. */
  readonly token: string;
  readonly expiresAt: Date;
};

/** Announces photos. Each gets a token that entitles to its upload. */
export async function createPhotoUploads(
  deps: CreatePhotoUploadsDeps,
  ownerId: string,
  input: CreatePhotoUploadsInput,
): Promise<
  Result<
    { readonly avatarId: string; readonly uploads: readonly PhotoUpload[] },
    'INVALID_INPUT' | 'NOT_FOUND' | 'LIMIT_EXCEEDED'
  >
> {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { avatarId, files } = parsed.done;
  const photos = files.map(({ name, size, caption = null }) => {
    const token = randomBytes(32).toString('base64url');
    return { id: newId('pho'), name, size, caption, token, tokenHash: hashOfToken(token) };
  });
  const inserted = await deps.photoStore.insertPhotos(
    ownerId,
    avatarId,
    photos.map(({ token: _secret, ...photo }) => photo),
    UPLOAD_LIFETIME_MS,
  );
  if (inserted === null) return NO_SUCH_AVATAR;
  if ('limit' in inserted) return refuse('LIMIT_EXCEEDED', inserted.limit);
  publishSoon(deps, inserted.outbox);
  const { expiresAt } = inserted;
  return {
    done: {
      avatarId,
      uploads: photos.map(({ id, name, token }) => ({ photoId: id, name, token, expiresAt })),
    },
  };
}

/** SHA-256 (hex): the database never has a token. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** From GraphQL, where null means absent. */
function withoutNulls(file: unknown): unknown {
  return Object.fromEntries(Object.entries(file as object).filter(([, value]) => value !== null));
}
