import { isObjectType, type GraphQLSchema } from 'graphql';

/** Declared by every mutation, for the limits on operations. */
export type FieldPolicy = {
  /** Whether it starts a paid run at fal. */
  readonly startsRun: boolean;
};

/** Of fields that count the rows of a list. */
export type FieldCost = { readonly countsRows: true };

/** Field names by policy. */
export type FieldPolicies = {
  readonly startingRun: ReadonlySet<string>;
  readonly connections: ReadonlySet<string>;
  readonly counting: ReadonlySet<string>;
};

export function fieldPoliciesOf(schema: GraphQLSchema): FieldPolicies {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
  const fields = objects.flatMap((type) => Object.values(type.getFields()));
  return {
    startingRun: new Set(mutations.filter(({ extensions }) => extensions['startsRun'] === true).map(nameOf)),
    connections: new Set(fields.filter(isConnection).map(nameOf)),
    counting: new Set(fields.filter(({ extensions }) => extensions['countsRows'] === true).map(nameOf)),
  };
}

/** Whether a field is a Relay cursor connection. */
export function isConnection(field: {
  readonly type: { toString(): string };
  readonly args: readonly { readonly name: string }[];
}): boolean {
  return field.args.some(({ name }) => name === 'first') && /Connection!?$/.test(field.type.toString());
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
