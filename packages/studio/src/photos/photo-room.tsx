import { useEffect, useRef } from 'react';
import type { PhotoSet } from '@likeness/client';
import { announce } from '../parts/announcer.tsx';
import { ContactSheet, type PhotoSheetProps } from './contact-sheet.tsx';
import { count } from '../words/numbers.ts';
import { Tally } from './tally.tsx';
import { TrainPanel } from '../training/train-panel.tsx';
import { TroubleOf } from '../parts/trouble.tsx';
import { useStudio } from '../live/studio.ts';

/** The photos of an avatar, and the start of its training. */
export function PhotoRoom({ avatar, set, readAgain }: PhotoSheetProps) {
  const { trays } = useStudio();
  const { failure } = trays.of(avatar.id);
  useVerdictAnnouncements(avatar.id, set);
  const what = avatar.trainingType === 'STYLE' ? 'images in the style' : `photos of ${avatar.name}`;
  return (
    <section className="photos" aria-labelledby="photos-title">
      <div className="photos-head">
        <h2 id="photos-title" className="title">
          {avatar.isReady ? 'Train again' : `Add ${what}`}
        </h2>
        {set !== null && <Tally set={set} />}
      </div>
      {avatar.isReady && set?.accepted === 0 && (
        <p className="hint">
          The photos are deleted after each training, unless you keep them. Add photos to train again.
        </p>
      )}
      {failure !== null && (
        <TroubleOf error={failure}>
          <button type="button" className="button" onClick={() => trays.dismissFailure(avatar.id)}>
            Dismiss
          </button>
        </TroubleOf>
      )}
      <ContactSheet avatar={avatar} set={set} readAgain={readAgain} />
      {set !== null && <TrainPanel avatar={avatar} set={set} />}
    </section>
  );
}

/** Announces the result to screen readers when all photos are checked. */
function useVerdictAnnouncements(avatarId: string, set: PhotoSet | null): void {
  const { trays } = useStudio();
  const { uploads } = trays.of(avatarId);
  const open = uploads.filter(({ result }) => result === null).length + (set?.pending ?? 0);
  const before = useRef(0);
  useEffect(() => {
    if (open === 0 && before.current > 0 && set !== null) {
      const refused = set.refused > 0 ? `, ${set.refused} not accepted` : '';
      announce(`${count(set.accepted, 'photo')} accepted${refused}. ${set.advice.join(' ')}`);
    } else if (open > 0 && before.current === 0) {
      announce(`Sending ${count(open, 'photo')}`);
    }
    before.current = open;
  }, [open, set]);
}
