import { useState } from 'react';

const LAST_TRY = 1;

/**
 * The URL of an image; null when it does not load. After the first failure `readAgain` gets a new URL, because URLs expire,
 * and the image gets one more try: `key` changes then.
 *
 * @param readAgain null: the URL does not expire
 */
export function useSource(
  url: string | null,
  readAgain: (() => Promise<unknown>) | null,
): { readonly src: string | null; readonly key: string; readonly onError: () => void } {
  const [failed, setFailed] = useState({ url, tries: 0 });
  const tries = failed.url === url ? failed.tries : 0;
  const onError = () => {
    const fail = () => setFailed({ url, tries: tries + 1 });
    if (tries === LAST_TRY || readAgain === null) fail();
    else void readAgain().then(fail, fail);
  };
  return { src: tries > LAST_TRY ? null : url, key: `${url} ${tries}`, onError };
}
