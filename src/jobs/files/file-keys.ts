import { randomBytes } from 'node:crypto';

/** Photos of one avatar share a prefix. */
export function photoPrefix(avatarId: string): string {
  return `${avatarId}/`;
}

export function newPhotoKey(avatarId: string): string {
  return `${photoPrefix(avatarId)}${randomBytes(16).toString('hex')}.jpg`;
}

/** Copies of one avatar share a prefix, and so do those of one run. */
export function copyPrefix(avatarId: string, sourceId?: string): string {
  return sourceId === undefined ? `${avatarId}/` : `${avatarId}/${sourceId}/`;
}

/** New for every attempt: an instance that lost its lease does not touch the copy of another. */
export function newCopyKey(avatarId: string, sourceId: string, position: number): string {
  return `${copyPrefix(avatarId, sourceId)}${position}-${randomBytes(8).toString('hex')}`;
}
