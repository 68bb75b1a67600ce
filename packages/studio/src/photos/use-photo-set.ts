import { useEffect, useState } from 'react';
import { LikenessError, type PhotoSet } from '@likeness/client';
import { useStudio } from '../live/studio.ts';

const RETRY_MS = 3000;

/** The photos of an avatar, kept up to date; null until they are there. */
export function usePhotoSet(avatarId: string): PhotoSet | null {
  const { client, session } = useStudio();
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
  return set?.avatarId === avatarId ? set : null;
}
