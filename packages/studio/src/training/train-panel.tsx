import { useState } from 'react';
import type { Avatar, PhotoSet } from '@likeness/client';
import { count, inDollars } from '../words/numbers.ts';
import { TroubleOf } from '../parts/trouble.tsx';
import { useObservable } from '../live/observable.ts';
import { usePlan } from './use-plan.ts';
import { useStartTraining } from './use-start-training.ts';
import { useStudio } from '../live/studio.ts';

/** A longer name does not fit into a button on a phone. */
const LONG_NAME = 24;

/** What the training needs, what it costs, and its start. */
export function TrainPanel({ avatar, set }: { readonly avatar: Avatar; readonly set: PhotoSet }) {
  const { client, trays } = useStudio();
  useObservable(trays);
  const [keepsPhotos, setKeepsPhotos] = useState(false);
  const start = useStartTraining(avatar);
  const plan = usePlan(set.isEnough ? `${avatar.id} ${set.trainer}` : null, () =>
    client.planTraining({ avatarId: avatar.id }),
  );
  const isSending = trays.of(avatar.id).uploads.some(({ result }) => result === null);
  const missing = set.minimum - set.accepted;
  const blocker = isSending
    ? 'Photos are still uploading'
    : missing > 0
      ? `${count(missing, 'more photo')} needed`
      : null;
  return (
    <div className="train-panel">
      {set.advice.length > 0 && (
        <ul className="advice">
          {set.advice.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}

      <label className="check keep">
        <input
          type="checkbox"
          checked={keepsPhotos}
          onChange={({ target }) => setKeepsPhotos(target.checked)}
        />
        Keep the photos after the training
      </label>
      <div className="train-start">
        <button
          type="button"
          className="button primary big"
          disabled={blocker !== null || start.isBusy}
          onClick={() => void start.run(keepsPhotos)}
        >
          {start.isBusy
            ? 'Sending photos to fal…'
            : `Train ${avatar.name.length > LONG_NAME ? 'this avatar' : avatar.name}`}
        </button>
        <p className="train-cost" role="status">
          {blocker ??
            (plan === null
              ? ''
              : plan.cost == null
                ? 'The price of this training is unknown'
                : `About ${inDollars(plan.cost.usd)} at fal`)}
        </p>
      </div>
      {plan?.warnings.map(({ code, message }) => (
        <p key={code} className="hint">
          {message}
        </p>
      ))}
      {start.error !== null && <TroubleOf error={start.error} />}
    </div>
  );
}
