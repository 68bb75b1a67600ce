import { useState } from 'react';
import type { Avatar } from '@likeness/client';
import { announce } from '../parts/announcer.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { duration } from '../words/numbers.ts';
import { Trouble, TroubleOf } from '../parts/trouble.tsx';
import { useCall } from '../parts/use-call.ts';
import { useNow } from '../parts/use-now.ts';
import { useStudio } from '../live/studio.ts';
import { wordsOfFailure } from '../words/failures.ts';

/** A training under way. Shows only numbers that fal has reported. */
export function TrainingRoom({ avatar }: { readonly avatar: Avatar }) {
  const { status, progress, error, trainingStartedAt } = avatar;
  const [isAsking, setIsAsking] = useState(false);
  const now = useNow(true);
  const percent = status === 'TRAINING' ? (progress?.percent ?? null) : null;
  const place = progress?.queuePosition ?? null;
  const soFar = trainingStartedAt == null ? null : duration(now - Date.parse(trainingStartedAt));
  const isInLine = status === 'QUEUED';
  return (
    <section className="training" aria-labelledby="training-title">
      <h2 id="training-title" className="unseen">
        Training
      </h2>
      <p className="training-figure" aria-hidden="true">
        {isInLine ? (
          place === null ? (
            <span className="figure-word">Queued</span>
          ) : (
            <>
              {place + 1}
              <small>{ordinalEnding(place + 1)} in the queue</small>
            </>
          )
        ) : percent === null ? (
          <span className="figure-word">Training</span>
        ) : (
          <>
            {percent}
            <small>%</small>
          </>
        )}
      </p>
      <div
        className={`training-bar ${percent === null ? 'is-open' : ''}`}
        role="progressbar"
        aria-label={`Training of ${avatar.name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(percent === null ? {} : { 'aria-valuenow': percent })}
        aria-valuetext={isInLine ? 'Queued' : percent === null ? 'Training' : `${percent} %`}
      >
        <span style={percent === null ? undefined : { inlineSize: `${percent}%` }} />
      </div>
      <div className="training-foot">
        <p>
          {isInLine
            ? place === 0
              ? 'Next at fal.'
              : 'Waiting for a free machine at fal.'
            : percent === null
              ? 'fal is training, and has reported no progress yet.'
              : 'fal is learning the face.'.replace(
                  'face',
                  avatar.trainingType === 'STYLE' ? 'style' : 'face',
                )}
          {soFar !== null && <span className="training-time"> {soFar} so far.</span>}
        </p>
        <button type="button" className="button quiet" onClick={() => setIsAsking(true)}>
          Cancel training
        </button>
      </div>
      <p className="hint">You can close this page: the training continues.</p>
      {error != null && <Trouble {...wordsOfFailure(error.code, 'training')} detail={error.message} />}
      {isAsking && <Cancel avatar={avatar} onClose={() => setIsAsking(false)} />}
    </section>
  );
}

function Cancel({ avatar, onClose }: { readonly avatar: Avatar; readonly onClose: () => void }) {
  const { client, library } = useStudio();
  const cancel = useCall(() => client.cancelTraining({ avatarId: avatar.id }));
  const confirm = async () => {
    const cancelled = await cancel.run();
    if (cancelled === undefined) return;
    library.putAvatar(cancelled);
    announce('The training is being cancelled');
    onClose();
  };
  return (
    <Confirm
      title="Cancel the training?"
      action={cancel.isBusy ? 'Cancelling…' : 'Cancel training'}
      isBusy={cancel.isBusy}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p>fal may charge for the work done so far. Your photos stay for the next training.</p>
      {cancel.error !== null && <TroubleOf error={cancel.error} />}
    </Confirm>
  );
}

const ENDINGS = new Map<Intl.LDMLPluralRule, string>([
  ['one', 'st'],
  ['two', 'nd'],
  ['few', 'rd'],
]);

function ordinalEnding(number: number): string {
  return ENDINGS.get(new Intl.PluralRules('en', { type: 'ordinal' }).select(number)) ?? 'th';
}
