import { useId, useRef, useState, type SyntheticEvent } from 'react';
import { RefusalError, type Avatar } from '@likeness/client';
import { announce } from '../parts/announcer.tsx';
import { count, inDollars } from '../words/numbers.ts';
import { draftOf, keepDraft, type Draft } from './draft.ts';
import { randomId } from '../live/random-id.ts';
import { rememberSize, SIZES } from './sizes.ts';
import { TroubleOf } from '../parts/trouble.tsx';
import { useCall } from '../parts/use-call.ts';
import { usePlan } from '../training/use-plan.ts';
import { useStudio } from '../live/studio.ts';

const IDEAS = {
  PORTRAIT: [
    'in soft window light, black and white, looking aside',
    'as a botanist in a greenhouse, morning haze',
    'on a night street, neon light, 35 mm film',
    'as an oil painting in heavy strokes',
  ],
  STYLE: [
    'a lighthouse in a storm',
    'a bowl of pears by a window',
    'a fox asleep in tall grass',
    'a city square in the rain',
  ],
} as const;

export function PromptBox({ avatar, isFirst }: { readonly avatar: Avatar; readonly isFirst: boolean }) {
  const { client, library } = useStudio();
  const [draft, setDraft] = useState(() => draftOf(avatar));
  const field = useId();
  const key = useRef<string | null>(null);
  const { prompt, size, numImages } = draft;
  const change = (part: Partial<Draft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    keepDraft(avatar.id, next);
    key.current = null;
  };
  const make = useCall(async () => {
    key.current ??= randomId();
    const input = { avatarId: avatar.id, prompt: prompt.trim(), numImages, size };
    try {
      const generation = await client.generateImage({ ...input, idempotencyKey: key.current });
      key.current = null;
      rememberSize(generation.id, size);
      library.putGeneration({ ...generation, avatarId: avatar.id });
      announce(`Generating ${count(numImages, 'image')}`);
    } catch (error) {
      if (error instanceof RefusalError) key.current = null;
      throw error;
    }
  });
  // Any prompt costs the same.
  const plan = usePlan(`${avatar.id} ${avatar.trainer} ${size} ${numImages}`, () =>
    client.planImage({ avatarId: avatar.id, prompt: 'a portrait', numImages, size }),
  );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (prompt.trim() !== '') void make.run();
  };
  return (
    <form className="prompt" onSubmit={submit}>
      <label className="prompt-label" htmlFor={field}>
        {avatar.trainingType === 'STYLE'
          ? `Describe an image in the style of ${avatar.name}`
          : `Describe an image of ${avatar.name}`}
      </label>
      <textarea
        id={field}
        className="prompt-field"
        dir="auto"
        rows={2}
        maxLength={4000}
        value={prompt}
        placeholder="Where, doing what, in which light…"
        onChange={({ target }) => change({ prompt: target.value })}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) submit(event);
        }}
      />
      {isFirst && (
        <ul className="ideas" aria-label="Ideas">
          {IDEAS[avatar.trainingType].map((idea) => (
            <li key={idea}>
              <button type="button" className="idea" onClick={() => change({ prompt: idea })}>
                {idea}
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="prompt-foot">
        <fieldset className="shapes">
          <legend className="unseen">Shape</legend>
          {SIZES.map(({ size: value, name, ratio }) => (
            <label key={value} title={name}>
              <input
                type="radio"
                name="size"
                checked={size === value}
                onChange={() => change({ size: value })}
              />
              <span className="unseen">{name}</span>
              <span className="shape" style={{ aspectRatio: ratio }} aria-hidden="true" />
            </label>
          ))}
        </fieldset>
        <fieldset className="counts">
          <legend className="unseen">How many images</legend>
          {[1, 2, 3, 4].map((value) => (
            <label key={value}>
              <input
                type="radio"
                name="count"
                checked={numImages === value}
                onChange={() => change({ numImages: value })}
              />
              <span>{value}</span>
            </label>
          ))}
        </fieldset>
        <span className="prompt-go">
          <span className="train-cost">{plan?.cost == null ? '' : `About ${inDollars(plan.cost.usd)}`}</span>
          <button type="submit" className="button primary big" disabled={make.isBusy || prompt.trim() === ''}>
            {make.isBusy ? 'Sending…' : `Generate ${count(numImages, 'image')}`}
          </button>
        </span>
      </div>
      {make.error !== null && <TroubleOf error={make.error} />}
    </form>
  );
}
