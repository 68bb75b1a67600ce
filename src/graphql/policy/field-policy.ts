import { isObjectType, type GraphQLSchema } from 'graphql';

/** Declared by every mutation, for the limits on operations. */
export type FieldPolicy = {
  /** Whether it starts a paid run at fal. */
  readonly startsRun: boolean;
  /** Of a field that stands for several calls. */
  readonly batch?: Batch;
};

/** The list in `input` with an entry for each call, and the maximum of its entries. */
export type Batch = { readonly list: string; readonly max: number };

/** Declared by a query's list that is no connection and grows with the use of the service. */
export type ListPolicy = { readonly maxEntries: number };

/** Declared by a field that counts the rows of a list. */
export type CountPolicy = { readonly countsRows: true };

/** Declared by a field with a URL that expires: the same row has another one later. */
export type ExpiryPolicy = { readonly expires: true };

/** Field names by policy. */
type FieldPolicies = {
  readonly startingRun: ReadonlySet<string>;
  readonly batches: ReadonlyMap<string, Batch>;
  readonly connections: ReadonlySet<string>;
  /** With the maximum of their entries. */
  readonly lists: ReadonlyMap<string, number>;
  readonly counting: ReadonlySet<string>;
  readonly expiring: ReadonlySet<string>;
};

export function fieldPoliciesOf(schema: GraphQLSchema): FieldPolicies {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
  const lists = queries.flatMap(({ name, extensions }) => {
    const entries = extensions['maxEntries'];
    return typeof entries === 'number' ? [[name, entries] as const] : [];
  });
  const batches = mutations.flatMap(({ name, extensions }) => {
    const batch = extensions['batch'] as Batch | undefined;
    return batch === undefined ? [] : [[name, batch] as const];
  });
  const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
  const fields = objects.flatMap((type) => Object.values(type.getFields()));
  return {
    startingRun: new Set(mutations.filter(({ extensions }) => extensions['startsRun'] === true).map(nameOf)),
    batches: new Map(batches),
    connections: new Set(fields.filter(isConnection).map(nameOf)),
    lists: new Map(lists),
    counting: new Set(fields.filter(({ extensions }) => extensions['countsRows'] === true).map(nameOf)),
    expiring: new Set(fields.filter(({ extensions }) => extensions['expires'] === true).map(nameOf)),
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
