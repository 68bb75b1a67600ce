import {
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { isConnection, policiesOf, type Batch } from './field-policy.ts';
import { DEFAULT_PAGE, MAX_PAGE } from './pagination.ts';
import { schema } from '../schema.ts';

type Variables = Readonly<Record<string, unknown>>;

type OperationSize = {
  depth: number;
  fields: number;
  aliases: number;
  directives: number;
  cost: number;
  /** Outermost fields, and how many of them start a run at fal. */
  outermost: number;
  runs: number;
  /** Of a subscription whose field declares it; 0 for the others. */
  maxEventCost: number;
};

/** Measured, in fields: a row is read as a whole, a query or count reads the database, a mutation writes to it. */
export const COSTS = { row: 5, query: 40, mutation: 200, introspection: 5000 } as const;

/** Sizes of operations whose lengths of pages and batches are in the text, so that a repeated operation is measured once. */
const constantSizes = new WeakMap<OperationDefinitionNode, OperationSize>();

/**
 * Size of an operation. The content of a fragment counts each time the fragment is used. The cost is 1 for each field of
 * the response, with every list of objects as long as requested or allowed; 5 more for each entry that is a row; 40 more
 * for each connection, each `totalCount` and each outermost field of a query or subscription, 200 for one of a mutation,
 * 5,000 for `__schema` and `__type`. A field that stands for several calls costs as much as these.
 *
 * @param document may be invalid: a field that its type does not have counts as 1
 * @param variables as sent, not coerced
 */
export function sizeOf(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): OperationSize {
  const known = constantSizes.get(operation);
  if (known !== undefined) return known;
  const length = { isConstant: true };
  const size = measure(document, operation, variables, length);
  if (length.isConstant) constantSizes.set(operation, size);
  return size;
}

/** @param length becomes not constant when the length of a page or a batch is a variable */
function measure(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
  length: { isConstant: boolean },
): OperationSize {
  const fragments = new Map(
    document.definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const measured = new Map<string, SizeOfSet>();

  const ofSet = ({ selections }: SelectionSetNode, type: Type): SizeOfSet => {
    const total = empty();
    for (const selection of selections) {
      add(total, ofSelection(selection, type));
      total.directives += selection.directives?.length ?? 0;
    }
    return total;
  };
  const ofSelection = (selection: SelectionNode, type: Type): SizeOfSet => {
    switch (selection.kind) {
      case Kind.FIELD:
        return ofField(selection, fieldOf(type, selection.name.value));
      case Kind.INLINE_FRAGMENT: {
        const { typeCondition, selectionSet } = selection;
        return ofSet(selectionSet, typeCondition === undefined ? type : typeNamed(typeCondition));
      }
      case Kind.FRAGMENT_SPREAD:
        return ofFragment(selection.name.value);
    }
  };
  const ofFragment = (name: string): SizeOfSet => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    // Ends the recursion of circular fragments, which validation refuses later.
    measured.set(name, empty());
    const definition = fragments.get(name);
    const size =
      definition === undefined
        ? empty()
        : ofSet(definition.selectionSet, typeNamed(definition.typeCondition));
    measured.set(name, size);
    return size;
  };
  const ofField = (node: FieldNode, field: Field | undefined): SizeOfSet => {
    const type = field === undefined ? undefined : getNamedType(field.type);
    const inner = node.selectionSet === undefined ? empty() : ofSet(node.selectionSet, type);
    const { startsRun, batch, countsRows, maxEventCost = 0 } = policiesOf(field);
    const isPage = field !== undefined && isConnection(field);
    return {
      depth: inner.depth + 1,
      fields: inner.fields + 1,
      aliases: inner.aliases + (node.alias === undefined ? 0 : 1),
      directives: inner.directives,
      cost: costOf(node, field, inner),
      countCost: isPage ? 0 : inner.countCost + (countsRows === true ? COSTS.query : 0),
      outermost: 1,
      outermostCost:
        outermostCost(node.name.value, operation.operation) * callsOf(node, batch, variables, length),
      runs: startsRun === true ? 1 : 0,
      maxEventCost,
    };
  };

  const costOf = (node: FieldNode, field: Field | undefined, inner: SizeOfSet): number => {
    if (field === undefined) return inner.cost + 1;
    if (isConnection(field)) {
      const entries = pageLength(node, operation, variables, length);
      return (inner.cost + COSTS.row) * entries + inner.countCost + 1 + COSTS.query;
    }
    const { batch, maxEntries = 1, ofRows = false } = policiesOf(field);
    if (batch !== undefined) return inner.cost * callsOf(node, batch, variables, length) + 1;
    return (inner.cost + (ofRows ? COSTS.row : 0)) * maxEntries + 1;
  };

  const outermost = ofSet(operation.selectionSet, schema.getRootType(operation.operation));
  const { outermostCost: extra, countCost: _none, ...size } = outermost;
  return { ...size, cost: size.cost + extra };
}

/** None where the document names a type or field that the schema does not have. */
type Type = GraphQLNamedType | null | undefined;
type Field = GraphQLField<unknown, unknown>;

function typeNamed({ name }: NamedTypeNode): Type {
  return schema.getType(name.value);
}

function fieldOf(type: Type, name: string): Field | undefined {
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}

type SizeOfSet = OperationSize & {
  /** Added to the cost of the connection around it, once for all of its entries. */
  countCost: number;
  /** Added to the cost if the set is outermost. */
  outermostCost: number;
};

function empty(): SizeOfSet {
  return {
    depth: 0,
    fields: 0,
    aliases: 0,
    directives: 0,
    cost: 0,
    countCost: 0,
    outermost: 0,
    outermostCost: 0,
    runs: 0,
    maxEventCost: 0,
  };
}

function add(total: SizeOfSet, part: SizeOfSet): void {
  const depth = Math.max(total.depth, part.depth);
  const maxEventCost = Math.max(total.maxEventCost, part.maxEventCost);
  for (const name of Object.keys(total) as (keyof SizeOfSet)[]) total[name] += part[name];
  Object.assign(total, { depth, maxEventCost });
}

function outermostCost(field: string, operation: OperationTypeNode): number {
  if (field === '__typename') return 0;
  if (field.startsWith('__')) return COSTS.introspection;
  return operation === OperationTypeNode.MUTATION ? COSTS.mutation : COSTS.query;
}

/** The calls that a field stands for. A list that cannot be counted here counts as the maximum. */
function callsOf(
  field: FieldNode,
  batch: Batch | undefined,
  variables: Variables,
  length: { isConstant: boolean },
): number {
  if (batch === undefined) return 1;
  const input = field.arguments?.find(({ name }) => name.value === 'input')?.value;
  const list =
    input?.kind === Kind.OBJECT ? input.fields.find(({ name }) => name.value === batch.list)?.value : input;
  if (list?.kind === Kind.LIST) return callsIn(list.values, batch);
  if (list?.kind !== Kind.VARIABLE) return batch.max;
  length.isConstant = false;
  const given = variables[list.name.value];
  return callsIn(list === input ? (given as Variables | null | undefined)?.[batch.list] : given, batch);
}

function callsIn(list: unknown, { max }: Batch): number {
  return Array.isArray(list) ? Math.min(max, Math.max(1, list.length)) : max;
}

function pageLength(
  { arguments: given = [] }: FieldNode,
  operation: OperationDefinitionNode,
  variables: Variables,
  length: { isConstant: boolean },
): number {
  const pages = given.filter(({ name }) => name.value === 'first' || name.value === 'last');
  if (pages.some(({ value }) => value.kind === Kind.VARIABLE)) length.isConstant = false;
  const lengths = pages.map(({ value }) => lengthOf(value, operation, variables));
  return lengths.length === 0 ? DEFAULT_PAGE : Math.max(1, ...lengths);
}

/** An invalid length counts as the maximum: the resolver refuses it. */
function lengthOf(value: ValueNode, operation: OperationDefinitionNode, variables: Variables): number {
  if (value.kind === Kind.INT) return bounded(Number(value.value));
  if (value.kind === Kind.NULL) return DEFAULT_PAGE;
  if (value.kind !== Kind.VARIABLE) return MAX_PAGE;
  const name = value.name.value;
  if (Object.hasOwn(variables, name)) {
    return variables[name] === null ? DEFAULT_PAGE : bounded(variables[name]);
  }
  const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
  const fallback = definition?.defaultValue;
  return fallback === undefined ? DEFAULT_PAGE : lengthOf(fallback, operation, variables);
}

function bounded(length: unknown): number {
  return typeof length === 'number' && length >= 0 && length <= MAX_PAGE ? length : MAX_PAGE;
}
