import { useRef } from 'react';
import { RefusalError, type Avatar } from '@likeness/client';
import { randomId } from '../live/random-id.ts';
import { useCall } from '../parts/use-call.ts';
import { useStudio } from '../live/studio.ts';

/** Starts a training from the photos of the avatar. After a lost answer, the same call is repeated, not a second one. */
export function useStartTraining(avatar: Avatar) {
  const { client, library } = useStudio();
  const key = useRef<string | null>(null);
  return useCall(async (keepPhotos: boolean) => {
    key.current ??= randomId();
    try {
      const idempotencyKey = key.current;
      const started = await client.startTraining({ avatarId: avatar.id, keepPhotos, idempotencyKey });
      key.current = null;
      library.putAvatar(started);
      return started;
    } catch (error) {
      if (error instanceof RefusalError) key.current = null;
      throw error;
    }
  });
}
