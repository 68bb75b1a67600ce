import { useEffect, useRef, useState } from 'react';
import { LikenessError, type PhotoSet } from '@likeness/client';
import { useStudio } from '../live/studio.ts';

const RETRY_MS = 3000;

/**
 * The photos of an avatar, kept up to date; null until they are there. `readAgain` gets new URLs of the photos, which
 * are valid for an hour or two.
 */
export function usePhotoSet(avatarId: string): {
  readonly set: PhotoSet | null;
  readonly readAgain: () => Promise<void>;
} {
  const { client, library, session } = useStudio();
  const [set, setSet] = useState<PhotoSet | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const follow = async () => {
      for (;;) {
        try {
          for await (const next of client.watchPhotoSet(avatarId, { signal })) setSet(next);
          return;
        } catch (error) {
          if (signal.aborted) return;
          const code = error instanceof LikenessError ? error.code : null;
          if (code === 'NOT_FOUND') return;
          if (code === 'UNAUTHENTICATED') session.refuse();
          else await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    };
    void follow();
    return () => controller.abort();
  }, [client, session, avatarId]);
  const reading = useRef<Promise<void> | null>(null);
  const readAgain = () => {
    // One call for all photos whose URLs have expired.
    reading.current ??= library
      .call(() => client.photoSet(avatarId))
      .then((next) => setSet((known) => newer(known, next)))
      .finally(() => (reading.current = null));
    return reading.current;
  };
  return { set: set?.avatarId === avatarId ? set : null, readAgain };
}

function newer(known: PhotoSet | null, read: PhotoSet | null): PhotoSet | null {
  const isNewer = read?.avatarId === known?.avatarId && (read?.version ?? 0) >= (known?.version ?? 0);
  return isNewer ? read : known;
}
