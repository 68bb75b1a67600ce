import type { Avatar, PhotoSet } from '@likeness/client';
import { links } from '../live/place.ts';
import { Trouble, TroubleOf } from '../parts/trouble.tsx';
import { useStartTraining } from './use-start-training.ts';
import { wordsOfFailure } from '../words/failures.ts';

type TrainingOutcomeProps = {
  readonly avatar: Avatar;
  readonly set: PhotoSet | null;
  readonly room: 'photos' | 'pictures';
};

/** Why the last training gave nothing, and how to go on. Nothing after a success. */
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
            {start.isBusy ? 'Sending the photos to fal…' : 'Train again'}
          </button>
        )}
        {room === 'pictures' && (
          <a className="button" href={links.photos(avatar.id)}>
            Look at the photos
          </a>
        )}
      </Trouble>
      {start.error !== null && <TroubleOf error={start.error} />}
    </>
  );
}
