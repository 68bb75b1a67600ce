import type { Plugin } from 'graphql-yoga';

/** Names each media type once in the Accept header of a 406, where Yoga repeats some. */
export function useDistinctMediaTypes(): Plugin {
  return {
    onResultProcess: ({ acceptableMediaTypes }) => {
      acceptableMediaTypes.splice(0, Infinity, ...new Set(acceptableMediaTypes));
    },
  };
}
