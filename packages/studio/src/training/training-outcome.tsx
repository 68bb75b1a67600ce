import type { Avatar, PhotoSet } from '@likeness/client';
import { links } from '../live/place.ts';
import { Trouble, TroubleOf } from '../parts/trouble.tsx';
import { useStartTraining } from './use-start-training.ts';
import { wordsOfFailure } from '../words/failures.ts';

type TrainingOutcomeProps = {
  readonly avatar: Avatar;
  readonly set: PhotoSet | null;
  readonly room: 'photos' | 'images';
};

/** Why the last training failed, and the way to repeat it. Nothing after a success. */
export function TrainingOutcome({ avatar, set, room }: TrainingOutcomeProps) {
  const start = useStartTraining(avatar);
  const { status, error } = avatar;
  if (status !== 'FAILED' && status !== 'CANCELLED') return null;
  const words =
    error == null
      ? { title: 'The training was cancelled', advice: 'Your photos are still here.' }
      : wordsOfFailure(error.code, 'training');
  return (
    <>
      <Trouble {...words} detail={error?.message ?? null}>
        {set?.isEnough === true && (
          <button
            type="button"
            className="button primary"
            disabled={start.isBusy}
            onClick={() => void start.run(false)}
          >
            {start.isBusy ? 'Sending photos to fal…' : 'Train again'}
          </button>
        )}
        {room === 'images' && (
          <a className="button" href={links.photos(avatar.id)}>
            Show the photos
          </a>
        )}
      </Trouble>
      {start.error !== null && <TroubleOf error={start.error} />}
    </>
  );
}
