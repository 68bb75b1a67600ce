import type { PhotoSet } from '@likeness/client';

/** How many photos are accepted, against what the trainer needs and what is good. */
export function Tally({ set }: { readonly set: PhotoSet }) {
  const { accepted, minimum, recommended } = set;
  const end = Math.max(recommended, accepted, 1);
  const at = (value: number) => ({ insetInlineStart: `${(100 * value) / end}%` });
  return (
    <div className="tally">
      <p className="tally-words">
        <strong>{accepted}</strong> accepted
        <span className="tally-goal">
          {accepted < minimum
            ? `${minimum} needed, ${recommended} recommended`
            : accepted < recommended
              ? `enough; ${recommended} are better`
              : 'as many as it takes'}
        </span>
      </p>
      <div className="tally-scale" aria-hidden="true">
        <span className="tally-fill" style={{ inlineSize: `${(100 * accepted) / end}%` }} />
        <span className={`tally-tick ${accepted >= minimum ? 'is-reached' : ''}`} style={at(minimum)} />
        <span
          className={`tally-tick ${accepted >= recommended ? 'is-reached' : ''}`}
          style={at(recommended)}
        />
      </div>
    </div>
  );
}
