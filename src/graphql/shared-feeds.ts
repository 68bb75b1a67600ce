import {
  getNamedType,
  isObjectType,
  Kind,
  visit,
  type ASTNode,
  type FieldNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { Feeds } from '../live/feed.ts';
import { expiringFields } from './policy/field-policy.ts';

type Row = { readonly version: number };

/** The feeds of one subscription operation, shared by all who send the same document. */
type OperationFeeds = {
  readonly feeds: Feeds<Row, Buffer>;
  /** The variable whose only use is the argument `afterVersion`, which changes no event. */
  readonly resumeVariable: string | null;
  /** False if it reads other rows than the one that is watched, or makes URLs that expire. */
  readonly isOfRowOnly: boolean;
};

/** Feeds by operation. Equal documents are one object while the cache of parsed documents has them. */
export class SharedFeeds {
  readonly #known = new WeakMap<OperationDefinitionNode, OperationFeeds>();
  /** Of the server's one schema. */
  #beyondRow: ReadonlySet<string> | null = null;

  of(info: GraphQLResolveInfo): OperationFeeds {
    const { operation, fragments, fieldNodes, schema } = info;
    const known = this.#known.get(operation);
    if (known !== undefined) return known;
    const parts = [operation.selectionSet, ...Object.values(fragments)];
    const { fields, variables } = namesIn(parts);
    const resume = resumeVariableOf(fieldNodes);
    const beyondRow = (this.#beyondRow ??= fieldsBeyondRow(schema));
    const shared = {
      feeds: new Feeds<Row, Buffer>(),
      resumeVariable: variables.filter((name) => name === resume).length === 1 ? resume : null,
      isOfRowOnly: !fields.some((name) => beyondRow.has(name)),
    };
    this.#known.set(operation, shared);
    return shared;
  }
}

function namesIn(parts: readonly ASTNode[]): { fields: string[]; variables: string[] } {
  const names = { fields: [] as string[], variables: [] as string[] };
  for (const part of parts) {
    visit(part, {
      Field: ({ name }) => void names.fields.push(name.value),
      Variable: ({ name }) => void names.variables.push(name.value),
    });
  }
  return names;
}

function resumeVariableOf(fieldNodes: readonly FieldNode[]): string | null {
  const given = fieldNodes[0]?.arguments?.find(({ name }) => name.value === 'afterVersion')?.value;
  return given?.kind === Kind.VARIABLE ? given.name.value : null;
}

/** Names of the fields that read other rows, or make URLs that expire. */
function fieldsBeyondRow(schema: GraphQLSchema): ReadonlySet<string> {
  return new Set([...relationsOf(schema), ...expiringFields(schema)]);
}

/** Names of the fields that lead from one row to others. */
function relationsOf(schema: GraphQLSchema): readonly string[] {
  const rows = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter((type) => type.getInterfaces().some(({ name }) => name === 'Node'));
  const isRows = (name: string) => name.endsWith('Connection') || rows.some((row) => row.name === name);
  return rows
    .flatMap((type) => Object.values(type.getFields()))
    .filter(({ type }) => isRows(getNamedType(type).name))
    .map(({ name }) => name);
}
