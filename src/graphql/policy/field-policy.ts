import { isObjectType, type GraphQLSchema } from 'graphql';

/** What a mutation declares beside its resolver, for the limits on operations. */
export type FieldPolicy = {
  /** It starts a run at fal, which is paid for. */
  readonly startsRun: boolean;
};

/** The names of the fields that limits on operations know about. */
export type FieldPolicies = {
  readonly startingRun: ReadonlySet<string>;
  readonly connections: ReadonlySet<string>;
};

export function fieldPoliciesOf(schema: GraphQLSchema): FieldPolicies {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
  const connections = objects.flatMap((type) => Object.values(type.getFields()).filter(isConnection));
  return {
    startingRun: new Set(mutations.filter(({ extensions }) => extensions['startsRun'] === true).map(nameOf)),
    connections: new Set(connections.map(nameOf)),
  };
}

/** A field that gives a page of a list (Relay's cursor connections). */
export function isConnection(field: {
  readonly type: { toString(): string };
  readonly args: readonly { readonly name: string }[];
}): boolean {
  return field.args.some(({ name }) => name === 'first') && /Connection!?$/.test(field.type.toString());
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
