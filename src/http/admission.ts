import { GraphQLError } from 'graphql';
import { BODY_SHARES, BodyBudget, VIEWER_BYTES } from './body-budget.ts';
import { unauthenticated } from '../graphql/builder.ts';
import { withBody } from './read-body.ts';
import type { Plugin } from 'graphql-yoga';
import type { Viewer } from '../auth/viewer.ts';

/** In bytes. The largest operation clients send is a tenth of it. */
const MAX_BODY_BYTES = 100_000;
/** A phone on a bad line sends a kilobyte a second. */
const BODY_TIMEOUT_MS = 15_000;

export type AdmissionOptions = {
  /** Who sends a request; null: nobody signed in. Throws the GraphQL error to answer a bad token with. */
  readonly identify: (request: Request) => Promise<Viewer | null>;
  /** Whether callers without a token are answered: the only thing they can read is the schema. */
  readonly admitsAnonymous: boolean;
};

/** Asks for the token before anything of a body is read, and reads the body within the budget of its sender. */
export function useAdmission({ identify, admitsAnonymous }: AdmissionOptions): Plugin {
  const viewers = new BodyBudget(BODY_SHARES.viewer, VIEWER_BYTES);
  const anonymous = new BodyBudget(BODY_SHARES.anonymous);
  return {
    async onRequestParse({ request, requestParser, setRequestParser }) {
      if (requestParser === undefined) return;
      const viewer = await identify(request);
      if (viewer === null && !admitsAnonymous)
        throw unauthenticated('Authentication required: send a valid bearer token.');
      if (request.method !== 'POST') {
        setRequestParser(() => readable(() => requestParser(request)));
        return;
      }
      setRequestParser(async () => {
        const limits = {
          maxBytes: MAX_BODY_BYTES,
          timeoutMs: BODY_TIMEOUT_MS,
          budget: viewer === null ? anonymous : viewers,
          key: viewer?.ownerId ?? '',
        };
        const body = await withBody(request, limits, (reading) => Promise.resolve(reading));
        if (body.kind !== 'read') throw UNREAD[body.kind]();
        const { method, headers } = request;
        // Node's own Request: Yoga's gives a body that has a field `then` for a promise.
        const whole = new Request(request.url, { method, headers, body: body.bytes });
        return withoutExtensions(await readable(() => requestParser(whole)));
      });
    },
  };
}

/** Nothing here reads them, and a stream would keep them for as long as it is open. */
function withoutExtensions<T>(parameters: T): T {
  if (typeof parameters !== 'object' || parameters === null || !('extensions' in parameters))
    return parameters;
  // What is no object is refused later.
  if (typeof parameters.extensions === 'object') parameters.extensions = undefined;
  return parameters;
}

/** Yoga's parsers of URLs and forms throw what JSON.parse and decodeURIComponent do. */
async function readable<T>(parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof URIError)
      throw refusal('BAD_REQUEST', 'The request parameters cannot be parsed.', { status: 400 });
    throw error;
  }
}

const UNREAD = {
  'too-large': () =>
    refusal('REQUEST_ENTITY_TOO_LARGE', `The request body exceeds ${MAX_BODY_BYTES} bytes.`, {
      status: 413,
    }),
  'too-slow': () =>
    refusal('REQUEST_TIMEOUT', `The request body did not arrive within ${BODY_TIMEOUT_MS / 1000} s.`, {
      status: 408,
    }),
  'no-room': () =>
    refusal('SERVICE_UNAVAILABLE', 'The server is receiving too many requests: retry later.', {
      status: 503,
      headers: { 'Retry-After': '1' },
    }),
  broken: () => refusal('BAD_REQUEST', 'The request body is incomplete.', { status: 400 }),
};

function refusal(code: string, message: string, http: object): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http } });
}
