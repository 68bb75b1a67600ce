import { useSyncExternalStore } from 'react';

/** The place of the user, stored in the fragment of the address: links and reloads keep it. */
export type Place =
  | { readonly kind: 'wall' }
  | { readonly kind: 'new' }
  | {
      readonly kind: 'avatar';
      readonly id: string;
      readonly room: 'photos' | 'images' | null;
      /** The image that is shown large: its generation and its index. */
      readonly shown: { readonly id: string; readonly index: number } | null;
    };

export function placeIn(hash: string): Place {
  const [first, id, room, image] = hash.replace(/^#\/?/, '').split('/');
  if (first === 'new') return { kind: 'new' };
  if (first !== 'avatars' || id === undefined || id === '') return { kind: 'wall' };
  const [, generation, number] = /^([\w-]+)\.(\d)$/.exec(image ?? '') ?? [];
  return {
    kind: 'avatar',
    id,
    room: room === 'photos' || room === 'images' ? room : null,
    shown: generation === undefined ? null : { id: generation, index: Number(number) - 1 },
  };
}

export const links = {
  wall: '#/',
  new: '#/new',
  avatar: (id: string) => `#/avatars/${id}`,
  photos: (id: string) => `#/avatars/${id}/photos`,
  images: (id: string) => `#/avatars/${id}/images`,
  image: (avatarId: string, id: string, index: number) => `#/avatars/${avatarId}/images/${id}.${index + 1}`,
};

export function usePlace(): Place {
  const hash = useSyncExternalStore(onHash, () => location.hash);
  return placeIn(hash);
}

/** `replace`: the back button skips the current place. */
export function goTo(link: string, { replace = false } = {}): void {
  if (replace) location.replace(link);
  else location.assign(link);
}

function onHash(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}
