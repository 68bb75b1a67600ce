import type { ReactNode } from 'react';
import { wordsOfError } from '../words/failures.ts';

type TroubleProps = {
  readonly title: string;
  readonly advice: string;
  /** The message of the server or of fal. */
  readonly detail?: string | null;
  readonly children?: ReactNode;
};

/** A problem, its remedy, and the exact message below. */
export function Trouble({ title, advice, detail = null, children }: TroubleProps) {
  return (
    <div className="trouble" role="alert">
      <p className="trouble-title">{title}</p>
      {advice !== '' && <p>{advice}</p>}
      {detail !== null && detail !== '' && <p className="trouble-detail">{detail}</p>}
      {children !== undefined && <div className="trouble-actions">{children}</div>}
    </div>
  );
}

export function TroubleOf({ error, children }: { readonly error: unknown; readonly children?: ReactNode }) {
  return <Trouble {...wordsOfError(error)}>{children}</Trouble>;
}
