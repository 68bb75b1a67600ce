import { GraphQLError } from 'graphql';

/** In characters. */
const MAX_MESSAGE = 400;
const HALF = MAX_MESSAGE / 2;
/** Errors of one result, and places in the document of one error. */
const MAX_ERRORS = 20;
const MAX_LOCATIONS = 5;

const HINT = ' Did you mean ';

/**
 * An error that is fit to be sent whatever the caller wrote: messages of GraphQL's own checks quote names and
 * values whole. The ends of a long message stay, since the beginning names the place and the end the reason.
 *
 * @param hidesSchema also take out the hints at the end of a message, which name fields and values of the schema
 */
export function safeError(error: GraphQLError, hidesSchema: boolean): GraphQLError {
  const { nodes, source, positions, path, extensions, originalError } = error;
  const message = shortened(hidesSchema ? withoutHint(error.message) : error.message);
  const places = (nodes ?? positions ?? []).length;
  if (message === error.message && places <= MAX_LOCATIONS) return error;
  return new GraphQLError(message, {
    nodes: nodes?.slice(0, MAX_LOCATIONS) ?? null,
    source: source ?? null,
    positions: positions?.slice(0, MAX_LOCATIONS) ?? null,
    path: path ?? null,
    extensions,
    originalError: originalError ?? null,
  });
}

/** The first errors of a result; the path of each names what is missing in its data. */
export function fewErrors<T>(errors: readonly T[]): readonly T[] {
  return errors.length > MAX_ERRORS ? errors.slice(0, MAX_ERRORS) : errors;
}

export function shortened(text: string): string {
  if (text.length <= MAX_MESSAGE) return text;
  return `${text.slice(0, HALF)} [...] ${text.slice(-HALF)}`.toWellFormed();
}

/** GraphQL puts the hint at the end, so the last one is its own and no quoted text of the caller. */
function withoutHint(message: string): string {
  const at = message.endsWith('?') ? message.lastIndexOf(HINT) : -1;
  return at < 0 ? message : message.slice(0, at);
}
