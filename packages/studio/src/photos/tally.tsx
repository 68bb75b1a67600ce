import type { PhotoSet } from '@likeness/client';

/** The number of accepted photos, against the trainer's minimum and recommendation. */
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
              ? `enough, ${recommended} recommended`
              : 'as many as recommended'}
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
