import { BREAK, Kind, OperationTypeNode, visit, type DocumentNode, type GraphQLError } from 'graphql';
import { tooLarge } from '../errors.ts';
import { sizeOf } from './operation-size.ts';

/** Limits of one document. The largest operation of a known client uses a fifth of each. */
export const DOCUMENT_LIMITS = {
  /** In characters. Long values belong into variables: validation repeats those in the text many times. */
  text: 20_000,
  tokens: 2000,
  depth: 15,
  fields: 400,
  aliases: 50,
  directives: 30,
  /** Outermost fields of a mutation: each is a transaction, and they run one after the other. */
  mutations: 10,
  fragments: 30,
  /** Fields, fragment spreads and inline fragments in the text, used or not: validation compares all of them. */
  selections: 400,
  /** In characters. The response repeats an alias for every entry of the lists around it. */
  aliasLength: 100,
} as const;

/**
 * Refusal of a document that exceeds a limit, otherwise null. Runs before validation, whose time grows with the square of
 * the number of fields.
 */
export function refusalOfDocument(document: DocumentNode): GraphQLError | null {
  return refusalOfText(document) ?? refusalOfOperations(document);
}

/** Counts the text as written, including fragments that no operation uses. */
function refusalOfText(document: DocumentNode): GraphQLError | null {
  const counts = { fragments: 0, selections: 0, directives: 0 };
  let refusal: GraphQLError | null = null;
  const count = (name: keyof typeof counts) => {
    counts[name] += 1;
    if (counts[name] <= DOCUMENT_LIMITS[name]) return undefined;
    refusal = tooMany(name);
    return BREAK;
  };
  visit(document, {
    FragmentDefinition: () => count('fragments'),
    Directive: () => count('directives'),
    FragmentSpread: () => count('selections'),
    InlineFragment: () => count('selections'),
    Field({ alias }) {
      if ((alias?.value.length ?? 0) <= DOCUMENT_LIMITS.aliasLength) return count('selections');
      refusal = tooLarge(`An alias may have at most ${DOCUMENT_LIMITS.aliasLength} characters.`);
      return BREAK;
    },
  });
  return refusal;
}

/** Counts each operation with its fragments spread. */
function refusalOfOperations(document: DocumentNode): GraphQLError | null {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = sizeOf(document, definition, {});
    for (const name of ['depth', 'fields', 'aliases', 'directives'] as const)
      if (size[name] > DOCUMENT_LIMITS[name]) return tooMany(name);
    if (size.runs > 1) {
      return tooLarge('An operation may start at most one run: send one operation for each run.');
    }
    if (definition.operation === OperationTypeNode.MUTATION && size.outermost > DOCUMENT_LIMITS.mutations)
      return tooMany('mutations');
  }
  return null;
}

function tooMany(name: keyof typeof DOCUMENT_LIMITS): GraphQLError {
  const noun = name === 'depth' ? 'levels' : name;
  return tooLarge(`The document has too many ${noun}: at most ${DOCUMENT_LIMITS[name]} are allowed.`);
}
