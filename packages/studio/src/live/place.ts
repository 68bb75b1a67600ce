import { useSyncExternalStore } from 'react';

/** Where the user is. The fragment of the address has it, so that a link and a reload lead there. */
export type Place =
  | { readonly kind: 'wall' }
  | { readonly kind: 'new' }
  | {
      readonly kind: 'avatar';
      readonly id: string;
      readonly room: 'photos' | 'pictures' | null;
      /** A picture that is shown large: its generation and its number. */
      readonly shown: { readonly id: string; readonly index: number } | null;
    };

export function placeIn(hash: string): Place {
  const [first, id, room, picture] = hash.replace(/^#\/?/, '').split('/');
  if (first === 'new') return { kind: 'new' };
  if (first !== 'avatars' || id === undefined || id === '') return { kind: 'wall' };
  const [, generation, number] = /^([\w-]+)\.(\d)$/.exec(picture ?? '') ?? [];
  return {
    kind: 'avatar',
    id,
    room: room === 'photos' || room === 'pictures' ? room : null,
    shown: generation === undefined ? null : { id: generation, index: Number(number) - 1 },
  };
}

export const links = {
  wall: '#/',
  new: '#/new',
  avatar: (id: string) => `#/avatars/${id}`,
  photos: (id: string) => `#/avatars/${id}/photos`,
  pictures: (id: string) => `#/avatars/${id}/pictures`,
  picture: (avatarId: string, id: string, index: number) =>
    `#/avatars/${avatarId}/pictures/${id}.${index + 1}`,
};

export function usePlace(): Place {
  const hash = useSyncExternalStore(onHash, () => location.hash);
  return placeIn(hash);
}

/** `replace`: the back button leads past the present place. */
export function goTo(link: string, { replace = false } = {}): void {
  if (replace) location.replace(link);
  else location.assign(link);
}

function onHash(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}
