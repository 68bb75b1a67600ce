import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** What an operation may be made of at most. The largest that a client of ours sends is a fifth of each. */
export const QUERY_LIMITS = {
  tokens: 2000,
  depth: 15,
  fields: 400,
  aliases: 50,
  directives: 30,
  /** Fields with every list as long as it may become. */
  weight: 50_000,
} as const;

/** What a connection gives where nobody says how much, and what it may give where a variable says it. */
const PAGE = { usual: 20, most: 100 } as const;
const CONNECTIONS: ReadonlySet<string> = new Set(['avatars', 'generations']);

/** Each of these starts a run that is paid for. */
const PAID_MUTATIONS: ReadonlySet<string> = new Set(['startTraining', 'generateImage']);

type Size = {
  depth: number;
  fields: number;
  weight: number;
  aliases: number;
  directives: number;
  /** Paid mutations among the outermost fields. */
  paid: number;
};

/**
 * Looks at a document before it is validated: validation compares fields with each other, and a request of a few
 * kilobytes can keep it busy for a long time. Counts what fragments stand for, each time they are used.
 * Null when the document is within the limits.
 */
export function tooLarge(document: DocumentNode): GraphQLError | null {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measure = measurer(fragments);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = measure(definition.selectionSet);
    size.directives += definition.directives?.length ?? 0;
    for (const name of ['depth', 'fields', 'aliases', 'directives', 'weight'] as const) {
      if (size[name] > QUERY_LIMITS[name]) {
        return refusal(
          `This operation has too many ${NOUNS[name]}: at most ${QUERY_LIMITS[name]} are allowed.`,
        );
      }
    }
    if (definition.operation === OperationTypeNode.MUTATION && size.paid > 1) {
      return refusal(
        'An operation may start one run at most: ask for the others in operations of their own.',
      );
    }
  }
  return null;
}

const NOUNS = {
  depth: 'levels',
  fields: 'fields',
  aliases: 'aliases',
  directives: 'directives',
  weight: 'fields in lists of lists',
} as const;

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
          const isPaid = PAID_MUTATIONS.has(selection.name.value);
          add(total, {
            ...inner,
            depth: inner.depth + 1,
            fields: inner.fields + 1,
            weight: inner.weight * lengthOf(selection) + 1,
            paid: isPaid ? 1 : 0,
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

/** How often what is selected of a field may stand in the answer. */
function lengthOf({ name, arguments: given = [] }: FieldNode): number {
  if (!CONNECTIONS.has(name.value)) return 1;
  const asked = given.filter((argument) => argument.name.value === 'first' || argument.name.value === 'last');
  const lengths = asked.map(({ value }) => (value.kind === Kind.INT ? Number(value.value) : PAGE.most));
  return lengths.length === 0 ? PAGE.usual : Math.max(1, ...lengths);
}

function nothing(): Size {
  return { depth: 0, fields: 0, weight: 0, aliases: 0, directives: 0, paid: 0 };
}

function add(total: Size, part: Size): void {
  total.depth = Math.max(total.depth, part.depth);
  total.fields += part.fields;
  total.weight += part.weight;
  total.aliases += part.aliases;
  total.directives += part.directives;
  total.paid += part.paid;
}

function refusal(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_LARGE' } });
}
