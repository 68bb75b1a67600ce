import { useEffect, useRef } from 'react';
import type { Avatar } from '@likeness/client';
import { announce } from '../parts/announcer.tsx';
import { count } from '../words/numbers.ts';
import { Gallery } from './gallery.tsx';
import { goTo, links } from '../live/place.ts';
import { newestFirst, type Picture } from '../live/library.ts';
import { picturesOf, shotsOf } from './cover.ts';
import { PromptBox } from './prompt-box.tsx';
import { TroubleOf } from '../parts/trouble.tsx';
import { useCall } from '../parts/use-call.ts';
import { useObservable } from '../live/observable.ts';
import { useStudio } from '../live/studio.ts';
import { Viewer } from './viewer.tsx';
import { wordsOfFailure } from '../words/failures.ts';

type PictureRoomProps = {
  readonly avatar: Avatar;
  readonly shown: { readonly id: string; readonly index: number } | null;
};

/** The prompt and the pictures that were made with it. */
export function PictureRoom({ avatar, shown }: PictureRoomProps) {
  const { library } = useStudio();
  const { pictures: all, shelves } = useObservable(library);
  const shelf = shelves.get(avatar.id);
  const read = useCall(() => library.loadPictures(avatar.id));
  const { run } = read;
  useEffect(() => {
    if (shelf === undefined) void run();
    // Only at first: after a failure the user decides.
  }, [run]);
  const pictures = picturesOf(avatar.id, all);
  useEndAnnouncements(pictures);
  const shots = pictures.flatMap(shotsOf);
  const open = shots.find(({ generation, index }) => generation.id === shown?.id && index === shown.index);
  return (
    <section aria-label="Pictures" className="pictures">
      <PromptBox avatar={avatar} isFirst={pictures.length === 0 && shelf?.isLoading !== true} />
      <Gallery avatar={avatar} pictures={pictures} />
      {read.error !== null && <TroubleOf error={read.error} />}
      {shelf?.next != null && (
        <p className="more">
          <button type="button" className="button" disabled={read.isBusy} onClick={() => void run()}>
            {read.isBusy ? 'Loading…' : 'Show older pictures'}
          </button>
        </p>
      )}
      {open !== undefined && (
        <Viewer
          avatar={avatar}
          shots={shots}
          shot={open}
          onClose={() => goTo(links.pictures(avatar.id), { replace: true })}
        />
      )}
    </section>
  );
}

const hasEnded = ({ status }: Picture) => status !== 'QUEUED' && status !== 'RUNNING';

/** Says when pictures that were under way have ended. */
function useEndAnnouncements(pictures: readonly Picture[]): void {
  const underWay = useRef(new Set<string>());
  useEffect(() => {
    for (const picture of newestFirst(pictures)) {
      if (!hasEnded(picture)) underWay.current.add(picture.id);
      else if (underWay.current.delete(picture.id)) {
        announce(
          picture.status === 'COMPLETED'
            ? `${count(picture.images.length, 'picture')} ready: ${picture.prompt}`
            : picture.error == null
              ? 'The picture was cancelled'
              : wordsOfFailure(picture.error.code, 'picture').title,
        );
      }
    }
  }, [pictures]);
}
