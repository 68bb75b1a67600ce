import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { fieldPoliciesOf } from './field-policy.ts';
import { MAX_PAGE } from './pagination.ts';
import { schema } from '../schema.ts';

type Variables = Readonly<Record<string, unknown>>;

/** What a page holds where nobody says how much, and at most. */
const PAGE = { usual: 20, most: MAX_PAGE } as const;
const { connections } = fieldPoliciesOf(schema);
/** In fields, as measured: an entry is a whole row, a query asks the database, a mutation writes to it. */
const ENTRY_COST = 5;
const QUERY_COST = 40;
const MUTATION_COST = 200;
const INTROSPECTION_COST = 5000;

/**
 * What an operation costs: 1 for each field of the answer, with every list as long as it was asked for; 5 more for each
 * entry of a connection; 40 more for each connection and each outermost field of a query, 200 for one of a mutation,
 * 5,000 for `__schema` and `__type`. Counts what fragments stand for each time they are used.
 *
 * @param variables as they were sent
 */
export function costOf(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const known = new Map<string, number>();

  const ofFragment = (name: string): number => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const definition = fragments.get(name);
    // Validation has refused circles; this keeps one from being endless all the same.
    known.set(name, 0);
    const cost = definition === undefined ? 0 : ofSet(definition.selectionSet);
    known.set(name, cost);
    return cost;
  };
  const ofField = (field: FieldNode): number => {
    const inner = field.selectionSet === undefined ? 0 : ofSet(field.selectionSet);
    if (!connections.has(field.name.value)) return inner + 1;
    return (inner + ENTRY_COST) * pageLength(field, operation, variables) + 1 + QUERY_COST;
  };
  const ofSet = ({ selections }: SelectionSetNode): number => {
    let cost = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) cost += ofField(selection);
      else if (selection.kind === Kind.INLINE_FRAGMENT) cost += ofSet(selection.selectionSet);
      else cost += ofFragment(selection.name.value);
    }
    return cost;
  };
  return ofSet(operation.selectionSet) + outermostCost(operation, fragments);
}

function outermostCost(
  { operation, selectionSet }: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): number {
  const each = operation === OperationTypeNode.MUTATION ? MUTATION_COST : QUERY_COST;
  const known = new Map<string, number>();
  const ofSelection = (selection: SelectionNode): number => {
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value;
      if (name === '__typename') return 0;
      return name.startsWith('__') ? INTROSPECTION_COST : each;
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSet(selection.selectionSet);
    const fragment = selection.name.value;
    const before = known.get(fragment);
    if (before !== undefined) return before;
    known.set(fragment, 0);
    const definition = fragments.get(fragment);
    const cost = definition === undefined ? 0 : ofSet(definition.selectionSet);
    known.set(fragment, cost);
    return cost;
  };
  const ofSet = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, selection) => sum + ofSelection(selection), 0);
  return ofSet(selectionSet);
}

function pageLength(
  { arguments: given = [] }: FieldNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): number {
  const lengths = given
    .filter(({ name }) => name.value === 'first' || name.value === 'last')
    .map(({ value }) => lengthOf(value, operation, variables));
  return lengths.length === 0 ? PAGE.usual : Math.max(1, ...lengths);
}

/** Of what is no whole number between 0 and the most, the most: it is refused later. */
function lengthOf(value: ValueNode, operation: OperationDefinitionNode, variables: Variables): number {
  if (value.kind === Kind.INT) return bounded(Number(value.value));
  if (value.kind === Kind.NULL) return PAGE.usual;
  if (value.kind !== Kind.VARIABLE) return PAGE.most;
  const name = value.name.value;
  if (Object.hasOwn(variables, name)) return variables[name] === null ? PAGE.usual : bounded(variables[name]);
  const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
  const fallback = definition?.defaultValue;
  return fallback === undefined ? PAGE.usual : lengthOf(fallback, operation, variables);
}

function bounded(length: unknown): number {
  return typeof length === 'number' && length >= 0 && length <= PAGE.most ? length : PAGE.most;
}
