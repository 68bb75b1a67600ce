import { useEffect, useId, useState, type SubmitEvent } from 'react';
import type { TrainingType } from '@likeness/client';
import { goTo, links } from '../live/place.ts';
import { Latent } from './portrait.tsx';
import { NameField } from '../parts/name-field.tsx';
import { randomId } from '../live/random-id.ts';
import { TroubleOf } from '../parts/trouble.tsx';
import { useCall } from '../parts/use-call.ts';
import { useStudio } from '../live/studio.ts';

const TYPES: readonly { readonly type: TrainingType; readonly name: string; readonly hint: string }[] = [
  { type: 'PORTRAIT', name: 'Portrait', hint: 'One person, from photos of the face' },
  { type: 'STYLE', name: 'Style', hint: 'A way of drawing, from images in that style' },
];

export function NewAvatar() {
  const { client, library } = useStudio();
  const [name, setName] = useState('');
  const [trainingType, setType] = useState<TrainingType>('PORTRAIT');
  // A retry after a lost response must not create a second avatar.
  const [idempotencyKey] = useState(randomId);
  const field = useId();
  const create = useCall(() =>
    client.createAvatar({
      name: name.trim(),
      trainingType,
      idempotencyKey: `${idempotencyKey}:${trainingType}:${name.trim()}`.slice(0, 200),
    }),
  );
  useEffect(() => {
    document.title = 'New avatar · Likeness Studio';
  }, []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const avatar = await create.run();
    if (avatar === undefined) return;
    library.putAvatar(avatar);
    goTo(links.avatar(avatar.id), { replace: true });
  };
  return (
    <div className="new-page">
      <form className="new-avatar" onSubmit={(event) => void submit(event)}>
        <h1 className="new-title">
          <label htmlFor={field}>{trainingType === 'PORTRAIT' ? 'Who is it?' : 'What is it called?'}</label>
        </h1>
        <NameField
          id={field}
          name={name}
          placeholder={trainingType === 'PORTRAIT' ? 'Ada' : 'Gouache'}
          onName={setName}
        />
        <fieldset className="choices">
          <legend>What do the photos show?</legend>
          {TYPES.map(({ type, name: label, hint }) => (
            <label key={type} className="choice">
              <input
                type="radio"
                name="type"
                value={type}
                checked={trainingType === type}
                onChange={() => setType(type)}
              />
              <span className="choice-name">{label}</span>
              <span className="choice-hint">{hint}</span>
            </label>
          ))}
        </fieldset>
        {create.error !== null && <TroubleOf error={create.error} />}
        <div className="new-actions">
          <button type="submit" className="button primary big" disabled={create.isBusy || name.trim() === ''}>
            {create.isBusy ? 'Creating…' : 'Continue to photos'}
          </button>
          <a className="button quiet" href={links.wall}>
            Cancel
          </a>
        </div>
      </form>
      <span className="film new-film" aria-hidden="true">
        <span className="edge">
          <span>1</span>
          <span>{trainingType}</span>
        </span>
        <span className="frame">
          <Latent name={name} photo={null} percent={null} />
        </span>
      </span>
    </div>
  );
}
