import { useId, useState, type SubmitEvent } from 'react';
import { askForLogin } from './login.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { dateAndTime } from '../words/numbers.ts';
import { expiryOf, tokenIn } from './token.ts';
import { useStudio } from '../live/studio.ts';
import type { SignedOut } from './session.ts';

const REASONS: Readonly<Record<SignedOut, { readonly title: string; readonly advice: string } | null>> = {
  never: null,
  expired: { title: 'Your session has expired', advice: 'Sign in again. Nothing on this page is lost.' },
  refused: { title: 'The server does not accept this token', advice: 'Get a new token and try again.' },
  foreign: {
    title: 'This sign-in was not started here',
    advice: 'Somebody may have sent you this link. Sign in yourself.',
  },
};

/** Asks for a token: on its own page, or over the current page, which keeps its state. */
export function SignIn({ why, isOver }: { readonly why: SignedOut; readonly isOver: boolean }) {
  const form = (
    <>
      <h1 className={isOver ? 'dialog-title' : 'display'}>{isOver ? 'Sign in again' : 'Sign in'}</h1>
      <SignInForm why={why} isOver={isOver} />
    </>
  );
  if (isOver) return <Dialog label="Sign in again">{form}</Dialog>;
  return (
    <main className="signed-out" id="main" tabIndex={-1}>
      {form}
    </main>
  );
}

function SignInForm({ why, isOver }: { readonly why: SignedOut; readonly isOver: boolean }) {
  const { session, loginUrl } = useStudio();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [isWaiting, setIsWaiting] = useState(false);
  const field = useId();
  const reason = REASONS[why];
  const paste = (event: SubmitEvent) => {
    event.preventDefault();
    const token = tokenIn(text);
    const wrong = problemWith(token);
    setProblem(wrong);
    if (token !== null && wrong === null) session.signIn(token);
  };
  const signIn = (url: string) => {
    const address = askForLogin(url, location, sessionStorage);
    if (!isOver) {
      location.assign(address);
      return;
    }
    // In a new tab, so that this one keeps its state. The new tab must not get this tab's storage.
    open(address, '_blank', 'noopener');
    setIsWaiting(true);
  };
  return (
    <>
      {reason !== null && <Trouble {...reason} />}
      {loginUrl === null ? (
        <form className="stack" onSubmit={paste}>
          <label htmlFor={field}>Your token</label>
          <textarea
            id={field}
            className="field token"
            rows={4}
            value={text}
            autoFocus
            required
            spellCheck={false}
            autoComplete="off"
            aria-invalid={problem !== null}
            aria-describedby={`${field}-help`}
            onChange={({ target }) => setText(target.value)}
            placeholder="eyJhbGciOi…"
          />
          <p
            id={`${field}-help`}
            className={problem === null ? 'hint' : 'wrong'}
            role={problem === null ? undefined : 'alert'}
          >
            {problem ?? 'The token stays in this tab until you close it.'}
          </p>
          <button type="submit" className="button primary">
            Sign in
          </button>
        </form>
      ) : (
        <div className="stack">
          <button type="button" className="button primary" autoFocus onClick={() => signIn(loginUrl)}>
            {isWaiting ? 'Open the sign-in page again' : 'Sign in'}
          </button>
          <p className="hint" role="status">
            {isWaiting
              ? 'Waiting for the other tab…'
              : `You sign in at ${new URL(loginUrl).host} and return here.`}
          </p>
        </div>
      )}
    </>
  );
}

/** The checks that need no server. */
function problemWith(token: string | null): string | null {
  if (token === null) return 'This is not a token. A token has three parts, separated by dots.';
  const expiry = expiryOf(token);
  if (expiry === null || expiry > Date.now()) return null;
  return `This token expired on ${dateAndTime(new Date(expiry).toISOString())}. Get a new one.`;
}
