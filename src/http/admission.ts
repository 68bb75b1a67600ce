import { codedError, unauthenticated, type TopLevelCode } from '../graphql/errors.ts';
import { BODY_SHARES, BodyBudget, VIEWER_BYTES } from './body-budget.ts';
import { withBody, type BodyReading } from './read-body.ts';
import type { Authenticate, Identity } from '../auth/authenticate.ts';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { IncomingMessage } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import type { StreamTickets } from '../auth/stream-tickets.ts';
import type { Viewer } from '../auth/viewer.ts';

/** Ten times the largest operation of a known client. */
const MAX_BODY_BYTES = 100_000;
/** A mobile client with a bad connection sends a kilobyte per second. */
const BODY_TIMEOUT_MS = 15_000;

/** Reads a GraphQL request's body within the budget of its sender. */
export type ReadGraphqlBody = (request: IncomingMessage, viewer: Viewer | null) => Promise<BodyReading>;

export function createGraphqlBodyReader(): ReadGraphqlBody {
  const viewers = new BodyBudget(BODY_SHARES.viewer, VIEWER_BYTES);
  const anonymous = new BodyBudget(BODY_SHARES.anonymous);
  return (request, viewer) =>
    withBody(
      request,
      {
        maxBytes: MAX_BODY_BYTES,
        timeoutMs: BODY_TIMEOUT_MS,
        budget: viewer === null ? anonymous : viewers,
        key: viewer?.ownerId ?? '',
      },
      (reading) => reading,
    );
}

/** The context of a request before Yoga handles it. */
export type AdmissionContext = {
  /** Set by this plugin, or by the WebSocket server. */
  viewer?: Viewer | null;
  /** Set by this plugin. */
  subscribesOnly?: boolean;
  /** The HTTP request. */
  readonly req?: IncomingMessage;
  /** Set by the WebSocket server: the Host header of the upgrade. */
  readonly host?: string | undefined;
  /** Set for a request that was read already. */
  readonly identity?: Identity;
  readonly body?: BodyReading;
  /** Set for a request that was executed already. */
  readonly result?: ExecutionResult;
};

/**
 * Verifies the token before it reads the body, and reads the body within the budget of its sender.
 *
 * @param options.admitsAnonymous whether callers without a token may read the schema
 */
export function useAdmission(options: {
  readonly authenticate: Authenticate;
  readonly admitsAnonymous: boolean;
  readonly readBody: ReadGraphqlBody;
  readonly streamTickets: Pick<StreamTickets, 'identify'>;
}): Plugin<object, AdmissionContext> {
  return {
    async onRequestParse({ request, requestParser, serverContext, setRequestParser }) {
      if (requestParser === undefined) return;
      const { method, headers } = request;
      const ticket = ticketIn(request);
      const { req } = serverContext;
      const identity =
        ticket !== null
          ? await options.streamTickets.identify(ticket)
          : (serverContext.identity ?? (await options.authenticate(headers.get('authorization'))));
      const viewer = viewerOrThrow(identity);
      serverContext.subscribesOnly = ticket !== null;
      if (viewer === null && !options.admitsAnonymous) throw unauthenticated();
      serverContext.viewer = viewer;
      if (method !== 'POST' || req === undefined) {
        setRequestParser(() => parsed(() => requestParser(request)));
        return;
      }
      setRequestParser(async () => {
        const body = serverContext.body ?? (await options.readBody(req, viewer));
        if (body.kind !== 'read') throw UNREAD[body.kind]();
        return withoutExtensions(await parsed(() => requestParser(withText(request, body.bytes))));
      });
    },
    onParams({ context, setResult }) {
      const { result } = context;
      if (result !== undefined) setResult(result);
    },
  };
}

/** EventSource cannot send a token. */
function ticketIn({ method, headers, url }: Request): string | null {
  const isStream = headers.get('accept')?.includes('text/event-stream') === true;
  if (method !== 'GET' || !isStream || headers.has('authorization')) return null;
  return new URL(url).searchParams.get('ticket');
}

/** What Yoga's parsers read of a request. Yoga's own Request takes a body with a field `then` for a promise. */
function withText({ url, method, headers }: Request, bytes: Uint8Array): Request {
  const text = async () => new TextDecoder().decode(bytes);
  return { url, method, headers, text, json: async () => JSON.parse(await text()) as unknown } as Request;
}

function viewerOrThrow(identity: Identity): Viewer | null {
  switch (identity.kind) {
    case 'viewer':
      return identity.viewer;
    case 'none':
      return null;
    case 'bad':
      throw unauthenticated(`Authentication failed: ${identity.reason}.`);
    case 'unavailable':
      throw refusal('SERVICE_UNAVAILABLE', 'Tokens cannot be verified: retry later.', { status: 503 });
  }
}

/** Nothing reads `extensions`, and a stream would keep them in memory. */
function withoutExtensions<T>(parameters: T): T {
  if (typeof parameters !== 'object' || parameters === null || !('extensions' in parameters))
    return parameters;
  // Yoga refuses other types later.
  if (typeof parameters.extensions === 'object') parameters.extensions = undefined;
  return parameters;
}

/** Yoga's parsers of URLs and forms throw the errors of JSON.parse and decodeURIComponent. */
async function parsed<T>(parse: () => T | Promise<T>): Promise<T> {
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
    refusal('REQUEST_ENTITY_TOO_LARGE', `The request body exceeds ${MAX_BODY_BYTES} bytes.`, { status: 413 }),
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

function refusal(code: TopLevelCode, message: string, http: object): GraphQLError {
  return codedError(code, message, { http });
}
