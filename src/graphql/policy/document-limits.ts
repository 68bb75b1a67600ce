import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { fieldPoliciesOf } from './field-policy.ts';
import { schema } from '../schema.ts';

/** What a document may be made of at most. The largest operation that a client of ours sends is a fifth of each. */
export const DOCUMENT_LIMITS = {
  /** Characters of the text. Long values belong into variables: validation prints those in the text again and again. */
  text: 20_000,
  tokens: 2000,
  depth: 15,
  fields: 400,
  aliases: 50,
  directives: 30,
  /** Outermost fields of a mutation: each is a transaction, and they run one after the other. */
  mutations: 10,
  fragments: 30,
  /** Fields, fragment spreads and inline fragments as they are written, used or not: validation compares all of them. */
  selections: 400,
  /** In characters. The answer repeats an alias for every entry of the lists around it. */
  aliasLength: 100,
} as const;

const { startingRun } = fieldPoliciesOf(schema);

type Size = {
  depth: number;
  fields: number;
  aliases: number;
  directives: number;
  /** Paid mutations among the outermost fields, and all fields there. */
  paid: number;
  outermost: number;
};

/**
 * Looks at a document before it is validated: validation compares fields with each other, and a request of a few
 * kilobytes can keep it busy for a long time. Null when the document is within the limits.
 */
export function refusalOfDocument(document: DocumentNode): GraphQLError | null {
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  if (fragments.length > DOCUMENT_LIMITS.fragments) return tooMany('fragments');
  const written = { selections: 0, directives: 0 };
  for (const definition of document.definitions) {
    if (!('selectionSet' in definition)) continue;
    const refusal = countWritten(definition.selectionSet, written);
    if (refusal !== null) return refusal;
    written.directives += directivesOf(definition);
    if (written.directives > DOCUMENT_LIMITS.directives) return tooMany('directives');
  }
  const measure = measurer(new Map(fragments.map((fragment) => [fragment.name.value, fragment])));
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = measure(definition.selectionSet);
    for (const name of ['depth', 'fields', 'aliases', 'directives'] as const)
      if (size[name] > DOCUMENT_LIMITS[name]) return tooMany(name);
    if (definition.operation !== OperationTypeNode.MUTATION) continue;
    if (size.paid > 1) {
      return refusal('An operation may start at most one run: send one operation for each run.');
    }
    if (size.outermost > DOCUMENT_LIMITS.mutations) return tooMany('mutations');
  }
  return null;
}

const NOUNS = {
  depth: 'levels',
  fields: 'fields',
  aliases: 'aliases',
  directives: 'directives',
  fragments: 'fragments',
  selections: 'selections',
  mutations: 'mutations',
} as const;

function tooMany(name: keyof typeof NOUNS): GraphQLError {
  return refusal(`The document has too many ${NOUNS[name]}: at most ${DOCUMENT_LIMITS[name]} are allowed.`);
}

/** Counts a selection set as it is written. Ends at the first limit that is passed. */
function countWritten(
  { selections }: SelectionSetNode,
  written: { selections: number; directives: number },
): GraphQLError | null {
  for (const selection of selections) {
    written.selections += 1;
    written.directives += selection.directives?.length ?? 0;
    if (written.selections > DOCUMENT_LIMITS.selections) return tooMany('selections');
    if (written.directives > DOCUMENT_LIMITS.directives) return tooMany('directives');
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    if (selection.kind === Kind.FIELD && (selection.alias?.value.length ?? 0) > DOCUMENT_LIMITS.aliasLength) {
      return refusal(`An alias may have at most ${DOCUMENT_LIMITS.aliasLength} characters.`);
    }
    const inner = selection.selectionSet === undefined ? null : countWritten(selection.selectionSet, written);
    if (inner !== null) return inner;
  }
  return null;
}

/** On a definition itself and on its variables. */
function directivesOf(definition: OperationDefinitionNode | FragmentDefinitionNode): number {
  const own = definition.directives?.length ?? 0;
  const variables = definition.kind === Kind.OPERATION_DEFINITION ? definition.variableDefinitions : [];
  return (variables ?? []).reduce((sum, variable) => sum + (variable.directives?.length ?? 0), own);
}

/** Counts what fragments stand for, each time they are used. */
function measurer(fragments: ReadonlyMap<string, FragmentDefinitionNode>): (set: SelectionSetNode) => Size {
  const known = new Map<string, Size>();
  const underWay = new Set<string>();

  const ofFragment = (name: string): Size => {
    const definition = fragments.get(name);
    // A missing or circular fragment is for the validation to refuse.
    if (definition === undefined || underWay.has(name)) return nothing();
    const before = known.get(name);
    if (before !== undefined) return before;
    underWay.add(name);
    const size = ofSet(definition.selectionSet);
    underWay.delete(name);
    known.set(name, size);
    return size;
  };

  const ofSet = (set: SelectionSetNode): Size => {
    const total = nothing();
    for (const selection of set.selections) {
      total.directives += selection.directives?.length ?? 0;
      switch (selection.kind) {
        case Kind.FIELD: {
          const inner = selection.selectionSet === undefined ? nothing() : ofSet(selection.selectionSet);
          add(total, {
            ...inner,
            depth: inner.depth + 1,
            fields: inner.fields + 1,
            paid: startingRun.has(selection.name.value) ? 1 : 0,
            outermost: 1,
          });
          if (selection.alias !== undefined) total.aliases += 1;
          break;
        }
        case Kind.INLINE_FRAGMENT:
          add(total, ofSet(selection.selectionSet));
          break;
        case Kind.FRAGMENT_SPREAD:
          add(total, ofFragment(selection.name.value));
      }
    }
    return total;
  };
  return ofSet;
}

function nothing(): Size {
  return { depth: 0, fields: 0, aliases: 0, directives: 0, paid: 0, outermost: 0 };
}

function add(total: Size, part: Size): void {
  total.depth = Math.max(total.depth, part.depth);
  total.fields += part.fields;
  total.aliases += part.aliases;
  total.directives += part.directives;
  total.paid += part.paid;
  total.outermost += part.outermost;
}

function refusal(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_LARGE' } });
}
