import type { AdmissionContext } from './admission.ts';
import type { Plugin } from 'graphql-yoga';

/** Ends a stream whose client left while it was opened: nobody reads its response, which would end it otherwise. */
export function useAbandonedStreams(): Plugin<object, AdmissionContext> {
  return {
    onSubscribe: ({ args }) => ({
      onSubscribeResult({ result }) {
        const { req } = args.contextValue as AdmissionContext;
        if (req?.socket.destroyed !== true || !(Symbol.asyncIterator in result)) return;
        // It has no reader that could get an error.
        result.return?.().catch(() => undefined);
      },
    }),
  };
}
