import { useCallback, useRef, useState } from 'react';
import { useStudio } from '../live/studio.ts';

/** A call: whether it is under way, and the error of the last one. */
export function useCall<Args extends readonly unknown[], Result>(
  ask: (...args: Args) => Promise<Result>,
): {
  readonly run: (...args: Args) => Promise<Result | undefined>;
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly clear: () => void;
} {
  const { library } = useStudio();
  const [state, setState] = useState<{ isBusy: boolean; error: unknown }>({ isBusy: false, error: null });
  const latest = useRef(ask);
  latest.current = ask;
  const isBusy = useRef(false);
  const run = useCallback(
    async (...args: Args) => {
      // A double click is one call.
      if (isBusy.current) return undefined;
      isBusy.current = true;
      setState({ isBusy: true, error: null });
      try {
        const result = await library.call(() => latest.current(...args));
        setState({ isBusy: false, error: null });
        return result;
      } catch (error) {
        setState({ isBusy: false, error });
        return undefined;
      } finally {
        isBusy.current = false;
      }
    },
    [library],
  );
  const clear = useCallback(() => setState({ isBusy: false, error: null }), []);
  return { run, ...state, clear };
}
