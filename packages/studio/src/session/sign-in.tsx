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
  expired: { title: 'Your session has ended', advice: 'Sign in again. Everything stays where it is.' },
  refused: { title: 'The server does not accept this token', advice: 'Get a new one, and try again.' },
  foreign: {
    title: 'This sign-in was not asked for here',
    advice: 'Somebody may have sent you this link. Sign in yourself.',
  },
};

/** Asks for a token: on a page of its own, or over the present one, which stays as it is. */
export function SignIn({ why, isOver }: { readonly why: SignedOut; readonly isOver: boolean }) {
  const form = (
    <>
      <h1 className={isOver ? 'dialog-title' : 'display'}>{isOver ? 'Sign in again' : 'Come in'}</h1>
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
    // In a tab of its own: this one keeps what is on screen. It must not get this tab's storage.
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
            {problem ?? 'It stays in this tab, and is gone when you close it.'}
          </p>
          <button type="submit" className="button primary">
            Sign in
          </button>
        </form>
      ) : (
        <div className="stack">
          {!isOver && <p className="lead">Your portraits are waiting behind your sign-in page.</p>}
          <button type="button" className="button primary" autoFocus onClick={() => signIn(loginUrl)}>
            {isWaiting ? 'Open the sign-in page again' : 'Sign in'}
          </button>
          <p className="hint" role="status">
            {isWaiting ? 'Waiting for the other tab…' : `You go to ${new URL(loginUrl).host} and come back.`}
          </p>
        </div>
      )}
    </>
  );
}

/** What the page itself sees; the server checks the rest. */
function problemWith(token: string | null): string | null {
  if (token === null) return 'This is no token: it has three parts with dots between them.';
  const expiry = expiryOf(token);
  if (expiry === null || expiry > Date.now()) return null;
  return `This token has expired, on ${dateAndTime(new Date(expiry).toISOString())}. Get a new one.`;
}
