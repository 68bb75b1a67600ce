import { GraphQLError, isEnumType, type GraphQLSchema } from 'graphql';

/** In characters. */
const MAX_MESSAGE = 400;
const HALF = MAX_MESSAGE / 2;
/** Errors of one result, and locations of one error. */
const MAX_ERRORS = 20;
const MAX_LOCATIONS = 5;

const HINT = ' Did you mean ';

/**
 * Limits the length of an error, because GraphQL's messages quote names and values of the request. A long message keeps
 * its beginning, which names the place, and its end, which names the reason.
 *
 * @param hidesSchema also remove suggestions, which contain names of the schema
 * @param schema to add the values of an enum to the message about a wrong one
 */
export function safeError(error: GraphQLError, hidesSchema: boolean, schema?: GraphQLSchema): GraphQLError {
  const { nodes, source, positions, path, extensions, originalError } = error;
  const message = hidesSchema
    ? shortened(withoutHint(error.message))
    : withEnumValues(shortened(error.message), schema);
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

export function fewErrors<T>(errors: readonly T[]): readonly T[] {
  return errors.length > MAX_ERRORS ? errors.slice(0, MAX_ERRORS) : errors;
}

function shortened(text: string): string {
  if (text.length <= MAX_MESSAGE) return text;
  return `${text.slice(0, HALF)} [...] ${text.slice(-HALF)}`.toWellFormed();
}

/** The message is short. */
function withEnumValues(message: string, schema: GraphQLSchema | undefined): string {
  const name = / does not exist in "(\w+)" enum\.(?: Did you mean [^.]*)?$/.exec(message)?.[1] ?? '';
  const type = schema?.getType(name);
  if (!isEnumType(type)) return message;
  const values = type.getValues().map((value) => value.name);
  return `${message} Its values are ${values.join(', ')}.`;
}

/** GraphQL puts its suggestion at the end; an earlier one is quoted text of the caller. */
function withoutHint(message: string): string {
  const at = message.endsWith('?') ? message.lastIndexOf(HINT) : -1;
  return at < 0 ? message : message.slice(0, at);
}
