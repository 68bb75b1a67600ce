import { useEffect, useRef } from 'react';
import type { Avatar } from '@likeness/client';
import { announce } from '../parts/announcer.tsx';
import { count } from '../words/numbers.ts';
import { Gallery } from './gallery.tsx';
import { goTo, links } from '../live/place.ts';
import { newestFirst, type Generation } from '../live/library.ts';
import { generationsOf, shotsOf } from './cover.ts';
import { PromptBox } from './prompt-box.tsx';
import { TroubleOf } from '../parts/trouble.tsx';
import { useCall } from '../parts/use-call.ts';
import { useObservable } from '../live/observable.ts';
import { useStudio } from '../live/studio.ts';
import { Viewer } from './viewer.tsx';
import { wordsOfFailure } from '../words/failures.ts';

type ImageRoomProps = {
  readonly avatar: Avatar;
  readonly shown: { readonly id: string; readonly index: number } | null;
};

/** The prompt, and the images of the avatar. */
export function ImageRoom({ avatar, shown }: ImageRoomProps) {
  const { library } = useStudio();
  const { generations: all, shelves } = useObservable(library);
  const shelf = shelves.get(avatar.id);
  const read = useCall(() => library.loadGenerations(avatar.id));
  const { run } = read;
  useEffect(() => {
    if (shelf === undefined) void run();
    // Only at first: after a failure the user decides.
  }, [run]);
  const generations = generationsOf(avatar.id, all);
  useEndAnnouncements(generations);
  const shots = generations.flatMap(shotsOf);
  const open = shots.find(({ generation, index }) => generation.id === shown?.id && index === shown.index);
  return (
    <section aria-label="Images" className="images">
      <PromptBox avatar={avatar} isFirst={generations.length === 0 && shelf?.isLoading !== true} />
      <Gallery avatar={avatar} generations={generations} />
      {read.error !== null && <TroubleOf error={read.error} />}
      {shelf?.next != null && (
        <p className="more">
          <button type="button" className="button" disabled={read.isBusy} onClick={() => void run()}>
            {read.isBusy ? 'Loading…' : 'Show older images'}
          </button>
        </p>
      )}
      {open !== undefined && (
        <Viewer
          avatar={avatar}
          shots={shots}
          shot={open}
          onClose={() => goTo(links.images(avatar.id), { replace: true })}
        />
      )}
    </section>
  );
}

const hasEnded = ({ status }: Generation) => status !== 'QUEUED' && status !== 'RUNNING';

/** Announces the end of each generation to screen readers. */
function useEndAnnouncements(generations: readonly Generation[]): void {
  const underWay = useRef(new Set<string>());
  useEffect(() => {
    for (const generation of newestFirst(generations)) {
      if (!hasEnded(generation)) underWay.current.add(generation.id);
      else if (underWay.current.delete(generation.id)) {
        announce(
          generation.status === 'COMPLETED'
            ? `${count(generation.images.length, 'image')} ready: ${generation.prompt}`
            : generation.error == null
              ? 'The image was cancelled'
              : wordsOfFailure(generation.error.code, 'image').title,
        );
      }
    }
  }, [generations]);
}
