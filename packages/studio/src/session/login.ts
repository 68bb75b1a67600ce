import { randomId } from '../live/random-id.ts';
import { tokenIn } from './token.ts';

/**
 Sign-in at the product's login page. The return address has a random state, which only this tab knows: a link with a
 * stranger's token cannot sign anybody in (login CSRF).
 */

type Asked = { readonly state: string; readonly place: string };

/** A token in the address of the page. */
export type Returned = { readonly token: string; readonly state: string };

const KEY = 'likeness.login';
const CHANNEL = 'likeness.login';
/** Time for another tab to claim a token. */
const CLAIM_MS = 1500;

/** The address of the login page, with the return address. Stores the place on this page. */
export function askForLogin(loginUrl: string, page: Location, storage: Storage): string {
  const state = randomId();
  storage.setItem(KEY, JSON.stringify({ state, place: page.hash } satisfies Asked));
  const url = new URL(loginUrl);
  url.searchParams.set('return_to', `${page.origin}${page.pathname}?state=${state}`);
  return url.href;
}

/** The token and the state in the address of the page; null: it has none. */
export function returnedIn({ hash, search }: Pick<Location, 'hash' | 'search'>): Returned | null {
  if (!hash.startsWith('#token=')) return null;
  const fragment = new URLSearchParams(hash.slice(1));
  const token = tokenIn(fragment.get('token') ?? '');
  const state = new URLSearchParams(search).get('state') ?? fragment.get('state') ?? '';
  return token === null ? { token: '', state } : { token, state };
}

/** The stored place, if this tab started the sign-in with this state; otherwise null. A state is valid once. */
export function placeAsked(state: string, storage: Storage): string | null {
  const asked = JSON.parse(storage.getItem(KEY) ?? 'null') as Asked | null;
  if (asked === null || state === '' || asked.state !== state) return null;
  storage.removeItem(KEY);
  return asked.place;
}

/** Receives tokens from the sign-in tab that this tab opened. Returns the function that stops it. */
export function takeTokensOfOtherTabs(storage: Storage, onToken: (token: string) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', ({ data }: MessageEvent<Partial<Returned>>) => {
    const { token = '', state = '' } = data;
    if (token === '' || placeAsked(state, storage) === null) return;
    channel.postMessage({ claimed: state });
    onToken(token);
  });
  return () => channel.close();
}

/** Offers a token to the tab that started the sign-in. Resolves with whether it took the token. */
export function offerToOtherTabs(returned: Returned): Promise<boolean> {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise<boolean>((resolve) => {
    const late = setTimeout(() => resolve(false), CLAIM_MS);
    channel.addEventListener('message', ({ data }: MessageEvent<{ claimed?: string }>) => {
      if (data.claimed !== returned.state) return;
      clearTimeout(late);
      resolve(true);
    });
    channel.postMessage(returned);
  }).finally(() => channel.close());
}
