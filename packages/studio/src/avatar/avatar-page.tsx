import { useEffect, useRef, useState } from 'react';
import { announce } from '../parts/announcer.tsx';
import { AvatarHead } from './avatar-head.tsx';
import { icons } from '../parts/icons.tsx';
import { isUnderWay, statusInWords } from '../words/avatar-status.ts';
import { goTo, links, type Place } from '../live/place.ts';
import { PhotoRoom } from '../photos/photo-room.tsx';
import { ImageRoom } from '../images/image-room.tsx';
import { Portrait } from '../home/portrait.tsx';
import { TrainingOutcome } from '../training/training-outcome.tsx';
import { TrainingRoom } from '../training/training-room.tsx';
import { useObservable } from '../live/observable.ts';
import { usePhotoSet } from '../photos/use-photo-set.ts';
import { useStudio } from '../live/studio.ts';
import type { Avatar } from '@likeness/client';

type AvatarPlace = Extract<Place, { readonly kind: 'avatar' }>;

export function AvatarPage({ place }: { readonly place: AvatarPlace }) {
  const { library } = useStudio();
  const { avatars } = useObservable(library);
  const avatar = avatars.get(place.id);
  const [isMissing, setIsMissing] = useState(false);
  useEffect(() => {
    if (avatar !== undefined) return;
    let isCurrent = true;
    library.loadAvatar(place.id).then(
      (isThere) => isCurrent && setIsMissing(!isThere),
      () => isCurrent && setIsMissing(true),
    );
    return () => {
      isCurrent = false;
    };
  }, [library, place.id, avatar]);
  if (avatar !== undefined) return <Avatar avatar={avatar} place={place} />;
  if (!isMissing) return <p className="loading">Loading the avatar…</p>;
  return (
    <div className="empty">
      <h1 className="display">Avatar not found</h1>
      <p className="lead">It may have been deleted.</p>
      <a className="button" href={links.wall}>
        All avatars
      </a>
    </div>
  );
}

function Avatar({ avatar, place }: { readonly avatar: Avatar; readonly place: AvatarPlace }) {
  const { trays } = useStudio();
  useObservable(trays);
  const { set, readAgain } = usePhotoSet(avatar.id);
  useStatusAnnouncements(avatar);
  useWayToImages(avatar);
  useEffect(() => {
    document.title = `${avatar.name} · Likeness Studio`;
  }, [avatar.name]);
  const room = place.room ?? (avatar.isReady ? 'images' : 'photos');
  const photo = set?.photos.find(({ state }) => state === 'ACCEPTED');
  return (
    <div className={`avatar ${avatar.isReady ? '' : 'is-new'}`}>
      <aside className="avatar-side">
        <a className="back" href={links.wall}>
          {icons.back} All avatars
        </a>
        <Portrait
          avatar={avatar}
          edge={avatar.triggerPhrase}
          photo={photo === undefined ? null : (trays.previewOf(photo.id) ?? photo.url)}
        />
      </aside>
      <div className="avatar-work">
        <AvatarHead avatar={avatar} />
        {avatar.isReady && (
          <nav className="rooms" aria-label={`Parts of ${avatar.name}`}>
            <a href={links.images(avatar.id)} aria-current={room === 'images' ? 'page' : undefined}>
              Images
            </a>
            <a href={links.photos(avatar.id)} aria-current={room === 'photos' ? 'page' : undefined}>
              Photos and training
            </a>
          </nav>
        )}
        {isUnderWay(avatar) && <TrainingRoom avatar={avatar} />}
        <TrainingOutcome avatar={avatar} set={set} room={room} />
        {room === 'images' && avatar.isReady ? (
          <ImageRoom avatar={avatar} shown={place.shown} />
        ) : (
          !isUnderWay(avatar) && <PhotoRoom avatar={avatar} set={set} readAgain={readAgain} />
        )}
      </div>
    </div>
  );
}

/** Shows the images when a training completes while its page is open. */
function useWayToImages(avatar: Avatar): void {
  const wasUnderWay = useRef(false);
  useEffect(() => {
    if (wasUnderWay.current && avatar.status === 'COMPLETED')
      goTo(links.images(avatar.id), { replace: true });
    wasUnderWay.current = isUnderWay(avatar);
  }, [avatar]);
}

/** Announces each new state of a training to screen readers, but not its percentage. */
function useStatusAnnouncements(avatar: Avatar): void {
  const before = useRef(avatar.status);
  useEffect(() => {
    if (before.current === avatar.status) return;
    before.current = avatar.status;
    announce(`${avatar.name}: ${statusInWords(avatar)}`);
  }, [avatar]);
}
